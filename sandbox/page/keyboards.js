// Buttons under a message (inline) and under the line to write in (reply keyboard).
import { h, icon, toast } from "./dom.js";
import { startPayload } from "./entities.js";
import { t } from "./words.js";

/** The rows of buttons under a message. */
export function inlineKeyboard(message, rows, actions) {
  return h(
    "div",
    { class: "inline-keyboard" },
    rows.map((row) => h("div", { class: "row" }, row.map((button) => inlineButton(message, button, actions)))),
  );
}

function inlineButton(message, button, actions) {
  const address = button.url || (button.web_app && button.web_app.url);
  if (address) return linkButton(button.text, address, actions);
  const element = h("button", { type: "button", class: "key" }, h("span", {}, button.text));
  if (button.copy_text) element.append(icon("copy"));
  element.addEventListener("click", () => pressInline(element, message, button, actions));
  return element;
}

function linkButton(text, address, actions) {
  const payload = startPayload(address);
  if (payload !== null) {
    return h("button", { type: "button", class: "key", onclick: () => actions.say(`/start ${payload}`) }, h("span", {}, text));
  }
  const web = /^https?:/i.test(address);
  return h(
    "a",
    { class: "key", href: web ? address : null, target: "_blank", rel: "noopener noreferrer", title: t("open_link") },
    h("span", {}, text),
    icon("link"),
  );
}

async function pressInline(element, message, button, actions) {
  if (button.copy_text) return copy(button.copy_text.text);
  if (button.callback_data === undefined) return toast(t("unsupported"));
  if (element.classList.contains("busy")) return undefined;
  element.classList.add("busy");
  element.setAttribute("aria-busy", "true");
  try {
    await actions.tap(message, button.callback_data);
  } finally {
    element.classList.remove("busy");
    element.removeAttribute("aria-busy");
  }
  return undefined;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("copied", { text }));
  } catch (error) {
    toast(`${error.message}: ${text}`, "error");
  }
}

/** The keyboard that stands under the line to write in after these messages: rows and its habits, or null. */
export function replyKeyboardOf(messages) {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const given = messages[index].reply_keyboard;
    if (!given) continue;
    if (Array.isArray(given)) return given.length ? { keyboard: given, message: messages[index].message_id } : null;
    if (!given.keyboard) return null;
    return { ...given, message: messages[index].message_id };
  }
  return null;
}

/** The rows of a reply keyboard; `press` hears which button was taken. */
export function replyKeyboard(rows, press) {
  return rows.map((row) =>
    h("div", { class: "row" }, row.map((given) => {
      const button = typeof given === "string" ? { text: given } : given;
      const mark = button.request_contact ? "person" : button.request_location ? "pin" : null;
      return h("button", { type: "button", class: "key", onclick: () => press(button) }, mark && icon(mark), h("span", {}, button.text));
    })),
  );
}
