// Every word of the page's own interface, in English and Chinese.
export const WORDS = {
  en: {
    alert_ok: "OK",
    attach: "Attach",
    away: "Connection lost. Trying again…",
    back: "Back to people",
    block: "Block bot",
    blocked: "has blocked the bot",
    blocked_note: "This person has blocked the bot: nothing it sends arrives.",
    blocked_toast: "The bot is blocked.",
    brand: "Forecourt",
    brand_note: "sandbox",
    cancel: "Cancel",
    cast: "People to play",
    chat: "Chat",
    close: "Close",
    commands: "Commands",
    contact: "Contact",
    copied: "Copied: {text}",
    create: "Create",
    document: "Document",
    download: "Download {name}",
    drop_here: "Drop it here to send it",
    edited: "edited",
    empty_hint: "Nothing said yet.",
    enlarge: "Enlarge the photo",
    field_first: "First name",
    field_id: "Telegram id (optional)",
    field_language: "Language of their app",
    field_last: "Last name (optional)",
    field_phone: "Phone (optional)",
    keyboard: "Reply buttons",
    language: "Language",
    latitude: "Latitude",
    location: "Location",
    longitude: "Longitude",
    message: "Message",
    message_here: "Message…",
    messages: "Messages",
    new_person: "New person",
    new_person_note: "Someone new to play. They can press Start at once.",
    no_commands: "The bot offers no commands here.",
    no_match: "Nobody matches.",
    no_phone: "no phone",
    nobody: "Nobody else yet. Create someone below.",
    open_link: "Opens in a new tab",
    others: "Everyone else",
    others_more: "{n} more: search by name, phone or id.",
    people: "People",
    photo: "Photo",
    place_here: "Here",
    playing: "You, talking with {bot}",
    search: "Search people",
    send: "Send",
    send_document: "Send a document",
    send_location: "Send a location",
    send_location_note: "Where should this person be?",
    send_photo: "Send a photo",
    share_other: "Share someone else's contact",
    share_other_note: "Whose contact do you want to send?",
    share_own: "Share my contact",
    spoiler: "Hidden text: show it",
    unfold: "Show all",
    fold: "Show less",
    start: "Start",
    start_with: "Start with “{payload}”",
    the_bot: "the bot",
    to_end: "To the latest message",
    today: "Today",
    typing: "typing…",
    unblock: "Unblock",
    unblocked_toast: "The bot may write again.",
    unread: "{n} unread",
    unsupported: "This button needs a real Telegram app.",
    unsupported_message: "A message this page cannot show",
    welcome_note: "Everything stays on this computer. No account, no phone, no token.",
    welcome_one: "Choose someone on the left: each has something to try.",
    welcome_text: "This is a chat with the bot in which you can be anyone: a driver at the pump, an attendant, a station manager.",
    welcome_three: "Switch people at any time; the bot remembers each of them.",
    welcome_title: "Who would you like to be?",
    welcome_two: "Type, tap buttons, share a contact or a place, send a photo or a file.",
    yesterday: "Yesterday",
    you: "You",
  },
  zh: {
    alert_ok: "好的",
    attach: "附件",
    away: "连接中断，正在重试…",
    back: "返回人物列表",
    block: "屏蔽机器人",
    blocked: "已屏蔽机器人",
    blocked_note: "此人已屏蔽机器人：机器人发的消息都送不到。",
    blocked_toast: "已屏蔽机器人。",
    brand: "Forecourt",
    brand_note: "体验间",
    cancel: "取消",
    cast: "可以扮演的人",
    chat: "聊天",
    close: "关闭",
    commands: "命令",
    contact: "联系人",
    copied: "已复制：{text}",
    create: "创建",
    document: "文件",
    download: "下载 {name}",
    drop_here: "拖到这里即可发送",
    edited: "已编辑",
    empty_hint: "还没有消息。",
    enlarge: "放大图片",
    field_first: "名字",
    field_id: "Telegram 编号（可不填）",
    field_language: "对方应用的语言",
    field_last: "姓氏（可不填）",
    field_phone: "手机号（可不填）",
    keyboard: "快捷按钮",
    language: "语言",
    latitude: "纬度",
    location: "位置",
    longitude: "经度",
    message: "消息",
    message_here: "输入消息…",
    messages: "消息列表",
    new_person: "新建人物",
    new_person_note: "新建一个可以扮演的人，马上就能点“开始”。",
    no_commands: "机器人在这里没有提供命令。",
    no_match: "没有找到。",
    no_phone: "没有手机号",
    nobody: "还没有其他人，可以在下面新建。",
    open_link: "在新标签页打开",
    others: "其他人",
    others_more: "还有 {n} 人：可按姓名、手机号或编号搜索。",
    people: "人物",
    photo: "图片",
    place_here: "这里",
    playing: "你正在和 {bot} 聊天",
    search: "搜索人物",
    send: "发送",
    send_document: "发送文件",
    send_location: "发送位置",
    send_location_note: "这个人现在在哪里？",
    send_photo: "发送图片",
    share_other: "分享别人的联系方式",
    share_other_note: "要发送谁的联系方式？",
    share_own: "分享我的联系方式",
    spoiler: "隐藏的文字：点击显示",
    unfold: "展开全部",
    fold: "收起",
    start: "开始",
    start_with: "开始（{payload}）",
    the_bot: "机器人",
    to_end: "回到最新消息",
    today: "今天",
    typing: "正在输入…",
    unblock: "解除屏蔽",
    unblocked_toast: "机器人又可以发消息了。",
    unread: "{n} 条未读",
    unsupported: "这个按钮需要真正的 Telegram 应用。",
    unsupported_message: "这条消息无法在此页面显示",
    welcome_note: "一切都在这台电脑上进行：不需要账号、手机号或令牌。",
    welcome_one: "在左边选一个人，每个人都有可以试的事。",
    welcome_text: "在这里和机器人聊天时，你可以是任何人：加油的司机、加油员，或者站长。",
    welcome_three: "随时换人，机器人记得每一个人。",
    welcome_title: "你想成为谁？",
    welcome_two: "打字、点按钮、分享联系方式或位置、发图片或文件。",
    yesterday: "昨天",
    you: "你",
  },
};

export const ROLES = {
  en: {
    newcomer: "Newcomer", regular: "Regular", vip: "VIP", lapsed: "Long away",
    attendant: "Attendant", manager: "Manager",
  },
  zh: {
    newcomer: "新朋友", regular: "常客", vip: "VIP", lapsed: "许久未来",
    attendant: "加油员", manager: "站长",
  },
};

const KEPT = "forecourt.language";
let current = firstLanguage();

function firstLanguage() {
  const kept = localStorage.getItem(KEPT);
  if (kept in WORDS) return kept;
  return (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
}

export const language = () => current;

export function setLanguage(chosen) {
  current = chosen;
  localStorage.setItem(KEPT, chosen);
}

/** The word for `key` in the chosen language, with {names} filled in. */
export function t(key, facts = {}) {
  return WORDS[current][key].replace(/\{(\w+)\}/g, (_, name) => String(facts[name]));
}

/** How a role is called; roles of other bots stand as they are. */
export const roleName = (role) => ROLES[current][role] || role;

/** A text given either plainly or per language: "try /start" or {en: ..., zh: ...}. */
export function spoken(text) {
  if (!text || typeof text === "string") return text || "";
  return text[current] || text.en || Object.values(text)[0] || "";
}

/** Put the words of the chosen language on everything that stands in the page. */
export function speakPage(root = document) {
  document.documentElement.lang = current === "zh" ? "zh-Hans" : "en";
  for (const element of root.querySelectorAll("[data-word]")) element.textContent = t(element.dataset.word);
  for (const element of root.querySelectorAll("[data-word-placeholder]")) element.placeholder = t(element.dataset.wordPlaceholder);
  for (const element of root.querySelectorAll("[data-word-label]")) {
    element.setAttribute("aria-label", t(element.dataset.wordLabel));
    if (element.tagName === "BUTTON") element.title = t(element.dataset.wordLabel);
  }
}

const locale = () => (current === "zh" ? "zh-CN" : "en-GB");

export function clock(seconds) {
  return new Intl.DateTimeFormat(locale(), { hour: "2-digit", minute: "2-digit" }).format(seconds * 1000);
}

export function day(seconds) {
  const then = new Date(seconds * 1000);
  const today = new Date();
  const days = Math.round((new Date(today).setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return t("today");
  if (days === 1) return t("yesterday");
  return new Intl.DateTimeFormat(locale(), { day: "numeric", month: "long", year: "numeric" }).format(then);
}

export function fileSize(bytes) {
  if (bytes === undefined) return "";
  const power = bytes < 1000 ? 0 : bytes < 1000000 ? 1 : 2;
  const number = new Intl.NumberFormat(locale(), { maximumFractionDigits: power }).format(bytes / 1000 ** power);
  return `${number} ${["B", "kB", "MB"][power]}`;
}
