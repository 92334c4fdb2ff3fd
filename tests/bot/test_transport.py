"""The transport: what a failure says about the send, and what the running bot makes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from telegram import Bot

from bot.messenger import TelegramMessenger
from bot.telegram import AioRequest
from outreach.messenger import Button
from outreach.outcome import Outcome, SendFailed
from sandbox.run import Sandbox, running

TOKEN = "616161:" + "M" * 35
ANN = 5001


class Line:
    """A bot, a person who started it, and the faults between them."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession, bot: Bot) -> None:
        self.url = sandbox.url
        self.http = http
        self.bot = bot
        self.messenger = TelegramMessenger(bot)

    async def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with self.http.request(method, f"{self.url}/sandbox/{path}", json=body) as response:
            return await response.json()

    async def breaks(self, kind: str, **more: Any) -> None:
        await self.control("POST", "faults", {"method": "sendMessage", "kind": kind, "times": 1, **more})

    async def heard(self) -> list[str]:
        messages = await self.control("GET", f"people/{ANN}/messages")
        return [message["text"] for message in messages if message["from"]["is_bot"]]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with running() as sandbox, aiohttp.ClientSession() as http:
        bot = Bot(
            TOKEN,
            base_url=f"{sandbox.url}/bot",
            request=AioRequest(),
            get_updates_request=AioRequest(1),
        )
        await bot.initialize()
        line = Line(sandbox, http, bot)
        await line.control("POST", "people", {"first_name": "Ann", "id": ANN})
        await line.control("POST", f"people/{ANN}/text", {"text": "/start"})
        yield line
        await bot.shutdown()


async def test_a_message_with_buttons_arrives(line: Line) -> None:
    sent = await line.messenger.send(ANN, "<b>hello</b>", [[Button("stop", "offers.stop")]])
    messages = await line.control("GET", f"people/{ANN}/messages")
    assert messages[-1]["message_id"] == sent
    assert messages[-1]["text"] == "hello"
    assert messages[-1]["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "offers.stop"


@pytest.mark.parametrize(
    ("kind", "outcome", "arrived"),
    [
        ("429", Outcome.RETRY_AFTER, 0),
        ("403", Outcome.BLOCKED, 0),
        ("500", Outcome.UNKNOWN, 0),
        ("lost_answer", Outcome.UNKNOWN, 1),
    ],
)
async def test_each_failure_says_what_may_have_happened(
    line: Line, kind: str, outcome: Outcome, arrived: int
) -> None:
    await line.breaks(kind)
    with pytest.raises(SendFailed) as failure:
        await line.messenger.send(ANN, "once", [])
    assert failure.value.outcome == outcome
    assert len(await line.heard()) == arrived


async def test_a_flood_limit_says_how_long(line: Line) -> None:
    await line.breaks("429", retry_after=17)
    with pytest.raises(SendFailed) as failure:
        await line.messenger.send(ANN, "once", [])
    assert failure.value.retry_after == 17


async def test_refused_markup_is_sent_as_plain_words(line: Line) -> None:
    await line.messenger.send(ANN, "<b>never closed", [])
    assert await line.heard() == ["never closed"]


async def test_a_refused_text_is_final(line: Line) -> None:
    with pytest.raises(SendFailed) as failure:
        await line.messenger.send(ANN, "", [])
    assert failure.value.outcome == Outcome.FAILED


async def test_somebody_who_never_started_the_bot_is_gone(line: Line) -> None:
    with pytest.raises(SendFailed) as failure:
        await line.messenger.send(999, "hello", [])
    assert failure.value.outcome == Outcome.BLOCKED


async def test_no_server_means_surely_not_sent() -> None:
    bot = Bot(TOKEN, base_url="http://127.0.0.1:9/bot", request=AioRequest())
    await bot.request.initialize()
    with pytest.raises(SendFailed) as failure:
        await TelegramMessenger(bot).send(ANN, "hello", [])
    assert failure.value.outcome == Outcome.RETRY
    await bot.request.shutdown()
