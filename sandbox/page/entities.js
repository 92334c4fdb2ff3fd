// Text with Bot API entities -> nodes. Offsets count UTF-16 units, which is how JavaScript counts too.
import { h } from "./dom.js";
import { t } from "./words.js";

const SAFE = /^(https?:|mailto:|tel:)/i;
const DEEP_LINK = /^(?:https?:\/\/)?(?:t|telegram)\.me\/\w+\?(?:.*&)?start=([A-Za-z0-9_-]{1,64})(?:&|#|$)/i;
const COMMAND = /(^|[\s(（])(\/[a-z0-9_]{1,32})(?![\w/])/gi;
const ADDRESS = /\bhttps?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)）。，]/gi;
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const INLINE = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code",
  hashtag: "span", cashtag: "span", mention: "span", text_mention: "span", custom_emoji: "span",
};

/** What follows `?start=` in a t.me link, or null when it is some other link. */
export function startPayload(url) {
  const found = DEEP_LINK.exec(url);
  return found ? found[1] : null;
}

/**
 * Nodes for a text.
 * @param {string} text
 * @param {Array} entities as in Message.entities
 * @param {{say: function(string)}} actions  `say` sends a text as the person (commands, deep links)
 */
export function formatted(text, entities, actions) {
  const all = withDetected(text, entities || []);
  all.sort((a, b) => a.offset - b.offset || b.length - a.length);
  return within(text, 0, text.length, all, actions);
}

/** Entities nest, so a list sorted by start is a tree: what begins inside the first one belongs to it. */
function within(text, from, to, entities, actions) {
  const nodes = [];
  let at = from;
  let rest = entities;
  while (rest.length) {
    const [head, ...tail] = rest;
    const start = Math.max(head.offset, at);
    const end = Math.min(head.offset + head.length, to);
    const inner = tail.filter((entity) => entity.offset < end);
    rest = tail.filter((entity) => entity.offset >= end);
    if (start >= end) continue;
    if (start > at) nodes.push(text.slice(at, start));
    nodes.push(wrap(head, text.slice(start, end), within(text, start, end, inner, actions), actions));
    at = BLOCKS.has(head.type) && text[end] === "\n" ? Math.min(end + 1, to) : end;
  }
  if (at < to) nodes.push(text.slice(at, to));
  return nodes;
}

function wrap(entity, plain, children, actions) {
  const { type } = entity;
  if (type === "url") return link(plain, children, actions);
  if (type === "text_link") return link(entity.url || "", children, actions);
  if (type === "email") return link(`mailto:${plain}`, children, actions);
  if (type === "phone_number") return link(`tel:${plain}`, children, actions);
  if (type === "bot_command") return h("button", { type: "button", class: "as-link", onclick: () => actions.say(plain) }, children);
  if (type === "pre") return h("pre", { "data-language": entity.language }, h("code", {}, children));
  if (type === "expandable_blockquote" && isLong(plain)) return foldable(children);
  if (type === "blockquote" || type === "expandable_blockquote") return h("blockquote", {}, children);
  if (type === "spoiler") return spoiler(children);
  return h(INLINE[type] || "span", { class: `entity-${type}` }, children);
}

function link(address, children, actions) {
  const payload = startPayload(address);
  if (payload !== null) {
    return h("button", { type: "button", class: "as-link", onclick: () => actions.say(`/start ${payload}`) }, children);
  }
  const full = /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `https://${address}`;
  if (!SAFE.test(full)) return h("span", {}, children);
  return h("a", { href: full, target: "_blank", rel: "noopener noreferrer", title: t("open_link") }, children);
}

const isLong = (text) => text.length > 160 || text.split("\n").length > 3;

/** A long expandable quotation begins folded to three lines, as in Telegram. */
function foldable(children) {
  const quoted = h("div", { class: "passage folded" }, children);
  const button = h("button", { type: "button", class: "as-link", "aria-expanded": "false" }, t("unfold"));
  button.addEventListener("click", () => {
    const folded = quoted.classList.toggle("folded");
    button.setAttribute("aria-expanded", String(!folded));
    button.textContent = t(folded ? "unfold" : "fold");
  });
  return h("blockquote", {}, quoted, button);
}

function spoiler(children) {
  const cover = h("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": t("spoiler") }, children);
  const show = () => {
    cover.classList.add("shown");
    for (const name of ["role", "tabindex", "aria-label"]) cover.removeAttribute(name);
  };
  cover.addEventListener("click", show, { once: true });
  cover.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && show());
  return cover;
}

/** A real client marks commands and addresses by itself; add those that the server left plain. */
function withDetected(text, given) {
  const all = given.map((entity) => ({ ...entity }));
  const free = (offset, length) => !given.some((entity) => opaque(entity) && entity.offset < offset + length && offset < entity.offset + entity.length);
  for (const match of text.matchAll(COMMAND)) {
    const offset = match.index + match[1].length;
    if (free(offset, match[2].length)) all.push({ type: "bot_command", offset, length: match[2].length });
  }
  for (const match of text.matchAll(ADDRESS)) {
    if (free(match.index, match[0].length)) all.push({ type: "url", offset: match.index, length: match[0].length });
  }
  return all;
}

const opaque = (entity) => ["url", "text_link", "bot_command", "code", "pre", "email", "mention"].includes(entity.type);
