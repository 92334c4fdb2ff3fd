"""Methods that put a new message into a chat, and chat actions."""

from __future__ import annotations

from typing import Any

from sandbox.call import Call
from sandbox.errors import bad
from sandbox.markup import check_markup
from sandbox.registry import method
from sandbox.state import Chat, Message

ACTIONS = frozenset(
    (
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    )
)
ALBUM = range(2, 11)


def post(call: Call, chat: Chat, content: dict[str, Any]) -> Message:
    """Adds the bot's message with what all sends share: reply, protection, effect, keyboard."""
    params = call.params
    inline, reply_keyboard = check_markup(call.json("reply_markup") if "reply_markup" in params else None)
    if "reply_parameters" in params or "reply_to_message_id" in params:
        content |= _reply(call, chat)
    if "protect_content" in params and call.flag("protect_content"):
        content["has_protected_content"] = True
    if "message_effect_id" in params and (effect := call.text("message_effect_id")):
        content["effect_id"] = effect
    if inline is not None:
        content["reply_markup"] = inline
    entry = call.state.add_message(call.bot, chat, call.bot.user, content, from_bot=True)
    entry.reply_keyboard = reply_keyboard
    return entry.message


def _reply(call: Call, chat: Chat) -> dict[str, Any]:
    reply = call.json("reply_parameters")
    if reply is None:
        reply = {"message_id": call.integer("reply_to_message_id")}
    if not isinstance(reply, dict) or not isinstance(reply.get("message_id"), int):
        raise bad("can't parse reply parameters: message_id must be an Integer")
    entry = chat.find(reply["message_id"])
    if entry is None:
        if reply.get("allow_sending_without_reply") or call.flag("allow_sending_without_reply"):
            return {}
        raise bad("message to be replied not found")
    replied = {k: v for k, v in entry.message.items() if k != "reply_to_message"}
    return {"reply_to_message": replied}


@method("sendMessage", sends=True)
def send_message(call: Call) -> Message:
    chat = call.chat()
    text, entities = call.message_text()
    content: dict[str, Any] = {"text": text}
    if entities:
        content["entities"] = entities
    if "link_preview_options" in call.params:
        content |= link_preview(call)
    return post(call, chat, content)


def link_preview(call: Call) -> dict[str, Any]:
    options = call.json("link_preview_options")
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise bad("can't parse link preview options: expected an Object")
    return {"link_preview_options": options} if options else {}


def _media(call: Call, kind: str) -> Message:
    chat = call.chat()
    content = call.file_param(kind).as_media() | call.caption()
    if kind == "photo" and call.flag("has_spoiler"):
        content["has_media_spoiler"] = True
    return post(call, chat, content)


@method("sendPhoto", sends=True)
def send_photo(call: Call) -> Message:
    return _media(call, "photo")


@method("sendDocument", sends=True)
def send_document(call: Call) -> Message:
    return _media(call, "document")


@method("sendLocation", sends=True)
def send_location(call: Call) -> Message:
    chat = call.chat()
    latitude, longitude = call.number("latitude"), call.number("longitude")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise bad("wrong latitude or longitude specified")
    return post(call, chat, {"location": {"latitude": latitude, "longitude": longitude}})


def media_item(call: Call, item: object) -> dict[str, Any]:
    """The Message content of one InputMediaPhoto or InputMediaDocument."""
    if not isinstance(item, dict):
        raise bad("can't parse InputMedia: expected an Object")
    kind = item.get("type")
    if kind not in ("photo", "document"):
        raise bad("can't parse InputMedia: the sandbox knows the types photo and document")
    return call.input_file(kind, item.get("media")).as_media() | call.caption(item)


@method("sendMediaGroup", sends=True)
def send_media_group(call: Call) -> list[Message]:
    chat = call.chat()
    items = call.array("media")
    if not items:
        raise bad("there are no messages to send")
    if len(items) not in ALBUM:
        raise bad(
            "too many messages to send as an album" if len(items) > 10 else "album must have 2-10 items"
        )
    contents = [media_item(call, item) for item in items]
    if len({"photo" in content for content in contents}) > 1:
        raise bad("document can't be mixed with other media types")
    group = str(call.bot.next_group * 1_000_003)
    call.bot.next_group += 1
    return [post(call, chat, {"media_group_id": group} | content) for content in contents]


@method("sendChatAction")
def send_chat_action(call: Call) -> bool:
    chat = call.chat()
    action = call.text("action")
    if action not in ACTIONS:
        raise bad("wrong parameter action in request")
    call.state.event("action", chat.info["id"], action=action)
    return True


CARRIED = (
    "text",
    "entities",
    "caption",
    "caption_entities",
    "photo",
    "document",
    "location",
    "contact",
    "show_caption_above_media",
    "has_media_spoiler",
)


def _source(call: Call, verb: str) -> Message:
    source = call.text("from_chat_id").strip()
    chat = call.state.open_chat(call.bot, int(source) if source.removeprefix("-").isdecimal() else source)
    entry = chat.find(call.integer("message_id"))
    if entry is None:
        raise bad(f"message to {verb} not found")
    if entry.message.get("has_protected_content"):
        raise bad(f"message can't be {verb.removesuffix('y')}{'ied' if verb == 'copy' else 'ed'}")
    return {k: entry.message[k] for k in CARRIED if k in entry.message} | {"origin": entry.message}


@method("copyMessage", sends=True)
def copy_message(call: Call) -> dict[str, int]:
    chat = call.chat()
    content = _source(call, "copy")
    content.pop("origin")
    if "text" not in content and "caption" in call.params:
        content = {k: v for k, v in content.items() if "caption" not in k} | call.caption()
    return {"message_id": post(call, chat, content)["message_id"]}


@method("forwardMessage", sends=True)
def forward_message(call: Call) -> Message:
    chat = call.chat()
    content = _source(call, "forward")
    origin = content.pop("origin")
    content["forward_origin"] = {"type": "user", "sender_user": origin["from"], "date": origin["date"]}
    return post(call, chat, content)
