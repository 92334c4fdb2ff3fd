"""How replies reach Telegram, over HTTP: what stands in their way loses no word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from telegram import Bot

from bot.telegram import AioRequest
from crm.db import Database
from crm.writer import Writer
from handlers import voice
from handlers.leave import Leave, NotSent
from handlers.voice import Voice
from outreach.pace import Pace
from sandbox.run import running

TOKEN = "515151:" + "V" * 35


class Gate(AioRequest):
    """The transport of the house behind a gate: while ``closed`` counts down, nothing leaves."""

    closed = 0

    async def do_request(self, *arguments: Any, **more: Any) -> tuple[int, bytes]:
        if self.closed:
            self.closed -= 1
            raise NotSent("no connection")
        return await super().do_request(*arguments, **more)


class Town:
    """One person in the sandbox, and a voice that speaks to them."""

    def __init__(self, url: str, http: aiohttp.ClientSession, gate: Gate, voice: Voice) -> None:
        self.url, self.http, self.gate, self.voice = url, http, gate, voice
        self.person = 0

    async def arrives(self) -> None:
        async with self.http.post(f"{self.url}/sandbox/people", json={"first_name": "Li"}) as answer:
            self.person = (await answer.json())["id"]
        async with self.http.post(
            f"{self.url}/sandbox/people/{self.person}/text", json={"text": "/start"}
        ) as answer:
            assert answer.status < 300

    async def heard(self) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.url}/sandbox/people/{self.person}/messages") as answer:
            found = await answer.json()
        messages = found["messages"] if isinstance(found, dict) else found
        return [message for message in messages if message["from"]["is_bot"]]

    def spoken(self, **more: Any) -> dict[str, Any]:
        """A reply as it is laid out."""
        plain = {"kind": "message", "chat_id": self.person, "locale": "en", "facts": {}, "buttons": []}
        rest = {"keys": None, "edits": None, "picture": None, "qr": ""}
        return plain | rest | {"template": "replies/nothing_to_cancel"} | more


async def no_menu(_chat: int, _user: int) -> None:
    raise AssertionError("nobody's menu changes")


def voice_of(bot: Bot, writer: Writer, pace: Pace) -> Voice:
    return Voice(bot, writer, lambda: datetime.now(UTC), no_menu, Leave(pace))


@pytest.fixture
async def town(database: Database) -> AsyncIterator[Town]:
    writer = Writer(database)
    async with running() as server, aiohttp.ClientSession() as http:
        gate = Gate()
        bot = Bot(TOKEN, base_url=f"{server.url}/bot", request=gate, get_updates_request=AioRequest(1))
        async with bot:
            here = Town(server.url, http, gate, voice_of(bot, writer, Pace(30)))
            await here.arrives()
            yield here
    writer.close()


async def test_a_reply_takes_the_place_of_the_tapped_message(town: Town) -> None:
    await town.voice.say([town.spoken()])
    (before,) = await town.heard()
    await town.voice.say([town.spoken(template="replies/stranger", edits=before["message_id"])])
    (after,) = await town.heard()
    assert after["message_id"] == before["message_id"]
    assert after["text"] != before["text"]


async def test_where_the_message_is_gone_the_words_are_said_anew(town: Town) -> None:
    await town.voice.say([town.spoken(edits=987_654)])
    assert len(await town.heard()) == 1


async def test_words_in_the_place_of_a_picture_are_said_anew(town: Town) -> None:
    await town.voice.say([town.spoken(qr="https://example.org")])
    (picture,) = await town.heard()
    await town.voice.say([town.spoken(edits=picture["message_id"])])
    assert [bool(message.get("text")) for message in await town.heard()] == [False, True]


async def test_the_same_words_again_are_no_second_message(town: Town) -> None:
    await town.voice.say([town.spoken()])
    (before,) = await town.heard()
    await town.voice.say([town.spoken(edits=before["message_id"])])
    assert len(await town.heard()) == 1


async def test_what_surely_did_not_leave_is_said_when_the_way_is_open(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sum(voice.PAUSES) > 240
    monkeypatch.setattr(voice, "PAUSES", (0.0,) * len(voice.PAUSES))
    town.gate.closed = len(voice.PAUSES) - 1
    await town.voice.say([town.spoken()])
    assert len(await town.heard()) == 1
