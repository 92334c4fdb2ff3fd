// The left side: the cast as cards, everyone else behind a search box.
import { $, avatar, fullName, h, icon, place } from "./dom.js";
import { matching } from "./dialogs.js";
import { isFromBot, summary } from "./message.js";
import { chatOf, lastMessage, state, unread } from "./store.js";
import { clock, roleName, spoken, t } from "./words.js";

const SHOWN = 30;

/** Draw the list; `choose` hears the id of the person taken. */
export function drawPeople(choose) {
  const cast = state.people.filter((person) => person.role);
  const others = state.people.filter((person) => !person.role);
  $("cast").hidden = cast.length === 0;
  fill($("cast-list"), cast.map((person) => entry(person, choose, true)));
  drawOthers(others, choose);
}

function drawOthers(others, choose) {
  const typed = $("search").value;
  const found = matching(others, typed);
  const recent = found.toSorted((a, b) => lastSaid(b) - lastSaid(a));
  fill($("others-list"), recent.slice(0, SHOWN).map((person) => entry(person, choose, false)));
  $("others-note").textContent = note(others.length, found.length);
}

function note(everyone, found) {
  if (everyone === 0) return t("nobody");
  if (found === 0) return t("no_match");
  return found > SHOWN ? t("others_more", { n: found - SHOWN }) : "";
}

function lastSaid(person) {
  const last = lastMessage(person.id);
  return last ? last.date : 0;
}

/** Keep the rows that look the same, so that a press is never lost; the focus stays with its person. */
function fill(list, rows) {
  const before = new Map([...list.children].map((row) => [idOf(row), row]));
  const focused = list.contains(document.activeElement) && document.activeElement.dataset.person;
  place(list, rows.map((row) => (before.get(idOf(row))?.isEqualNode(row) ? before.get(idOf(row)) : row)));
  if (focused) list.querySelector(`[data-person="${focused}"]`)?.focus({ preventScroll: true });
}

const idOf = (row) => row.firstElementChild.dataset.person;

function entry(person, choose, card) {
  const current = person.id === state.me;
  const count = current && !document.hidden ? 0 : unread(person.id);
  const button = h(
    "button",
    {
      type: "button", class: `person${card ? " with-role" : ""}`, "data-person": person.id,
      "aria-current": current ? "true" : null, onclick: () => choose(person.id),
    },
    avatar(person),
    h("span", { class: "person-text" }, firstLine(person), secondLine(person), card && hintLine(person)),
    count ? h("span", { class: "unread", "aria-label": t("unread", { n: count }) }, count > 99 ? "99+" : String(count)) : null,
  );
  return h("li", {}, button);
}

function firstLine(person) {
  const last = lastMessage(person.id);
  return h(
    "span",
    { class: "person-first" },
    h("strong", { dir: "auto" }, fullName(person)),
    person.role && h("span", { class: "badge", "data-role": person.role }, roleName(person.role)),
    person.blocked && h("span", { class: "blocked", title: t("blocked"), role: "img", "aria-label": t("blocked") }, icon("block")),
    last && h("time", {}, clock(last.date)),
  );
}

function secondLine(person) {
  const last = lastMessage(person.id);
  if (chatOf(person.id).typing) return h("span", { class: "person-second accent" }, t("typing"));
  if (!last) return person.role ? null : h("span", { class: "person-second" }, person.phone || t("no_phone"));
  const by = isFromBot(last) ? "" : `${t("you")}: `;
  return h("span", { class: "person-second" }, by + summary(last));
}

function hintLine(person) {
  return person.hint ? h("span", { class: "hint" }, spoken(person.hints ?? person.hint)) : null;
}
