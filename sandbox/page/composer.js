// The line to write in: text, reply buttons, attachments, files dropped on the chat.
import { $, attempt, h, icon, toast } from "./dom.js";
import { api } from "./api.js";
import { placesIn } from "./chat.js";
import { askLocation, askPerson } from "./dialogs.js";
import { replyKeyboard, replyKeyboardOf } from "./keyboards.js";
import { closeCommands, wireCommands } from "./commands.js";
import { changed, chatOf, me, refreshChat, state } from "./store.js";
import { language, t } from "./words.js";

const line = $("text");
let keyboardDrawn = "";
let drawnFor = null;

let lastSaid = Promise.resolve();

/** Do something as the person being played, then look at what came of it. */
export async function act(action, person = me()) {
  if (!person) return undefined;
  const result = await attempt(() => action(person.id));
  await attempt(() => refreshChat(person.id));
  return result;
}

/** Lines leave in the order in which they were written, each when the one before has arrived. */
export function say(text) {
  const person = me();
  lastSaid = lastSaid.then(() => act((id) => api.text(id, text), person));
  return lastSaid;
}

export function drawComposer() {
  const person = me();
  if (!person) return;
  const chat = chatOf(person.id);
  if (drawnFor !== person.id) {
    drawnFor = person.id;
    line.value = chat.draft;
    closeCommands();
    closeAttach();
  }
  const blocked = Boolean(person.blocked);
  $("blocked-bar").hidden = !blocked;
  $("write").hidden = blocked;
  line.placeholder = t("message_here");
  drawStartBar(blocked, chat.messages.length === 0);
  drawKeyboard(chat, blocked);
  grow();
}

function drawStartBar(blocked, empty) {
  const { payload } = state;
  $("start-bar").hidden = blocked || !(payload || empty);
  $("start").textContent = payload ? t("start_with", { payload }) : t("start");
}

function drawKeyboard(chat, blocked) {
  const keyboard = replyKeyboardOf(chat.messages);
  const room = $("keyboard");
  const open = Boolean(keyboard) && !blocked && chat.keysFolded !== keyboard.message;
  $("keys").hidden = !keyboard;
  $("keys").setAttribute("aria-expanded", String(open));
  room.hidden = !open;
  if (keyboard && keyboard.input_field_placeholder) line.placeholder = keyboard.input_field_placeholder;
  const key = JSON.stringify([drawnFor, keyboard]);
  if (key === keyboardDrawn) return;
  keyboardDrawn = key;
  room.replaceChildren(...(keyboard ? replyKeyboard(keyboard.keyboard, (button) => press(button, keyboard)) : []));
}

async function press(button, keyboard) {
  const chat = chatOf(state.me);
  if (button.request_contact) await act((id) => api.ownContact(id));
  else if (button.request_location) await sendLocation();
  else if (button.web_app) window.open(button.web_app.url, "_blank", "noopener");
  else if (button.request_users || button.request_chat || button.request_poll) toast(t("unsupported"));
  else await say(button.text);
  if (!keyboard.one_time_keyboard) return;
  chat.keysFolded = keyboard.message;
  changed();
}

function foldKeyboard() {
  const chat = chatOf(state.me);
  const keyboard = replyKeyboardOf(chat.messages);
  chat.keysFolded = chat.keysFolded === keyboard.message ? null : keyboard.message;
  changed();
}

async function sendLocation() {
  const place = await askLocation(language(), placesIn(chatOf(state.me).messages));
  if (place) await act((id) => api.location(id, place.latitude, place.longitude));
}

async function shareOther() {
  const other = await askPerson(state.people.filter((person) => person.id !== state.me));
  if (other) await act((id) => api.contactOf(id, other.id));
}

function grow() {
  line.style.height = "auto";
  line.style.height = `${Math.min(line.scrollHeight, 160)}px`;
}

function submit() {
  const text = line.value.trim();
  if (!text) return;
  line.value = "";
  chatOf(state.me).draft = "";
  grow();
  closeCommands();
  say(text);
}

const ATTACH = [
  ["share_own", "person", () => act((id) => api.ownContact(id))],
  ["share_other", "people", shareOther],
  ["send_location", "pin", sendLocation],
  ["send_photo", "photo", () => $("pick-photo").click()],
  ["send_document", "document", () => $("pick-document").click()],
];

function openAttach() {
  closeCommands();
  const rows = ATTACH.map(([word, picture, action]) => h(
    "button",
    { type: "button", role: "menuitem", "data-attach": word, onclick: () => { closeAttach(); action(); } },
    icon(picture),
    t(word),
  ));
  $("attach-menu").replaceChildren(...rows);
  $("attach-menu").hidden = false;
  $("attach").setAttribute("aria-expanded", "true");
  rows[0].focus();
}

function closeAttach() {
  $("attach-menu").hidden = true;
  $("attach").setAttribute("aria-expanded", "false");
}

function moveInAttach(event) {
  const rows = [...$("attach-menu").children];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    rows.at((rows.indexOf(document.activeElement) + step) % rows.length).focus();
  } else if (event.key === "Escape") {
    closeAttach();
    $("attach").focus();
  }
}

function wireFiles() {
  for (const [picker, door] of [["pick-photo", "photo"], ["pick-document", "document"]]) {
    $(picker).addEventListener("change", async () => {
      const [file] = $(picker).files;
      if (file) await act((id) => api[door](id, file));
      $(picker).value = "";
    });
  }
  const frame = $("log-frame");
  const show = (over) => { $("drop-note").hidden = !over; };
  frame.addEventListener("dragover", (event) => { event.preventDefault(); show(true); });
  frame.addEventListener("dragleave", (event) => frame.contains(event.relatedTarget) || show(false));
  frame.addEventListener("drop", (event) => {
    event.preventDefault();
    show(false);
    sendFiles(event.dataTransfer.files);
  });
  line.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) event.preventDefault();
    sendFiles(event.clipboardData.files);
  });
}

async function sendFiles(files) {
  for (const file of [...files]) {
    await act((id) => (file.type.startsWith("image/") ? api.photo(id, file) : api.document(id, file)));
  }
}

export function wireComposer() {
  $("write").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  wireCommands(line, say);
  line.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.defaultPrevented) return;
    event.preventDefault();
    submit();
  });
  line.addEventListener("input", () => { chatOf(state.me).draft = line.value; grow(); });
  $("keys").addEventListener("click", foldKeyboard);
  $("attach").addEventListener("click", () => ($("attach-menu").hidden ? openAttach() : closeAttach()));
  $("attach-menu").addEventListener("keydown", moveInAttach);
  document.addEventListener("click", (event) => {
    if (!$("attach-menu").contains(event.target) && !$("attach").contains(event.target)) closeAttach();
  });
  $("start").addEventListener("click", () => {
    const { payload } = state;
    state.payload = null;
    say(payload ? `/start ${payload}` : "/start");
  });
  wireFiles();
}
