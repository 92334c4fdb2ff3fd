"""Methods that change or remove a message: edits, deletion, reactions."""

from __future__ import annotations

from typing import Any

from sandbox.call import Call
from sandbox.errors import bad
from sandbox.markup import check_markup
from sandbox.methods_send import link_preview, media_item
from sandbox.registry import method
from sandbox.state import Entry, Message

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
DELETABLE_SECONDS = 48 * 3600
CAPTION = ("caption", "caption_entities", "show_caption_above_media")
MEDIA = ("photo", "document", "has_media_spoiler", *CAPTION)
STANDARD = (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 "
    "🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 "
    "🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡 "
)
EMOJI = frozenset(STANDARD.split())


def _editable(call: Call) -> Entry:
    if call.text("inline_message_id"):
        raise bad("MESSAGE_ID_INVALID")
    entry = call.entry("message to edit not found")
    if not entry.from_bot or entry.reply_keyboard is not None or "forward_origin" in entry.message:
        raise bad("message can't be edited")
    return entry


def _inline(call: Call) -> dict[str, Any]:
    inline, _ = check_markup(call.json("reply_markup"), inline_only=True)
    return {} if inline is None else {"reply_markup": inline}


def _change(call: Call, entry: Entry, replaced: tuple[str, ...], content: dict[str, Any]) -> Message:
    """Swaps the fields `replaced` for `content`; the same as before is an error, as in Telegram."""
    old = entry.message
    new = {k: v for k, v in old.items() if k not in replaced and k != "edit_date"} | content
    if new == {k: v for k, v in old.items() if k != "edit_date"}:
        raise bad(NOT_MODIFIED)
    chat = call.bot.chats[old["chat"]["id"]]
    entry.message = new | {"edit_date": int(call.state.clock())}
    entry.edited = True
    chat.touch(entry)
    call.state.event("edited", chat.info["id"], message_id=old["message_id"])
    return entry.message


@method("editMessageText")
def edit_message_text(call: Call) -> Message:
    entry = _editable(call)
    text, entities = call.message_text()
    if "text" not in entry.message:
        raise bad("there is no text in the message to edit")
    content: dict[str, Any] = {"text": text} | _inline(call) | link_preview(call)
    if entities:
        content["entities"] = entities
    return _change(call, entry, ("text", "entities", "reply_markup", "link_preview_options"), content)


@method("editMessageCaption")
def edit_message_caption(call: Call) -> Message:
    entry = _editable(call)
    if "photo" not in entry.message and "document" not in entry.message:
        raise bad("there is no caption in the message to edit")
    return _change(call, entry, (*CAPTION, "reply_markup"), call.caption() | _inline(call))


@method("editMessageReplyMarkup")
def edit_message_reply_markup(call: Call) -> Message:
    return _change(call, _editable(call), ("reply_markup",), _inline(call))


@method("editMessageMedia")
def edit_message_media(call: Call) -> Message:
    entry = _editable(call)
    if "location" in entry.message or "contact" in entry.message:
        raise bad("message can't be edited")
    content = media_item(call, call.json("media")) | _inline(call)
    return _change(call, entry, ("text", "entities", *MEDIA, "reply_markup"), content)


def _delete(call: Call, entry: Entry) -> None:
    chat = call.bot.chats[entry.message["chat"]["id"]]
    if call.state.clock() - entry.message["date"] > DELETABLE_SECONDS:
        raise bad("message can't be deleted for everyone")
    entry.deleted = True
    chat.touch(entry)
    call.state.event("deleted", chat.info["id"], message_id=entry.message["message_id"])


@method("deleteMessage")
def delete_message(call: Call) -> bool:
    _delete(call, call.entry("message to delete not found"))
    return True


@method("deleteMessages")
def delete_messages(call: Call) -> bool:
    chat = call.chat()
    ids = call.array("message_ids")
    if not (1 <= len(ids) <= 100 and all(isinstance(i, int) for i in ids)):
        raise bad("message_ids must have 1-100 identifiers")
    for entry in [found for i in ids if (found := chat.find(i))]:
        _delete(call, entry)
    return True


@method("setMessageReaction")
def set_message_reaction(call: Call) -> bool:
    entry = call.entry("message to react not found")
    reactions = call.array("reaction")
    if len(reactions) > 1:
        raise bad("REACTIONS_TOO_MANY")
    for reaction in reactions:
        kind = reaction.get("type") if isinstance(reaction, dict) else None
        if kind != "emoji" or str(reaction.get("emoji")).replace("\ufe0f", "") not in EMOJI:
            raise bad("REACTION_INVALID")
    entry.reactions = reactions
    chat_id = entry.message["chat"]["id"]
    call.bot.chats[chat_id].touch(entry)
    call.state.event("reaction", chat_id, message_id=entry.message["message_id"])
    return True
