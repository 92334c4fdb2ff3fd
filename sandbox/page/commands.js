// The menu of the bot's commands: behind the "/" button, and while a command is being typed.
import { $, attempt, h } from "./dom.js";
import { api } from "./api.js";
import { state } from "./store.js";
import { t } from "./words.js";

let line = null;
let send = null;
let marked = -1;
let known = [];

const TYPED = /^\/[a-z0-9_]*$/;

const open = () => !$("menu").hidden;
const rows = () => [...$("menu").querySelectorAll("[role=option]")];

export function closeCommands() {
  $("menu").hidden = true;
  $("slash").setAttribute("aria-expanded", "false");
  if (line) line.removeAttribute("aria-activedescendant");
  marked = -1;
}

/** Ask for the commands when the menu opens; while it is open, what is typed only narrows it. */
async function show(asked) {
  if (!open()) {
    const { me } = state;
    const commands = await attempt(() => api.menu(me));
    if (!commands || me !== state.me) return;
    known = commands;
  }
  const typed = line.value;
  if (!asked && !TYPED.test(typed)) return closeCommands();
  draw(TYPED.test(typed) ? known.filter((entry) => `/${entry.command}`.startsWith(typed)) : known, asked);
}

function draw(found, asked) {
  if (!found.length && !asked) return closeCommands();
  $("menu").replaceChildren(...(found.length ? found.map(option) : [h("li", { class: "note" }, t("no_commands"))]));
  $("menu").hidden = false;
  $("slash").setAttribute("aria-expanded", "true");
  mark(-1);
}

function option(entry, index) {
  const take = () => {
    line.value = "";
    closeCommands();
    line.focus();
    send(`/${entry.command}`);
  };
  return h(
    "li",
    { role: "option", id: `command-${index}`, "aria-selected": "false", "data-command": entry.command, onclick: take },
    h("strong", {}, `/${entry.command}`),
    h("span", {}, entry.description),
  );
}

function mark(index) {
  const all = rows();
  marked = index;
  all.forEach((row, place) => row.setAttribute("aria-selected", String(place === index)));
  if (!all[index]) return line.removeAttribute("aria-activedescendant");
  line.setAttribute("aria-activedescendant", all[index].id);
  return all[index].scrollIntoView({ block: "nearest" });
}

function move(event) {
  if (!open()) return;
  const all = rows();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && all.length) {
    event.preventDefault();
    mark(marked < 0 && step < 0 ? all.length - 1 : (marked + step + all.length) % all.length);
  } else if ((event.key === "Enter" || event.key === "Tab") && all[marked]) {
    event.preventDefault();
    all[marked].click();
  } else if (event.key === "Escape") {
    closeCommands();
  }
}

/** Give the line its menu; `say` sends the command that was taken. */
export function wireCommands(textarea, say) {
  line = textarea;
  send = say;
  line.addEventListener("keydown", move);
  line.addEventListener("input", () => (TYPED.test(line.value) ? show(false) : closeCommands()));
  line.addEventListener("blur", () => setTimeout(() => document.activeElement === line || closeCommands(), 150));
  $("slash").addEventListener("mousedown", (event) => event.preventDefault());
  $("slash").addEventListener("click", () => {
    if (open()) return closeCommands();
    line.focus();
    return show(true);
  });
}
