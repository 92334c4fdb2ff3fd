// What the page knows, and who wants to hear when it changes.
import { api } from "./api.js";
import { isFromBot } from "./message.js";

const SEEN = "forecourt.seen";

export const state = {
  people: [],
  /** id of the person being played, or null */
  me: null,
  /** person id -> {messages, seen, draft, typing, keysFolded} */
  chats: new Map(),
  /** how the bot calls itself in its messages */
  bot: "",
  online: true,
  /** payload of a `?start=` link that was not used yet */
  payload: null,
};

const listeners = new Set();
const seen = new Map(Object.entries(JSON.parse(sessionStorage.getItem(SEEN) || "{}")).map(([id, at]) => [Number(id), at]));
const underway = new Map();

/** Hear of changes; many changes in one turn are told once. */
export const onChange = (listener) => listeners.add(listener);

let told = false;
export function changed() {
  if (told) return;
  told = true;
  queueMicrotask(() => {
    told = false;
    for (const listener of listeners) listener();
  });
}

export const me = () => state.people.find((person) => person.id === state.me) || null;
export const botName = () => state.bot;

export function chatOf(id) {
  if (!state.chats.has(id)) state.chats.set(id, { messages: [], draft: "", typing: 0, keysFolded: null });
  return state.chats.get(id);
}

export const lastMessage = (id) => chatOf(id).messages.at(-1) || null;

/** How many messages of the bot this person has not looked at. */
export function unread(id) {
  const after = seen.get(id) || 0;
  return chatOf(id).messages.filter((message) => message.message_id > after && isFromBot(message)).length;
}

/** Remember that everything said so far has been looked at. */
export function markSeen(id) {
  const last = lastMessage(id);
  if (!last || document.hidden || seen.get(id) === last.message_id) return;
  seen.set(id, last.message_id);
  sessionStorage.setItem(SEEN, JSON.stringify(Object.fromEntries(seen)));
}

export async function refreshPeople() {
  const people = await api.people();
  if (JSON.stringify(people) === JSON.stringify(state.people)) return;
  state.people = people;
  changed();
}

/** Fetch a chat again. Calls during a fetch end in one more fetch, never in a heap of them. */
export function refreshChat(id) {
  const running = underway.get(id);
  if (running) {
    running.again = true;
    return running.done;
  }
  const job = { again: true };
  job.done = (async () => {
    try {
      while (job.again) {
        job.again = false;
        take(id, await api.messages(id));
      }
    } finally {
      underway.delete(id);
    }
  })();
  underway.set(id, job);
  return job.done;
}

function take(id, messages) {
  const chat = chatOf(id);
  if (JSON.stringify(messages) === JSON.stringify(chat.messages)) return;
  if (messages.length > chat.messages.length) chat.typing = 0;
  chat.messages = messages;
  const spoken = messages.findLast(isFromBot);
  if (spoken) state.bot = spoken.from.first_name;
  const last = messages.at(-1);
  if (seen.get(id) > (last ? last.message_id : 0)) seen.delete(id); // another sandbox than before
  changed();
}
