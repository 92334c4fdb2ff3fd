"""The outreach sender's voice against the sandbox, over HTTP: each failure told by its cause."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from telegram import Bot

from bot.config import Settings
from bot.messenger import TelegramMessenger, message_id, messenger
from bot.telegram import AioRequest
from outreach.messenger import Button
from outreach.outcome import Outcome, SendFailed
from sandbox.run import running
from tests.sandbox.conftest import PNG

TOKEN = "424242:" + "M" * 35
BUTTONS = [[Button("No more offers", "offers.stop")]]


class Town:
    def __init__(self, url: str, http: aiohttp.ClientSession, speaker: TelegramMessenger) -> None:
        self.url, self.http, self.speaker = url, http, speaker

    async def control(self, path: str, body: dict[str, Any]) -> Any:
        async with self.http.post(f"{self.url}/sandbox{path}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def person(self) -> int:
        person = await self.control("/people", {"first_name": "Li"})
        await self.control(f"/people/{person['id']}/text", {"text": "/start"})
        return int(person["id"])

    async def heard(self, person: int) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.url}/sandbox/people/{person}/messages") as answer:
            found = await answer.json()
        messages = found["messages"] if isinstance(found, dict) else found
        return [message for message in messages if message["from"]["is_bot"]]


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with running() as server, aiohttp.ClientSession() as http:
        settings = Settings(token=SecretStr(TOKEN), api_url=server.url)
        async with messenger(settings) as speaker:
            yield Town(server.url, http, speaker)


async def failed(town: Town, person: int, text: str = "hello") -> SendFailed:
    with pytest.raises(SendFailed) as caught:
        await town.speaker.send(person, text, BUTTONS)
    return caught.value


async def test_a_message_arrives_with_its_button(town: Town) -> None:
    person = await town.person()
    number = await town.speaker.send(person, "<b>15</b> off &amp; more", BUTTONS)
    (message,) = await town.heard(person)
    assert (message["message_id"], message["text"]) == (number, "15 off & more")
    assert message["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "offers.stop"


async def test_broken_markup_is_sent_as_plain_words(town: Town) -> None:
    person = await town.person()
    await town.speaker.send(person, "<b>15 off", BUTTONS)
    assert [message["text"] for message in await town.heard(person)] == ["15 off"]


async def test_who_blocked_the_bot_or_never_came_is_blocked(town: Town) -> None:
    person = await town.person()
    await town.control(f"/people/{person}/block", {})
    assert (await failed(town, person)).outcome is Outcome.BLOCKED
    assert (await failed(town, 987_654_321)).outcome is Outcome.BLOCKED


async def photo_of(town: Town, person: int) -> str:
    form = aiohttp.FormData()
    form.add_field("file", PNG, filename="wash.png", content_type="image/png")
    async with town.http.post(f"{town.url}/sandbox/people/{person}/photo", data=form) as answer:
        assert answer.status < 300, await answer.text()
    async with town.http.get(f"{town.url}/sandbox/people/{person}/messages") as answer:
        found = await answer.json()
    return str(found[-1]["photo"][-1]["file_id"])


async def test_a_photo_has_the_words_and_the_buttons_under_it(town: Town) -> None:
    person = await town.person()
    file = await photo_of(town, person)
    number = await town.speaker.send(person, "<b>15</b> off", BUTTONS, photo=file)
    await town.speaker.send(person, "<b>15 off", BUTTONS, photo=file)
    first, second = await town.heard(person)
    assert (first["message_id"], first["caption"], second["caption"]) == (number, "15 off", "15 off")
    assert first["photo"][-1]["file_id"] == second["photo"][-1]["file_id"] == file
    assert first["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "offers.stop"


async def test_a_photo_that_telegram_does_not_know_is_a_failure(town: Town) -> None:
    person = await town.person()
    with pytest.raises(SendFailed) as caught:
        await town.speaker.send(person, "hello", BUTTONS, photo="of another bot")
    assert caught.value.outcome is Outcome.FAILED
    assert "wrong file identifier" in caught.value.detail
    assert await town.heard(person) == []


@pytest.mark.parametrize(
    ("kind", "outcome", "arrives"),
    [("429", Outcome.RETRY_AFTER, 0), ("500", Outcome.UNKNOWN, 0), ("lost_answer", Outcome.UNKNOWN, 1)],
)
async def test_faults_on_the_way(town: Town, kind: str, outcome: Outcome, arrives: int) -> None:
    person = await town.person()
    fault = {"method": "sendMessage", "kind": kind, "times": 1}
    await town.control("/faults", fault | ({"retry_after": 7} if kind == "429" else {}))
    error = await failed(town, person)
    assert error.outcome is outcome
    assert error.retry_after == (7 if kind == "429" else 0)
    assert len(await town.heard(person)) == arrives


async def test_no_server_means_not_sent() -> None:
    async with running() as server:
        settings = Settings(token=SecretStr(TOKEN), api_url=server.url)
        async with messenger(settings) as speaker:
            speaker._url = "http://127.0.0.1:9/bot/sendMessage"
            with pytest.raises(SendFailed) as caught:
                await speaker.send(1, "hello", [])
    assert caught.value.outcome is Outcome.RETRY


@pytest.mark.parametrize(
    ("status", "answer", "outcome", "wait"),
    [
        (200, {"ok": True}, Outcome.UNKNOWN, 0),
        (200, {"ok": True, "result": True}, Outcome.UNKNOWN, 0),
        (502, {}, Outcome.UNKNOWN, 0),
        (400, {"ok": False, "description": "Bad Request: group upgraded"}, Outcome.FAILED, 0),
        (401, {"ok": False, "description": "Unauthorized"}, Outcome.RETRY, 0),
        (429, {"ok": False, "parameters": {"retry_after": 3}}, Outcome.RETRY_AFTER, 3),
        (429, {"ok": False}, Outcome.RETRY_AFTER, 1),
    ],
)
def test_what_an_answer_means(status: int, answer: dict[str, Any], outcome: Outcome, wait: float) -> None:
    with pytest.raises(SendFailed) as caught:
        message_id(status, answer)
    assert (caught.value.outcome, caught.value.retry_after) == (outcome, wait)


async def test_an_answer_that_is_no_bot_apis_leaves_it_open() -> None:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<html>bad gateway</html>", status=502)

    app = web.Application()
    app.router.add_post("/sendMessage", page)
    async with TestServer(app) as server, AioRequest() as transport:
        bot = Bot(TOKEN, request=transport)
        speaker = TelegramMessenger(bot)
        speaker._url = str(server.make_url("/sendMessage"))
        with pytest.raises(SendFailed) as caught:
            await speaker.send(1, "hello", [])
    assert caught.value.outcome is Outcome.UNKNOWN


def test_a_bot_on_another_transport_is_refused() -> None:
    with pytest.raises(TypeError, match="AioRequest"):
        TelegramMessenger(Bot(TOKEN))


async def test_only_what_is_paid_for_says_so(town: Town) -> None:
    person = await town.person()
    await town.speaker.send(person, "free", BUTTONS)
    await town.speaker.send(person, "fast", BUTTONS, paid=True)
    async with town.http.get(f"{town.url}/sandbox/calls") as answer:
        calls = [call["params"] for call in await answer.json() if call["method"] == "sendMessage"]
    assert [call.get("allow_paid_broadcast") for call in calls] == [None, True]
