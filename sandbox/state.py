"""Everything the sandbox knows, in memory: people, bots, chats, messages, files, and what was called."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.errors import BLOCKED, ApiError, ControlError, bad
from sandbox.faults import Faults
from sandbox.files import Files
from sandbox.limits import Limits
from sandbox.updates import UpdateQueue
from sandbox.waiting import Bell, Ring

if TYPE_CHECKING:
    from sandbox.webhook import Webhook

Message = dict[str, Any]
TOKEN = re.compile(r"(\d{1,20}):[A-Za-z0-9_-]{30,}")
USERNAME = "forecourt_sandbox_bot"
FIRST_PERSON = 1_000_001
CALLS_KEPT = 100_000
EVENTS_KEPT = 10_000
QUERY_SECONDS = 15 * 60.0


@dataclass(slots=True)
class Person:
    id: int
    first_name: str
    last_name: str | None = None
    language_code: str | None = None
    phone: str | None = None
    role: str | None = None
    hint: str | dict[str, str] | None = None
    user: dict[str, Any] = field(init=False)
    chat: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        names: dict[str, Any] = {"first_name": self.first_name}
        if self.last_name:
            names["last_name"] = self.last_name
        self.chat = {"id": self.id, **names, "type": "private"}
        self.user = {"id": self.id, "is_bot": False, **names}
        if self.language_code:
            self.user["language_code"] = self.language_code


@dataclass(slots=True)
class Entry:
    """A message as it stands now. `version` is the chat-wide count of changes at its last change."""

    message: Message
    version: int
    edited: bool = False
    deleted: bool = False
    from_bot: bool = False
    reply_keyboard: dict[str, Any] | None = None
    reactions: list[dict[str, Any]] | None = None

    def shown(self) -> dict[str, Any]:
        """The Message with what only the control API tells: edited, reply_keyboard, reactions."""
        shown = self.message | {"edited": self.edited}
        if self.reply_keyboard is not None:
            shown["reply_keyboard"] = self.reply_keyboard
        if self.reactions:
            shown["reactions"] = self.reactions
        return shown


@dataclass(slots=True)
class Chat:
    info: dict[str, Any]
    started: bool = False
    blocked: bool = False
    version: int = 0
    entries: dict[int, Entry] = field(default_factory=dict)
    bell: Bell = field(default_factory=Bell)
    menu_button: dict[str, Any] | None = None

    @property
    def private(self) -> bool:
        return bool(self.info["type"] == "private")

    def find(self, message_id: int) -> Entry | None:
        entry = self.entries.get(message_id)
        return None if entry is None or entry.deleted else entry

    def touch(self, entry: Entry) -> None:
        self.version += 1
        entry.version = self.version
        self.bell.ring()


@dataclass(slots=True)
class Query:
    """A callback or inline query waiting for its answer."""

    at: float
    person: int
    kind: str
    answer: dict[str, Any] | None = None


@dataclass(slots=True)
class Bot:
    id: int
    user: dict[str, Any]
    updates: UpdateQueue
    claimed: bool = False
    next_message: int = 1
    next_group: int = 1
    chats: dict[int, Chat] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)
    menu_button: dict[str, Any] = field(default_factory=lambda: {"type": "commands"})
    webhook: Webhook | None = None


@dataclass
class State:
    """One per server. `clock` gives Unix seconds; tests may put their own in."""

    clock: Callable[[], float] = time.time
    username: str = USERNAME
    query_seconds: float = QUERY_SECONDS
    limits: Limits = field(default_factory=Limits)
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    ready: bool = False
    people: dict[int, Person] = field(default_factory=dict)
    bots: dict[int, Bot] = field(default_factory=dict)
    closing: bool = False

    def __post_init__(self) -> None:
        self.calls = Ring(CALLS_KEPT)
        self.events = Ring(EVENTS_KEPT)
        self.files = Files()
        self.faults = Faults(self.rng)
        self.closing_bell = Bell()
        self.tasks: set[asyncio.Task[None]] = set()
        self.first_bot = self._new_bot(1)

    # --- bots ---------------------------------------------------------------------------------------

    def _new_bot(self, bot_id: int) -> Bot:
        user = {
            "id": bot_id,
            "is_bot": True,
            "first_name": "Forecourt",
            "username": self.username,
        }
        bot = Bot(bot_id, user, UpdateQueue(self.clock))
        return bot

    def bot(self, token: str) -> Bot:
        """The bot of this token; the first token adopts what people sent before any bot had called."""
        match = TOKEN.fullmatch(token)
        if match is None or (bot_id := int(match[1])) == 0:
            raise ApiError(401, "Unauthorized")
        if (bot := self.bots.get(bot_id)) is not None:
            return bot
        if not self.first_bot.claimed:
            bot = self.first_bot
            bot.claimed = True
            bot.id = bot.user["id"] = bot_id
        else:
            bot = self._new_bot(bot_id)
            bot.user["username"] = f"{self.username.removesuffix('_bot')}_{bot_id}_bot"
            bot.claimed = True
        self.bots[bot_id] = bot
        return bot

    # --- people -------------------------------------------------------------------------------------

    def add_person(self, fields: dict[str, Any]) -> Person:
        person_id = fields.pop("id", None)
        if person_id is None:
            person_id = FIRST_PERSON
            while person_id in self.people:
                person_id += 1
        if person_id in self.people:
            raise ControlError(409, f"id: person {person_id} exists already; leave id out to get a free one.")
        person = Person(id=person_id, **fields)
        self.people[person_id] = person
        self.event("person", person_id)
        return person

    def person(self, person_id: int) -> Person:
        if (person := self.people.get(person_id)) is None:
            raise ControlError(404, f"id: nobody has the id {person_id}; GET /sandbox/people lists everyone.")
        return person

    def chat_of(self, bot: Bot, person: Person) -> Chat:
        chat = bot.chats.get(person.id)
        if chat is None:
            chat = bot.chats[person.id] = Chat(person.chat)
        return chat

    # --- messages -----------------------------------------------------------------------------------

    def open_chat(self, bot: Bot, chat_id: int | str) -> Chat:
        """The chat a bot may write to, or the error Telegram answers with."""
        chat = bot.chats.get(chat_id) if isinstance(chat_id, int) else None
        if chat is None or not chat.started:
            raise bad("chat not found")
        if chat.blocked:
            raise ApiError(403, BLOCKED)
        return chat

    def add_message(
        self, bot: Bot, chat: Chat, sender: dict[str, Any], content: dict[str, Any], *, from_bot: bool
    ) -> Entry:
        message_id = bot.next_message
        bot.next_message += 1
        message: Message = {
            "message_id": message_id,
            "from": sender,
            "chat": chat.info,
            "date": int(self.clock()),
            **content,
        }
        chat.version += 1
        entry = Entry(message, chat.version, from_bot=from_bot)
        chat.entries[message_id] = entry
        chat.bell.ring()
        self.event("message", chat.info["id"], message_id=message_id)
        return entry

    def event(self, kind: str, person: int, **details: Any) -> None:
        self.events.add({"kind": kind, "person": person, **details})

    # --- closing ------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ends every wait, so that the server can stop at once."""
        self.closing = True
        self.closing_bell.ring()
        self.events.bell.ring()
        for bot in {id(b): b for b in (self.first_bot, *self.bots.values())}.values():
            bot.updates.bell.ring()
            for chat in bot.chats.values():
                chat.bell.ring()
        for task in self.tasks:
            task.cancel()
