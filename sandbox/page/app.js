// The page of the sandbox: wiring only.
import { $, attempt, icon, toast } from "./dom.js";
import { api } from "./api.js";
import { drawChat, keepEndInView } from "./chat.js";
import { act, drawComposer, say, wireComposer } from "./composer.js";
import { askNewPerson, showAlert } from "./dialogs.js";
import { follow } from "./feed.js";
import { drawPeople } from "./people.js";
import { botName, changed, me, onChange, refreshChat, refreshPeople, state } from "./store.js";
import { language, setLanguage, speakPage, t } from "./words.js";

const narrow = window.matchMedia("(max-width: 760px)");
const actions = { say, tap };
/** who the address asks for, until somebody is chosen */
let wantedPerson = null;

async function tap(message, data) {
  const result = await act((id) => api.tap(id, message.message_id, data));
  showAnswer(result && result.answer);
}

/** What the bot answered to a tap: a toast, an alert, an address, or nothing. */
function showAnswer(answer) {
  if (!answer) return;
  if (answer.url && /^https?:/i.test(answer.url)) window.open(answer.url, "_blank", "noopener");
  if (!answer.text) return;
  if (answer.show_alert) showAlert(botName() || t("the_bot"), answer.text);
  else toast(answer.text);
}

function choose(id) {
  wantedPerson = null;
  state.me = id;
  remember();
  changed();
  attempt(() => refreshChat(id));
  if (!narrow.matches) queueMicrotask(() => $("text").focus()); // once the chat is drawn
}

function leave() {
  const { me: before } = state;
  state.me = null;
  remember();
  changed();
  queueMicrotask(() => document.querySelector(`[data-person="${before}"]`)?.focus()); // once the list is drawn
}

/** The address names who is being played, so that a reload or a shared link comes back here. */
function remember() {
  const address = new URL(window.location.href);
  address.searchParams.delete("start");
  if (state.me === null) address.searchParams.delete("as");
  else address.searchParams.set("as", state.me);
  history.replaceState(null, "", address);
}

function readAddress() {
  const wanted = new URLSearchParams(window.location.search);
  const payload = wanted.get("start");
  if (payload && /^[A-Za-z0-9_-]{1,64}$/.test(payload)) state.payload = payload;
  wantedPerson = Number(wanted.get("as")) || null;
}

/** Someone named in the address may be created only after the page was opened. */
function welcomeWanted() {
  if (!state.people.some((person) => person.id === wantedPerson)) return;
  choose(wantedPerson);
}

async function newPerson() {
  let fields = {};
  let refusal = "";
  let person = null;
  while (!person) {
    fields = await askNewPerson(language(), fields, refusal);
    if (!fields) return;
    try {
      person = await api.create(fields);
    } catch (error) {
      refusal = error.message;
    }
  }
  await attempt(refreshPeople);
  choose(person.id);
}

async function setBlocked(blocked) {
  await act((id) => (blocked ? api.block(id) : api.unblock(id)));
  await attempt(refreshPeople);
  toast(t(blocked ? "blocked_toast" : "unblocked_toast"));
}

function speak(chosen) {
  setLanguage(chosen);
  speakPage();
  markLanguage();
  changed();
}

function markLanguage() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language()));
  }
}

function draw() {
  $("app").dataset.view = me() ? "chat" : "people";
  drawComposer(); // first, for it decides how much room the messages have
  drawChat(actions);
  drawPeople(choose);
  document.title = me() ? `${me().first_name} · ${t("brand")}` : `${t("brand")} · ${t("brand_note")}`;
}

function wire() {
  for (const slot of document.querySelectorAll("[data-icon]")) slot.append(icon(slot.dataset.icon));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => speak(button.dataset.language));
  }
  $("new-person").addEventListener("click", newPerson);
  $("search").addEventListener("input", changed);
  $("back").addEventListener("click", leave);
  $("block").addEventListener("click", () => setBlocked(!me().blocked));
  $("unblock").addEventListener("click", () => setBlocked(false));
  document.addEventListener("visibilitychange", changed);
  wireComposer();
  keepEndInView();
  onChange(draw);
  onChange(welcomeWanted);
}

wire();
speakPage();
markLanguage();
readAddress();
await attempt(refreshPeople);
changed();
follow();
