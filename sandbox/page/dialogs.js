// Small windows over the page: a new person, a contact, a place, an alert, a photo.
import { avatar, fullName, h, icon } from "./dom.js";
import { t } from "./words.js";

const PLACES = [
  { en: "Shanghai", zh: "上海", latitude: 31.2304, longitude: 121.4737 },
  { en: "Beijing", zh: "北京", latitude: 39.9042, longitude: 116.4074 },
  { en: "Guangzhou", zh: "广州", latitude: 23.1291, longitude: 113.2644 },
  { en: "Chengdu", zh: "成都", latitude: 30.5728, longitude: 104.0668 },
  { en: "London", zh: "伦敦", latitude: 51.5072, longitude: -0.1276 },
];

/** Show a window; answers what it was closed with, or null when it was dismissed. */
function ask(title, note, build, style = "") {
  return new Promise((resolve) => {
    const heading = h("h2", {}, title);
    const shut = h("button", { type: "button", class: "round", "aria-label": t("close"), title: t("close") }, icon("close"));
    const box = h("dialog", { class: style, "aria-label": title }, h("header", {}, heading, shut), note && h("p", { class: "note" }, note));
    let answer = null;
    const finish = (value) => {
      answer = value;
      box.close();
    };
    box.append(build(finish));
    shut.addEventListener("click", () => finish(null));
    box.addEventListener("click", (event) => event.target === box && finish(null));
    box.addEventListener("close", () => {
      box.remove();
      resolve(answer);
    });
    document.body.append(box);
    box.showModal();
  });
}

function field(label, properties) {
  return h("label", { class: "field" }, h("span", {}, label), h("input", { type: "text", autocomplete: "off", ...properties }));
}

/** Ask for a new person; answers the fields for the control API, or null. After a refusal, ask again with it. */
export function askNewPerson(language, given, refusal) {
  return ask(t("new_person"), t("new_person_note"), (finish) => {
    const languages = [["zh-hans", "中文"], ["en", "English"], ["ru", "Русский"], ["ar", "العربية"], ["de", "Deutsch"]];
    const chosen = given.language_code || (language === "zh" ? "zh-hans" : "en");
    const select = h("select", { name: "language_code" }, languages.map(([code, name]) => h("option", { value: code, selected: code === chosen }, name)));
    const form = h(
      "form",
      {},
      field(t("field_first"), { name: "first_name", required: true, maxlength: 64, autofocus: true, value: given.first_name }),
      field(t("field_last"), { name: "last_name", maxlength: 64, value: given.last_name }),
      field(t("field_phone"), { name: "phone", inputmode: "tel", maxlength: 20, placeholder: "+86 138 0000 0000", value: given.phone }),
      h("label", { class: "field" }, h("span", {}, t("field_language")), select),
      field(t("field_id"), { name: "id", inputmode: "numeric", pattern: "[0-9]{1,15}", value: given.id }),
      refusal ? h("p", { class: "refusal", role: "alert" }, refusal) : "",
      buttons(t("create"), finish),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      finish(filledIn(form));
    });
    return form;
  });
}

function filledIn(form) {
  const fields = {};
  for (const [name, value] of new FormData(form)) if (value.trim()) fields[name] = value.trim();
  if (fields.id) fields.id = Number(fields.id);
  if (fields.phone) fields.phone = fields.phone.replace(/[\s()-]/g, "");
  return fields;
}

function buttons(word, finish) {
  return h(
    "div",
    { class: "buttons" },
    h("button", { type: "button", class: "quiet", onclick: () => finish(null) }, t("cancel")),
    h("button", { type: "submit", class: "primary" }, word),
  );
}

/** Ask for one of these people; answers the person or null. */
export function askPerson(people) {
  return ask(t("share_other"), t("share_other_note"), (finish) => {
    const list = h("ul", { class: "choices" });
    const search = h("input", { type: "search", "aria-label": t("search"), placeholder: t("search"), autofocus: true });
    const show = () => list.replaceChildren(...matching(people, search.value).slice(0, 50).map((person) => choice(person, finish)));
    search.addEventListener("input", show);
    show();
    return h("div", {}, h("label", { class: "search" }, h("span", { class: "slot" }, icon("search")), search), list);
  });
}

function choice(person, finish) {
  const text = h("span", { class: "choice-text" }, h("strong", {}, fullName(person)), h("small", {}, person.phone || t("no_phone")));
  return h("li", {}, h("button", { type: "button", onclick: () => finish(person) }, avatar(person), text));
}

/** People whose name, phone or id contains what was typed. */
export function matching(people, typed) {
  const wanted = typed.trim().toLowerCase();
  if (!wanted) return people;
  const digits = wanted.replace(/\D/g, "");
  return people.filter((person) =>
    fullName(person).toLowerCase().includes(wanted)
    || (digits && digits.length === wanted.replace(/[\s+()-]/g, "").length
      && (`${person.phone || ""}`.replace(/\D/g, "").includes(digits) || String(person.id).includes(digits))));
}

/** Ask for a place; answers {latitude, longitude} or null. `seen` are places named in this chat. */
export function askLocation(language, seen) {
  return ask(t("send_location"), t("send_location_note"), (finish) => {
    const latitude = numberField(t("latitude"), 90, PLACES[0].latitude);
    const longitude = numberField(t("longitude"), 180, PLACES[0].longitude);
    const places = [...seen, ...PLACES.map((place) => ({ ...place, name: place[language] }))];
    const presets = places.map((place) => h(
      "button",
      { type: "button", class: "chip", onclick: () => finish({ latitude: place.latitude, longitude: place.longitude }) },
      icon("pin"),
      place.name,
    ));
    const form = h("form", {}, h("div", { class: "chips" }, presets), h("div", { class: "pair" }, latitude, longitude), buttons(t("send"), finish));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      finish({ latitude: latitude.querySelector("input").valueAsNumber, longitude: longitude.querySelector("input").valueAsNumber });
    });
    return form;
  });
}

function numberField(label, limit, value) {
  return field(label, { type: "number", step: "any", min: -limit, max: limit, required: true, value });
}

/** The alert with which a bot may answer a tap. */
export function showAlert(bot, text) {
  return ask(bot, null, (finish) => h(
    "div",
    {},
    h("p", { class: "alert-text" }, text),
    h("div", { class: "buttons" }, h("button", { type: "button", class: "primary", autofocus: true, onclick: () => finish(true) }, t("alert_ok"))),
  ), "alert");
}

/** A photo at full size. */
export function enlarge(address, caption) {
  return ask(caption, null, (finish) => h("img", { src: address, alt: caption, onclick: () => finish(null) }), "viewer");
}
