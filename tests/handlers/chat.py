"""A small hand for handler tests: a town with people who chat with the bot through the real ROUTES.

    def test_something(town: Town) -> None:
        fang = town.person("王芳", "zh-hans", phone="+8613800130001")
        fang.says("/start")
        fang.taps("register.agree:both")
        fang.shares_contact()
        assert "王芳" in fang.heard

Everything goes through ``handlers.speak.answer`` on the test's database, one transaction per update, and
is rendered with the real templates; only Telegram itself is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session
from telegram import Update

from bot.app import takes
from crm import talks
from crm.db import Database
from crm.stations import Station
from handlers.ask import House, Incoming
from handlers.route import Route
from handlers.routes import ROUTES
from handlers.speak import answer, lay_out
from templates import label, render
from tests.conftest import NOON

HOUSE = House(
    chain_name="Forecourt",
    timezone="Asia/Shanghai",
    currency="CNY",
    country="CN",
    locale="zh",
    trust_self_reported=False,
    admin_id=None,
    bot_username="forecourt_bot",
)
Raw = dict[str, Any]
T = TypeVar("T")


class Town:
    """A database, a clock that moves when told, and the people in it."""

    def __init__(self, database: Database, now: datetime = NOON, house: House = HOUSE) -> None:
        self.database = database
        self.now = now
        self.house = house
        self.people: dict[int, Chat] = {}
        self.updates = 0

    def person(
        self,
        name: str = "王芳",
        language: str = "zh-hans",
        *,
        phone: str = "",
        user_id: int = 0,
        last: str = "",
    ) -> Chat:
        """Someone with a Telegram account. Ids go beyond 2**32, as real ones do."""
        chat = Chat(self, user_id or 5_000_000_001 + len(self.people), name, language, phone, last)
        self.people[chat.user_id] = chat
        return chat

    def passes(self, **time: float) -> None:
        """Let time pass: ``passes(days=2)``."""
        self.now += timedelta(**time)

    def station(self, code: str, name: str, **more: Any) -> Station:
        fields = {"city": "上海", "timezone": "Asia/Shanghai", "currency": "CNY"} | more
        station = Station(code=code, name=name, **fields)
        self.keep(station)
        return station

    def keep(self, *rows: Any) -> None:
        with self.database.write() as session:
            session.add_all(rows)

    def look(self, question: Callable[[Session], T]) -> T:
        """The answer of a question to the database: ``town.look(lambda s: s.get(Customer, 1))``."""
        with self.database.read() as session:
            found = question(session)
            session.expunge_all()  # rows stay readable after the session is gone
            return found


class Chat:
    """One person's private chat with the bot. ``heard`` is what the last update brought them."""

    def __init__(
        self, town: Town, user_id: int, name: str, language: str, phone: str = "", last: str = ""
    ) -> None:
        self.town = town
        self.user_id = user_id
        self.name, self.last, self.language, self.phone = name, last, language, phone
        self.messages = 0
        self.forget()

    def forget(self) -> None:
        self.heard = ""  # all texts, rendered, one after another
        self.said: list[Raw] = []  # what the bot said, laid out: template, facts, buttons, edits, qr
        self.offered: list[str] = []  # results of an inline query
        self.toast = ""  # the words over a tapped button
        self.buttons: dict[str, str] = getattr(self, "buttons", {})  # label -> data of all newest buttons
        self.keys: list[Raw] = getattr(self, "keys", [])  # the reply keyboard

    # What a person does

    def says(self, text: str) -> str:
        return self._message({"text": text} | _entities(text))

    def taps(self, button: str) -> str:
        """Tap a button seen last, by label, by data or by the beginning of its data; all must be there."""
        for words, data in self.buttons.items():
            if button in (words, data) or data.startswith(f"{button}:"):
                return self.forges(data)
        raise AssertionError(f"no button {button!r} among {self.buttons}")

    def forges(self, data: str) -> str:
        """Send callback data that no button may carry (any more)."""
        message = self._envelope() | {"text": "…"}
        return self._send({"callback_query": {
            "id": str(self.town.updates), "from": self._user(), "chat_instance": "1",
            "data": data, "message": message,
        }})  # fmt: skip

    def shares_contact(self, of: Chat | None = None, phone: str = "") -> str:
        owner = of or self
        contact = {"phone_number": phone or owner.phone, "first_name": owner.name, "user_id": owner.user_id}
        return self._message({"contact": contact})

    def shares_location(self, latitude: float, longitude: float) -> str:
        return self._message({"location": {"latitude": latitude, "longitude": longitude}})

    def sends_photo(self, caption: str = "", file: str = "p") -> str:
        sizes = [
            {"file_id": f"{file}{n}", "file_unique_id": f"{n}", "width": n, "height": n} for n in (90, 9)
        ]
        return self._message({"photo": sizes} | ({"caption": caption} if caption else {}))

    def sends_voice(self) -> str:
        return self._message({"voice": {"file_id": "v", "file_unique_id": "v", "duration": 1}})

    def edits(self, text: str) -> str:
        """Edit the last message they sent."""
        return self._send({"edited_message": self._envelope(fresh=False) | {"text": text, "edit_date": 1}})

    def looks_for(self, words: str) -> list[str]:
        """Type words after the bot's name in any chat: what would be posted, as it is offered."""
        query = {"id": str(self.town.updates), "from": self._user(), "query": words, "offset": ""}
        self._send({"inline_query": query})
        return self.offered

    def blocks(self) -> str:
        return self._membership("member", "kicked")

    def unblocks(self) -> str:
        return self._membership("kicked", "member")

    def says_in_group(self, text: str) -> str:
        group = {"chat": {"id": -100_500, "type": "supergroup", "title": "Drivers"}}
        return self._send({"message": self._envelope() | group | {"text": text} | _entities(text)})

    # How it gets there

    def _membership(self, before: str, after: str) -> str:
        bot = {"id": 1, "is_bot": True, "first_name": "Bot"}
        status = {"kicked": {"status": "kicked", "user": bot, "until_date": 0}}
        member = {"status": "member", "user": bot}
        change = {"old_chat_member": status.get(before, member), "new_chat_member": status.get(after, member)}
        return self._send({"my_chat_member": self._envelope() | change})

    def _message(self, content: Raw) -> str:
        return self._send({"message": self._envelope() | content})

    def _envelope(self, fresh: bool = True) -> Raw:
        self.messages += fresh
        return {
            "message_id": self.messages,
            "date": int(self.town.now.timestamp()),
            "chat": {"id": self.user_id, "type": "private", "first_name": self.name},
            "from": self._user(),
        }

    def _user(self) -> Raw:
        user = {"id": self.user_id, "is_bot": False, "first_name": self.name, "language_code": self.language}
        return user | ({"last_name": self.last} if self.last else {})

    def _send(self, content: Raw) -> str:
        """Through the first route that takes it, as the bot does; then everyone hears their part."""
        town = self.town
        town.updates += 1
        update = Update.de_json({"update_id": town.updates} | content, None)
        for person in town.people.values():
            person.forget()
        with town.database.write() as session:
            talk = talks.current(session, self.user_id)
            incoming = Incoming(update, talk.step if talk else "")
            route = next((route for route in ROUTES if takes(route, incoming)), None)
            if route is None:
                return ""
            reply, who = answer(session, route, incoming, town.house, town.now)
        for part in json.loads(json.dumps(lay_out(reply, who, incoming))):
            if part["kind"] == "toast":
                self.toast = label(part["label"], part["locale"]) if part["label"] else ""
            elif part["kind"] == "inline":
                self.offered = [_offered(one, part["locale"]) for one in part["results"]]
            elif part["kind"] == "message" and part["chat_id"] in town.people:
                town.people[part["chat_id"]].hear(part)
        return self.heard

    def hear(self, part: Raw) -> None:
        text = render(part["template"], part["locale"], part["facts"])
        assert len(text) <= 4096
        assert text, f"{part['template']} says nothing"
        if not self.said:
            self.buttons = {}
        self.said.append(part)
        self.heard = f"{self.heard}\n{text}".strip()
        for button in (button for row in part["buttons"] for button in row):
            words = label(button["label"], part["locale"], button["facts"])
            assert 0 < len(words) <= 64
            assert len(button["data"].encode()) <= 64, button
            self.buttons[words] = button["data"] or button["url"] or button["copy"]
        if part["keys"] is not None:
            assert not part["buttons"], "a message carries inline buttons or a reply keyboard, not both"
            self.keys = [
                {"label": label(key["label"], part["locale"]), "asks": key["asks"]}
                for row in part["keys"]
                for key in row
            ]


def routes_of(name: str) -> list[Route]:
    """The routes on a command or button of this name."""
    return [route for route in ROUTES if getattr(route.on, "name", None) == name]


def _offered(one: Raw, locale: str) -> str:
    title, about = (label(f"inline.{name}", locale, one["facts"]) for name in ("title", "about"))
    assert title.strip()
    assert 0 < len(one["id"].encode()) <= 64
    return f"{title} | {about} | {render(one['template'], locale, one['facts'])}"


def _entities(text: str) -> Raw:
    if not text.startswith("/"):
        return {}
    length = len(text.split()[0])
    return {"entities": [{"type": "bot_command", "offset": 0, "length": length}]}
