"""Whole conversations: the sandbox and the bot, talking HTTP; the tests only use the control API.

It is a Monday's noon in the town, whenever and wherever a test runs, and everyone in it is patient: what must
come is waited for, and a person goes on only when the bot has said all that it has to say to them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from pydantic import SecretStr

from bot import telegram as transport
from bot.app import Forecourt, builder
from bot.config import Settings
from crm import inbox
from crm.db import Database
from sandbox.run import running
from sandbox.state import State
from tests.conftest import NOON
from tests.sandbox import spec

TOKEN = "424242:" + "J" * 35
Message = dict[str, Any]
PATIENCE = 60.0  # seconds for an answer: a limit for what never comes, not for a machine that is busy
T = TypeVar("T")


class Clock:
    """A Monday's noon, and going on from there."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=time.monotonic() - self._began)


async def until(found: Callable[[], Awaitable[T | None]], otherwise: str) -> T:
    """What ``found`` comes to find; where it never does, the test fails and says ``otherwise``."""
    deadline = time.monotonic() + PATIENCE
    while (result := await found()) is None:
        assert time.monotonic() < deadline, otherwise
        await asyncio.sleep(0.02)
    return result


class Person:
    """Somebody in the sandbox. ``says``, ``taps`` and ``shares_contact`` act; ``hears`` waits for the bot."""

    def __init__(self, town: Town, person: dict[str, Any]) -> None:
        self.town = town
        self.id: int = person["id"]
        self.seen = 0

    async def says(self, text: str) -> dict[str, Any]:
        """Say something and hear the answer."""
        return await self._asks("text", {"text": text})

    async def shares_contact(self, of: Person | None = None) -> dict[str, Any]:
        return await self._asks("contact", {"of": of.id} if of else {})

    async def shares_location(self, latitude: float, longitude: float) -> dict[str, Any]:
        return await self._asks("location", {"latitude": latitude, "longitude": longitude})

    async def _asks(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        await self._act(what, body)
        answer = await self.hears()
        await self.town.all_said()
        return answer

    async def sends_photo(self, content: bytes, caption: str = "") -> None:
        form = aiohttp.FormData()
        form.add_field("file", content, filename="photo.png", content_type="image/png")
        form.add_field("caption", caption)
        path = f"{self.town.url}/sandbox/people/{self.id}/photo"
        async with self.town.http.post(path, data=form) as response:
            assert response.status < 400, await response.text()

    async def taps(self, label: str, message: dict[str, Any] | None = None) -> dict[str, Any]:
        """Tap the button whose label contains ``label`` on a message, by default the newest that has it."""
        message = message or await self._with_button(label)
        data = next(
            button["callback_data"]
            for row in message["reply_markup"]["inline_keyboard"]
            for button in row
            if label in button["text"]
        )
        number = message["message_id"]
        before = await self._message(number)
        await self._act(f"tap?wait={PATIENCE:.0f}", {"message_id": number, "data": data})
        await self.town.all_said()
        return await until(lambda: self._brought(number, before), f"the tap on '{label}' changed nothing")

    async def hears(self) -> dict[str, Any]:
        """The next message of the bot that this person has not heard yet."""
        return await until(self._heard, f"the bot said nothing new to {self.id}")

    async def _heard(self) -> dict[str, Any] | None:
        for message in await self.messages(after=self.seen, wait=1):
            if message["message_id"] > self.seen:
                self.seen = message["message_id"]
                if message["from"]["is_bot"]:
                    return message
        return None

    async def hears_about(self, text: str) -> Message:
        """The next message of the bot that speaks of ``text``."""
        while text not in (message := await self.hears()).get("text", message.get("caption", "")):
            continue
        return message

    async def messages(self, after: int = 0, wait: float = 0) -> list[Message]:
        found: list[dict[str, Any]] = await self.town.control(
            "GET", f"people/{self.id}/messages?after={after}&wait={wait}"
        )
        return found

    async def blocks(self) -> None:
        await self._act("block", {})

    async def unblocks(self) -> None:
        await self._act("unblock", {})

    async def _act(self, what: str, body: dict[str, Any]) -> Any:
        return await self.town.control("POST", f"people/{self.id}/{what}", body)

    async def _with_button(self, label: str) -> dict[str, Any]:
        async def found() -> dict[str, Any] | None:
            for message in reversed(await self.messages()):
                for row in message.get("reply_markup", {}).get("inline_keyboard", []):
                    if any(label in button["text"] for button in row):
                        return message
            return None

        return await until(found, f"nobody offered a button '{label}'")

    async def _message(self, number: int) -> dict[str, Any] | None:
        return next((m for m in await self.messages() if m["message_id"] == number), None)

    async def _brought(self, number: int, before: dict[str, Any] | None) -> dict[str, Any] | None:
        """What a tap brought: a new message, or the tapped one in its new form."""
        for message in await self.messages():
            if message["message_id"] > self.seen and message["from"]["is_bot"]:
                self.seen = message["message_id"]
                return message
        now = await self._message(number)
        return now if now != before else None


class Town:
    """The sandbox with a bot in it, and the people who live there."""

    def __init__(self, url: str, http: aiohttp.ClientSession, database: Database) -> None:
        self.url = url
        self.http = http
        self.database = database
        self.now: Callable[[], datetime] = Clock()
        self.house: Forecourt  # where the bot runs in the test's own process

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, f"{self.url}/sandbox/{path}", json=body) as response:
            answer = await response.json()
            assert response.status < 400, answer
            return answer

    async def person(self, first_name: str, **more: Any) -> Person:
        return Person(self, await self.control("POST", "people", {"first_name": first_name, **more}))

    async def all_said(self) -> None:
        """Wait until every answer that the bot has begun has left it."""

        def unspoken() -> bool:
            with self.database.read() as session:
                return bool(inbox.unspoken(session))

        async def silent() -> bool | None:
            return None if await asyncio.to_thread(unspoken) else True

        await until(silent, "an answer was never noted as spoken")

    async def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.control("GET", "calls")
        return found


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    """The bot's settings; a test may override this fixture or change the object before ``town`` starts."""
    return Settings(
        token=SecretStr(TOKEN),
        data_dir=tmp_path,
        database_url=database.url,
        admin_id=900_001,
        round_every=3600,
        round_delay=3600,
        send_rate=1000,  # the people of these journeys read faster than anyone
        chat_seconds=0,
    )


@pytest.fixture
async def town(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    """A running sandbox and a running bot. Afterwards every call the bot made is held against the spec."""
    patience = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE, sock_read=PATIENCE)
    for name, value in {"CONNECT_SECONDS": PATIENCE, "READ_SECONDS": PATIENCE, "TIMEOUT": patience}.items():
        monkeypatch.setattr(transport, name, value)  # both ends stand on this machine, and stall together
    state = State()
    async with running(state=state) as sandbox, aiohttp.ClientSession() as http:
        town = Town(sandbox.url, http, database)
        state.clock = lambda: town.now().timestamp()
        settings.api_url = sandbox.url
        house = town.house = Forecourt(settings, database, town.now)
        started, stop = asyncio.Event(), asyncio.Event()
        living = asyncio.create_task(house.run(house.application(builder(settings)), started, stop))
        await asyncio.wait([living, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
        if living.done():
            living.result()
        yield town
        made = await town.calls()
        stop.set()
        await living
        house.writer.close()
    if spec.SPEC.is_file():
        problems = [spec.call_problems(call["method"], call["params"]) for call in made]
        assert [found for found in problems if found] == []
