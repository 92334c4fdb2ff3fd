"""Raw updates: what a tester hands in goes to the bot as it is; the sandbox learns chats and ids from it."""

from __future__ import annotations

from typing import Any

from sandbox.acts import new_query
from sandbox.errors import ControlError
from sandbox.state import Bot, Chat, Entry, Person, State
from sandbox.updates import KINDS


def push_raw(state: State, bot: Bot, update: dict[str, Any]) -> dict[str, Any]:
    """Queues the update; `update_id` is null in the answer when the bot did not ask for this kind."""
    kinds = [k for k in update if k != "update_id"]
    if len(kinds) != 1 or kinds[0] not in KINDS:
        raise ControlError(
            400, "update: needs exactly one kind of content, such as message or callback_query."
        )
    kind = kinds[0]
    if not isinstance(update[kind], dict):
        raise ControlError(400, f"update.{kind}: must be an object.")
    update_id = update.get("update_id")
    if update_id is not None and not _whole(update_id):
        raise ControlError(
            400, "update.update_id: must be a positive whole number below 2**52, or left out to get one."
        )
    _learn(state, bot, kind, update[kind])
    return {"ok": True, "update_id": bot.updates.push({kind: update[kind]}, update_id)}


def _whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 1 <= number < 2**52


def _learn(state: State, bot: Bot, kind: str, content: dict[str, Any]) -> None:
    message = content if "chat" in content else content.get("message")
    if isinstance(message, dict) and isinstance(message.get("chat"), dict):
        chat = _chat(state, bot, message["chat"], content.get("from"))
        if "message_id" in message:
            _remember(state, bot, chat, message)
    if kind in ("callback_query", "inline_query"):
        if not isinstance(content.get("id"), str):
            raise ControlError(400, f"update.{kind}.id: must be a string.")
        new_query(state, bot, _sender(content), kind.removesuffix("_query"), content["id"])


def _sender(content: dict[str, Any]) -> int:
    sender = content.get("from")
    if not isinstance(sender, dict) or not isinstance(sender.get("id"), int):
        raise ControlError(400, "update: from must be a User object with an id.")
    return int(sender["id"])


def _chat(state: State, bot: Bot, info: dict[str, Any], sender: object) -> Chat:
    chat_id, kind = info.get("id"), info.get("type")
    if not isinstance(chat_id, int) or kind not in ("private", "group", "supergroup", "channel"):
        raise ControlError(
            400,
            "update: chat needs an id (a whole number) and a type: private, group, supergroup or channel.",
        )
    if kind == "private" and chat_id not in state.people:
        known = sender if isinstance(sender, dict) else info
        person = Person(
            id=chat_id,
            first_name=str(known.get("first_name") or "Somebody"),
            last_name=known.get("last_name"),
            language_code=known.get("language_code"),
        )
        state.people[chat_id] = person
    chat = bot.chats.get(chat_id)
    if chat is None:
        chat = bot.chats[chat_id] = Chat(state.people[chat_id].chat if kind == "private" else info)
    chat.started = True
    return chat


def _remember(state: State, bot: Bot, chat: Chat, message: dict[str, Any]) -> None:
    """Shows the message in the chat, or changes the one it edits; ids given stay unique afterwards."""
    message_id = message["message_id"]
    if not _whole(message_id):
        raise ControlError(400, "update: message_id must be a positive whole number.")
    bot.next_message = max(bot.next_message, message_id + 1)
    old = chat.entries.get(message_id)
    if old is None:
        chat.entries[message_id] = entry = Entry(message, 0)
        chat.touch(entry)
        state.event("message", chat.info["id"], message_id=message_id)
    elif "edit_date" in message:
        old.message, old.edited = message, True
        chat.touch(old)
        state.event("edited", chat.info["id"], message_id=message_id)
