// The sandbox's control API, one function per door. A refusal becomes an Error with the server's own sentence.

async function call(method, path, body) {
  const request = { method, headers: {} };
  if (body instanceof FormData) request.body = body;
  else if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers["Content-Type"] = "application/json";
  }
  const answer = await fetch(path, request);
  const content = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error((content && content.error) || `${answer.status} ${answer.statusText}`);
  return content;
}

const person = (id, rest) => `/sandbox/people/${id}/${rest}`;

function upload(id, door, file) {
  const form = new FormData();
  form.append("file", file, file.name);
  return call("POST", person(id, door), form);
}

export const api = {
  people: () => call("GET", "/sandbox/people"),
  create: (fields) => call("POST", "/sandbox/people", fields),
  messages: (id, after = 0) => call("GET", person(id, `messages?after=${after}`)),
  menu: async (id) => (await call("GET", person(id, "menu"))).commands,
  text: (id, text) => call("POST", person(id, "text"), { text }),
  ownContact: (id) => call("POST", person(id, "contact"), {}),
  contactOf: (id, other) => call("POST", person(id, "contact"), { of: other }),
  location: (id, latitude, longitude) => call("POST", person(id, "location"), { latitude, longitude }),
  photo: (id, file) => upload(id, "photo", file),
  document: (id, file) => upload(id, "document", file),
  /** Answers once the bot has answered, {answer: {text, show_alert, url?}}, or after 15 s without. */
  tap: (id, message, data) => call("POST", person(id, "tap?wait=15"), { message_id: message, data }),
  block: (id) => call("POST", person(id, "block"), {}),
  unblock: (id) => call("POST", person(id, "unblock"), {}),
  fileAddress: (file) => `/sandbox/files/${encodeURIComponent(file)}`,
};
