// Building the page: every text goes in as text, never as markup.
import { PATHS } from "./icons.js";

const SVG = "http://www.w3.org/2000/svg";

/** The element with this id. */
export const $ = (id) => document.getElementById(id);

/** Make an element. `on*` properties are listeners, `true` is a bare attribute, null and false are left out. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** One of our own line icons; decoration, so hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** Touch only what moved: what stays keeps its focus, its selection and its loaded picture. */
export function place(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] || null);
  });
}

/** A round picture of a person: initials on a colour that stays theirs. */
export function avatar(person) {
  const circle = h("span", { class: "avatar", "aria-hidden": "true" }, initials(person));
  circle.style.setProperty("--hue", String((Number(person.id) * 47) % 360));
  return circle;
}

function initials(person) {
  const first = [...(person.first_name || "?")][0];
  const last = [...(person.last_name || "")][0] || "";
  return (first + last).toUpperCase();
}

export function fullName(person) {
  return [person.first_name, person.last_name].filter(Boolean).join(" ");
}

/** A short notice at the edge of the page that goes away by itself. */
export function toast(text, kind = "plain") {
  const note = h("p", { class: `toast ${kind}` }, text);
  $("toasts").append(note);
  setTimeout(() => note.remove(), 3000 + 40 * text.length);
}

/** Run an action; if it fails, say why. Answers its result, or undefined after a failure. */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    toast(error.message, "error");
    return undefined;
  }
}
