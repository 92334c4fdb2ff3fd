// One Bot API Message -> one bubble.
import { h, icon, fullName } from "./dom.js";
import { api } from "./api.js";
import { formatted } from "./entities.js";
import { inlineKeyboard } from "./keyboards.js";
import { enlarge } from "./dialogs.js";
import { clock, fileSize, t } from "./words.js";

const LONGEST = 340;

export const isFromBot = (message) => Boolean(message.from && message.from.is_bot);

/** The bubble of a message, with its inline keyboard below. */
export function bubble(message, actions) {
  const mine = !isFromBot(message);
  const parts = [quoted(message), ...media(message), ...texts(message, actions)];
  if (!parts.some(Boolean)) parts.push(h("p", { class: "text faint" }, t("unsupported_message")));
  const body = h("div", { class: `bubble${message.photo ? " with-photo" : ""}` }, parts, stamp(message));
  const keyboard = message.reply_markup && message.reply_markup.inline_keyboard;
  return h(
    "li",
    { class: `message ${mine ? "out" : "in"}${keyboard ? " with-keys" : ""}`, "data-message": message.message_id },
    body,
    reactions(message.reactions),
    keyboard && inlineKeyboard(message, keyboard, actions),
  );
}

/** A line of plain text that stands for a message in the list of people. */
export function summary(message) {
  const said = message.text || message.caption;
  if (said) return said.replaceAll("\n", " ");
  if (message.photo) return t("photo");
  if (message.document) return message.document.file_name || t("document");
  if (message.contact) return `${t("contact")}: ${fullName(message.contact)}`;
  if (message.location || message.venue) return t("location");
  return t("unsupported_message");
}

function stamp(message) {
  const edited = message.edited || message.edit_date;
  return h(
    "span",
    { class: "stamp" },
    edited ? h("span", { class: "edited" }, t("edited")) : null,
    h("time", { datetime: new Date(message.date * 1000).toISOString() }, clock(message.date)),
  );
}

function reactions(given) {
  const emoji = (given || []).map((one) => one.emoji).filter(Boolean);
  return emoji.length ? h("span", { class: "reactions" }, emoji.join(" ")) : null;
}

function quoted(message) {
  const original = message.reply_to_message;
  return original ? h("p", { class: "quoted" }, summary(original)) : null;
}

function texts(message, actions) {
  if (message.text) return [h("div", { class: "text", dir: "auto" }, formatted(message.text, message.entities, actions))];
  if (message.caption) return [h("div", { class: "text", dir: "auto" }, formatted(message.caption, message.caption_entities, actions))];
  return [];
}

function media(message) {
  const { photo, document: file, contact, venue } = message;
  const location = message.location || (venue && venue.location);
  return [
    photo && photo.length ? photoView(photo, message.caption) : null,
    file ? documentView(file) : null,
    contact ? contactView(contact) : null,
    location ? locationView(location, venue) : null,
  ];
}

/** The picture takes its final room before it has loaded, so that nothing jumps. */
function photoView(sizes, caption) {
  const largest = sizes.reduce((one, other) => (other.width * other.height > one.width * one.height ? other : one));
  const scale = Math.min(1, LONGEST / Math.max(largest.width, largest.height));
  const address = api.fileAddress(largest.file_id);
  const picture = h("img", {
    src: address, alt: caption || t("photo"), loading: "lazy",
    width: Math.max(60, Math.round(largest.width * scale)), height: Math.max(40, Math.round(largest.height * scale)),
  });
  const open = () => enlarge(address, caption || t("photo"));
  return h("button", { type: "button", class: "photo", "aria-label": t("enlarge"), onclick: open }, picture);
}

function documentView(file) {
  const name = file.file_name || t("document");
  return h(
    "a",
    { class: "card", href: api.fileAddress(file.file_id), download: name, "aria-label": t("download", { name }) },
    h("span", { class: "card-icon" }, icon("document")),
    h("span", { class: "card-text" }, h("strong", {}, name), h("small", {}, fileSize(file.file_size))),
  );
}

function contactView(contact) {
  return h(
    "div",
    { class: "card" },
    h("span", { class: "card-icon" }, icon("person")),
    h("span", { class: "card-text" }, h("strong", {}, fullName(contact)), h("small", {}, contact.phone_number)),
  );
}

function locationView(location, venue) {
  const place = `${location.latitude.toFixed(4)}, ${location.longitude.toFixed(4)}`;
  const name = venue ? venue.title : t("location");
  return h(
    "div",
    { class: "card place" },
    h("span", { class: "card-icon" }, icon("pin")),
    h("span", { class: "card-text" }, h("strong", {}, name), h("small", {}, (venue && venue.address) || place)),
  );
}
