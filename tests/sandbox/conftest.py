"""A running sandbox and a hand to hold it: a bot's calls and the control API over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.run import Sandbox, running
from sandbox.state import State

TOKEN = "123456:" + "A" * 35
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


class Clock:
    """The sandbox's time in a test: moves when told."""

    def __init__(self) -> None:
        self.now = 1_780_000_000.0

    def __call__(self) -> float:
        return self.now


class World:
    """`say`, `see` and friends are the control API; `api` and `result` are the bot's calls."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession, clock: Clock) -> None:
        self.sandbox = sandbox
        self.http = http
        self.clock = clock

    async def control(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        if body is not None:
            more["json"] = body
        async with self.http.request(method, f"/sandbox{path}", **more) as response:
            return response.status, await response.json()

    async def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        status, answer = await self.control(method, path, body, **more)
        assert status == 200, answer
        return answer

    async def api(self, name: str, /, token: str = TOKEN, **params: Any) -> dict[str, Any]:
        """The whole answer of a method; its HTTP status must equal error_code."""
        async with self.http.post(f"/bot{token}/{name}", json=params) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == (200 if answer["ok"] else answer["error_code"])
            return answer

    async def result(self, name: str, /, **params: Any) -> Any:
        answer = await self.api(name, **params)
        assert answer["ok"], answer
        return answer["result"]

    async def error(self, name: str, /, **params: Any) -> str:
        answer = await self.api(name, **params)
        assert not answer["ok"], answer
        return str(answer["description"])

    async def person(self, start: bool = True, **fields: Any) -> int:
        person = await self.ok("POST", "/people", {"first_name": "Li", **fields})
        if start:
            await self.say(person["id"], "/start")
            await self.updates()
        return int(person["id"])

    async def say(self, person: int, text: str) -> Any:
        return await self.ok("POST", f"/people/{person}/text", {"text": text})

    async def tap(self, person: int, **body: Any) -> Any:
        return await self.ok("POST", f"/people/{person}/tap", body)

    async def see(self, person: int, after: int = 0, wait: float = 0) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = await self.ok(
            "GET", f"/people/{person}/messages?after={after}&wait={wait}"
        )
        return seen

    async def updates(self, **params: Any) -> list[dict[str, Any]]:
        """Takes and confirms what waits for the bot."""
        updates: list[dict[str, Any]] = await self.result("getUpdates", **params)
        if updates:
            await self.result("getUpdates", offset=updates[-1]["update_id"] + 1, limit=1)
        return updates

    async def until_polling(self) -> None:
        """Returns when a long poll is waiting at the sandbox."""
        while (queue := self.sandbox.state.first_bot.updates).poller is None or not queue.bell.waited_for:
            await asyncio.sleep(0.005)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def world(clock: Clock) -> AsyncIterator[World]:
    async with (
        running(state=State(clock=clock)) as sandbox,
        aiohttp.ClientSession(sandbox.url) as http,
    ):
        yield World(sandbox, http, clock)
