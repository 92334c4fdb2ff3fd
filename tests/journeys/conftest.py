"""Whole conversations: the sandbox and the bot, talking HTTP; the tests only use the control API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bot.app import Forecourt, builder
from bot.config import Settings
from crm.db import Database
from sandbox.run import running
from tests.sandbox import spec

TOKEN = "424242:" + "J" * 35
Message = dict[str, Any]
PATIENCE = 10.0  # seconds for an answer; generous, since CI shares its cores


class Person:
    """Somebody in the sandbox. ``says``, ``taps`` and ``shares_contact`` act; ``hears`` waits for the bot."""

    def __init__(self, town: Town, person: dict[str, Any]) -> None:
        self.town = town
        self.id: int = person["id"]
        self.seen = 0

    async def says(self, text: str) -> dict[str, Any]:
        """Say something and hear the answer."""
        await self._act("text", {"text": text})
        return await self.hears()

    async def shares_contact(self, of: Person | None = None) -> dict[str, Any]:
        await self._act("contact", {"of": of.id} if of else {})
        return await self.hears()

    async def shares_location(self, latitude: float, longitude: float) -> dict[str, Any]:
        await self._act("location", {"latitude": latitude, "longitude": longitude})
        return await self.hears()

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
        edited = {
            m["message_id"]: m for m in await self.messages() if m["message_id"] == message["message_id"]
        }
        await self._act("tap", {"message_id": message["message_id"], "data": data})
        return await self._after_tap(message["message_id"], edited[message["message_id"]])

    async def hears(self) -> dict[str, Any]:
        """The next message of the bot that this person has not heard yet."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            for message in await self.messages(after=self.seen, wait=1):
                if message["message_id"] > self.seen:
                    self.seen = message["message_id"]
                    if message["from"]["is_bot"]:
                        return message
        raise AssertionError(f"the bot said nothing new to {self.id} in {PATIENCE:.0f} s")

    async def hears_about(self, text: str) -> Message:
        """The next message of the bot that speaks of ``text``."""
        while text not in (message := await self.hears()).get("text", message.get("caption", "")):
            continue
        return message

    async def hears_nothing(self, seconds: float = 1.0) -> bool:
        await asyncio.sleep(seconds)
        new = await self.messages(after=self.seen)
        return not any(m["from"]["is_bot"] and m["message_id"] > self.seen for m in new)

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
        for message in reversed(await self.messages()):
            for row in message.get("reply_markup", {}).get("inline_keyboard", []):
                if any(label in button["text"] for button in row):
                    return message
        raise AssertionError(f"nobody offered a button '{label}'")

    async def _after_tap(self, message_id: int, before: dict[str, Any]) -> dict[str, Any]:
        """What the tap brought: a new message, or the tapped one in its new form."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            for message in await self.messages():
                if message["message_id"] > self.seen and message["from"]["is_bot"]:
                    self.seen = message["message_id"]
                    return message
                if message["message_id"] == message_id and message != before:
                    return message
            await asyncio.sleep(0.02)
        raise AssertionError("the tap changed nothing")


class Town:
    """The sandbox with a bot in it, and the people who live there."""

    def __init__(self, url: str, http: aiohttp.ClientSession, database: Database) -> None:
        self.url = url
        self.http = http
        self.database = database

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        async with self.http.request(method, f"{self.url}/sandbox/{path}", json=body) as response:
            answer = await response.json()
            assert response.status < 400, answer
            return answer

    async def person(self, first_name: str, **more: Any) -> Person:
        return Person(self, await self.control("POST", "people", {"first_name": first_name, **more}))

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
        lease_seconds=1,
        send_rate=1000,  # the people of these journeys read faster than anyone
        chat_seconds=0,
    )


@pytest.fixture
async def town(settings: Settings, database: Database) -> AsyncIterator[Town]:
    """A running sandbox and a running bot. Afterwards every call the bot made is held against the spec."""
    async with running() as sandbox, aiohttp.ClientSession() as http:
        settings.api_url = sandbox.url
        house = Forecourt(settings, database)
        started, stop = asyncio.Event(), asyncio.Event()
        living = asyncio.create_task(house.run(house.application(builder(settings)), started, stop))
        await asyncio.wait([living, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
        if living.done():
            living.result()
        town = Town(sandbox.url, http, database)
        yield town
        made = await town.calls()
        stop.set()
        await living
        house.writer.close()
    if spec.SPEC.is_file():
        problems = [spec.call_problems(call["method"], call["params"]) for call in made]
        assert [found for found in problems if found] == []
