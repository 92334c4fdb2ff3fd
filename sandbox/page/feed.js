// Staying up to date: the server tells what changed, the page fetches it, the open chat first.
import { changed, chatOf, refreshChat, refreshPeople, state } from "./store.js";

const TYPING_SECONDS = 5;
const AGAIN_SECONDS = 1;
const FIRST_LOOK = 60;
/** changes that leave what the list of people says as it was */
const ONLY_CHAT = new Set(["edited", "deleted", "reaction", "menu"]);

let peopleChanged = false;
const chatsChanged = new Set();
let working = false;

/**
 * Listen for as long as the page is open. After a break a new stream begins and everything is looked at
 * again: asking for what was missed would fail where another sandbox, counting anew, took the place.
 */
export function follow() {
  const events = new EventSource("/sandbox/events");
  events.addEventListener("open", () => {
    setOnline(true);
    lookAtAll();
  });
  events.addEventListener("error", () => {
    events.close();
    setOnline(false);
    setTimeout(follow, AGAIN_SECONDS * 1000);
  });
  events.addEventListener("message", (event) => hear(JSON.parse(event.data)));
}

function hear({ kind, person }) {
  if (kind === "action") return typing(person);
  if (kind === "answer" || kind === "inline_answer") return undefined; // who tapped is told directly
  if (!ONLY_CHAT.has(kind) || !known(person)) peopleChanged = true;
  chatsChanged.add(person);
  return work();
}

const known = (id) => state.people.some((person) => person.id === id);

function lookAtAll() {
  peopleChanged = true;
  const shown = state.people.filter((person) => person.role || person.started).slice(0, FIRST_LOOK);
  for (const person of shown) chatsChanged.add(person.id);
  if (state.me !== null) chatsChanged.add(state.me);
  work();
}

/** One fetch after the other, so that a bot that writes to everybody does not drown the page. */
async function work() {
  if (working) return;
  working = true;
  try {
    while (peopleChanged || chatsChanged.size) {
      if (peopleChanged) {
        peopleChanged = false;
        await refreshPeople();
      }
      const next = chatsChanged.has(state.me) ? state.me : chatsChanged.values().next().value;
      if (chatsChanged.delete(next) && known(next)) await refreshChat(next);
    }
  } catch {
    setOnline(false); // the stream has broken too, and its return looks at everything
  } finally {
    working = false;
  }
}

function setOnline(online) {
  if (state.online === online) return;
  state.online = online;
  changed();
}

function typing(person) {
  const chat = chatOf(person);
  const since = Date.now();
  chat.typing = since;
  changed();
  setTimeout(() => {
    if (chat.typing !== since) return;
    chat.typing = 0;
    changed();
  }, TYPING_SECONDS * 1000);
}
