// The right side: the person being played and what was said.
import { $, avatar, fullName, h, place } from "./dom.js";
import { bubble, isFromBot } from "./message.js";
import { botName, chatOf, markSeen, me, state } from "./store.js";
import { day, language, roleName, spoken, t } from "./words.js";

const NEAR = 80;
/** message id -> {node, key}: a bubble is made again only when its message changed */
let drawn = new Map();
let drawnFor = "";
let drawnMessages = null;
/** whether the person looks at the end of the log */
let following = true;

export function drawChat(actions) {
  const person = me();
  $("welcome").hidden = Boolean(person);
  $("conversation").hidden = !person;
  if (!person) return;
  drawHeader(person);
  drawLog(person, actions);
  markSeen(person.id);
}

function drawHeader(person) {
  $("who-avatar").replaceChildren(avatar(person));
  const badge = person.role && h("span", { class: "badge", "data-role": person.role }, roleName(person.role));
  $("who-name").replaceChildren(h("span", {}, fullName(person)), ...(badge ? [badge] : []));
  $("who-note").textContent = status(person);
  $("who-note").classList.toggle("accent", Boolean(chatOf(person.id).typing));
  $("block").setAttribute("aria-pressed", String(Boolean(person.blocked)));
  $("block").title = t(person.blocked ? "unblock" : "block");
  $("block-word").textContent = t(person.blocked ? "unblock" : "block");
}

function status(person) {
  const bot = botName() || t("the_bot");
  if (!state.online) return t("away");
  if (chatOf(person.id).typing) return `${bot} ${t("typing")}`;
  return t("playing", { bot });
}

function drawLog(person, actions) {
  const list = $("log-list");
  const which = `${person.id} ${language()}`;
  const fresh = drawnFor !== which;
  if (fresh) {
    drawn = new Map();
    drawnFor = which;
    list.replaceChildren();
  }
  const { messages } = chatOf(person.id);
  if (!fresh && drawnMessages === messages) return;
  drawnMessages = messages;
  drawStart(person, messages.length === 0);
  const stick = fresh || following || saidBySelf(messages);
  reconcile(list, messages, actions);
  if (stick) goToEnd();
  drawToEnd();
}

function goToEnd() {
  following = true;
  $("log").scrollTop = $("log").scrollHeight;
}

function drawStart(person, empty) {
  const start = $("log-start");
  if (!empty) return start.replaceChildren();
  const hint = person.hint ? spoken(person.hints ?? person.hint) : t("empty_hint");
  return start.replaceChildren(h("div", { class: "first" }, avatar(person), h("strong", {}, fullName(person)), h("p", {}, hint)));
}

/** Put the bubbles in order, keeping those whose message has not changed. */
function reconcile(list, messages, actions) {
  const next = new Map();
  const nodes = [];
  let before = null;
  for (const message of messages) {
    if (!before || !sameDay(before.date, message.date)) nodes.push(daySeparator(list, message.date));
    const key = JSON.stringify(message);
    const old = drawn.get(message.message_id);
    const node = old && old.key === key ? old.node : bubble(message, actions);
    node.classList.toggle("follows", Boolean(before) && isFromBot(before) === isFromBot(message));
    next.set(message.message_id, { node, key });
    nodes.push(node);
    before = message;
  }
  drawn = next;
  const focused = list.contains(document.activeElement);
  place(list, nodes);
  if (focused && !list.contains(document.activeElement)) $("log").focus({ preventScroll: true });
}

const sameDay = (one, other) => new Date(one * 1000).toDateString() === new Date(other * 1000).toDateString();

function daySeparator(list, date) {
  const name = day(date);
  const old = [...list.querySelectorAll(".day")].find((one) => one.textContent === name);
  return old || h("li", { class: "day" }, h("span", {}, name));
}

const saidBySelf = (messages) => {
  const last = messages.at(-1);
  return Boolean(last) && !isFromBot(last) && !drawn.has(last.message_id);
};

function atEnd() {
  const log = $("log");
  return log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
}

function drawToEnd() {
  $("to-end").hidden = atEnd();
}

/** Places that the bot or the person named in this chat, to be sent again with one tap. */
export function placesIn(messages) {
  const places = new Map();
  for (const { venue, location } of messages) {
    if (venue) places.set(venue.title, { name: venue.title, ...venue.location });
    else if (location) {
      const name = `${location.latitude.toFixed(3)}, ${location.longitude.toFixed(3)}`;
      places.set(name, { name, latitude: location.latitude, longitude: location.longitude });
    }
  }
  return [...places.values()].slice(-4);
}

/** Hold the end of the log in view when the room for it changes (keyboard, window). */
export function keepEndInView() {
  const log = $("log");
  let height = log.clientHeight;
  log.addEventListener("scroll", () => {
    if (log.clientHeight === height) following = atEnd(); // else the room changed, not the person's mind
    drawToEnd();
  }, { passive: true });
  new ResizeObserver(() => {
    height = log.clientHeight;
    if (following) goToEnd();
    drawToEnd();
  }).observe(log);
  $("to-end").addEventListener("click", () => log.scrollTo({ top: log.scrollHeight, behavior: "smooth" }));
}
