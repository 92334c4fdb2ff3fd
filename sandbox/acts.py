"""What a person can do in a chat with the bot: each act becomes an update."""

from __future__ import annotations

from typing import Any

from sandbox.entities import clean, find_entities
from sandbox.errors import ControlError
from sandbox.files import Upload
from sandbox.markup import buttons
from sandbox.state import Bot, Chat, Entry, Message, Person, Query, State


def say(state: State, bot: Bot, person: Person, content: dict[str, Any]) -> Message:
    """A message of this person to the bot; the first one starts the chat."""
    chat = state.chat_of(bot, person)
    if chat.blocked:
        raise ControlError(409, f"id: person {person.id} has blocked the bot; POST .../unblock first.")
    chat.started = True
    entry = state.add_message(bot, chat, person.user, content, from_bot=False)
    bot.updates.push({"message": entry.message})
    return entry.message


def text_content(text: str) -> dict[str, Any]:
    cleaned = clean(text).strip()
    if not cleaned:
        raise ControlError(400, "text: must not be empty.")
    entities = find_entities(cleaned)
    return {"text": cleaned, "entities": entities} if entities else {"text": cleaned}


def contact_content(person: Person) -> dict[str, Any]:
    if not person.phone:
        raise ControlError(400, f"phone: person {person.id} has none; create people with phone to share it.")
    contact: dict[str, Any] = {"phone_number": person.phone, "first_name": person.first_name}
    if person.last_name:
        contact["last_name"] = person.last_name
    return {"contact": contact | {"user_id": person.id}}


def location_content(latitude: float, longitude: float) -> dict[str, Any]:
    if not -90 <= latitude <= 90:
        raise ControlError(400, "latitude: must be between -90 and 90.")
    if not -180 <= longitude <= 180:
        raise ControlError(400, "longitude: must be between -180 and 180.")
    return {"location": {"latitude": latitude, "longitude": longitude}}


def file_content(state: State, kind: str, upload: Upload, caption: str) -> dict[str, Any]:
    content = state.files.keep_any(kind, upload).as_media()
    if caption.strip():
        content["caption"] = clean(caption).strip()
        if entities := find_entities(content["caption"]):
            content["caption_entities"] = entities
    return content


def set_blocked(state: State, bot: Bot, person: Person, blocked: bool) -> None:
    """Blocks or unblocks; a change is told to the bot as my_chat_member."""
    chat = state.chat_of(bot, person)
    if chat.blocked == blocked:
        return
    if not chat.started:
        raise ControlError(
            409, f"id: person {person.id} has not started the bot, so there is nothing to block."
        )
    chat.blocked = blocked
    member = {"user": bot.user, "status": "member"}
    kicked = {"user": bot.user, "status": "kicked", "until_date": 0}
    change = {
        "chat": person.chat,
        "from": person.user,
        "date": int(state.clock()),
        "old_chat_member": member if blocked else kicked,
        "new_chat_member": kicked if blocked else member,
    }
    bot.updates.push({"my_chat_member": change})
    state.event("blocked" if blocked else "unblocked", person.id)


# --- taps -------------------------------------------------------------------------------------------


def _keyboard_entry(chat: Chat, message_id: int | None) -> Entry:
    """The message with that id, or, without one, the latest that brought a reply keyboard."""
    if message_id is None:
        for entry in reversed(chat.entries.values()):
            if entry.reply_keyboard is not None and not entry.deleted:
                return entry
        raise ControlError(404, "message_id: missing, and no message of this chat carries a reply keyboard.")
    entry = chat.find(message_id)  # type: ignore[assignment]
    if entry is None:
        raise ControlError(404, f"message_id: there is no message {message_id} in this chat.")
    return entry


def _matching(entry: Entry, text: str | None, data: str | None) -> dict[str, Any]:
    inline = buttons(entry.message.get("reply_markup"))
    choice = [*inline, *buttons(entry.reply_keyboard)]
    for button in choice:
        if (data is None or button.get("callback_data") == data) and text in (None, button["text"]):
            return button
    wanted = f"data {data!r}" if data is not None else f"text {text!r}"
    labels = ", ".join(repr(b["text"]) for b in choice) or "none"
    name = "data" if data is not None else "text"
    raise ControlError(404, f"{name}: message has no button with {wanted}; its buttons are: {labels}.")


def tap(state: State, bot: Bot, person: Person, body: dict[str, Any]) -> dict[str, Any]:
    """Presses a button found by label or data; what comes of it depends on the kind of button."""
    chat = state.chat_of(bot, person)
    if chat.blocked:
        raise ControlError(409, f"id: person {person.id} has blocked the bot; POST .../unblock first.")
    text, data = body.get("text"), body.get("data")
    if (text is None) == (data is None):
        raise ControlError(
            400, "text: give either text (the label) or data (the callback data), one of them."
        )
    entry = _keyboard_entry(chat, body.get("message_id"))
    button = _matching(entry, text, data)
    if "callback_data" in button:
        return _callback(state, bot, person, entry, button["callback_data"])
    for kind in ("url", "web_app", "copy_text", "login_url"):
        if kind in button:
            return {"ok": True, kind: button[kind]}
    if button.get("request_contact"):
        message = say(state, bot, person, contact_content(person))
    elif button.get("request_location"):
        if "latitude" not in body or "longitude" not in body:
            raise ControlError(400, "latitude: this button asks for a location; give latitude and longitude.")
        message = say(state, bot, person, location_content(body["latitude"], body["longitude"]))
    elif button in buttons(entry.reply_keyboard):
        message = say(state, bot, person, text_content(button["text"]))
    else:
        return {"ok": True}
    return {"ok": True, "message": message}


def _callback(state: State, bot: Bot, person: Person, entry: Entry, data: str) -> dict[str, Any]:
    query_id = new_query(state, bot, person.id, "callback")
    bot.updates.push(
        {
            "callback_query": {
                "id": query_id,
                "from": person.user,
                "message": entry.message,
                "chat_instance": str(person.id * 7919 + bot.id),
                "data": data,
            }
        }
    )
    return {"ok": True, "callback_query_id": query_id}


def new_query(state: State, bot: Bot, person_id: int, kind: str, query_id: str | None = None) -> str:
    """Remembers a query so that it can be answered; the oldest are forgotten after 100,000."""
    if query_id is None:
        query_id = str(4_000_000_000_000_000_000 + state.rng.getrandbits(60))
    bot.queries[query_id] = Query(state.clock(), person_id, kind)
    if len(bot.queries) > 100_000:
        del bot.queries[next(iter(bot.queries))]
    return query_id
