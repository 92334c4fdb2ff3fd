"""Delivery of updates to a webhook: in order within a chat, in parallel across chats, again until 2xx."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from sandbox.updates import Waiting

if TYPE_CHECKING:
    from sandbox.state import Bot, State

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
ANSWER_SECONDS = 60.0
LOOK_AHEAD = 1000


class Webhook:
    """`last_error` is (unix time, text) of the latest failed delivery."""

    def __init__(self, state: State, bot: Bot, url: str, secret: str, max_connections: int) -> None:
        self.state = state
        self.bot = bot
        self.url = url
        self.max_connections = max_connections
        self.last_error: tuple[int, str] | None = None
        self.first_pause = FIRST_PAUSE
        self._headers = {"Content-Type": "application/json"}
        if secret:
            self._headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        self._lanes: set[object] = set()
        self._flying: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())
        self.state.tasks.add(self._task)
        self._task.add_done_callback(self.state.tasks.discard)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        connector = aiohttp.TCPConnector(limit=self.max_connections, ssl=False)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            try:
                while True:
                    ring = self.bot.updates.bell.future()
                    self._launch(session)
                    await asyncio.wait((ring, *self._flying), return_when=asyncio.FIRST_COMPLETED)
                    self.bot.updates.bell.forget(ring)
            finally:
                for task in self._flying:
                    task.cancel()
                if self._flying:
                    await asyncio.wait(self._flying)

    def _launch(self, session: aiohttp.ClientSession) -> None:
        """Start a delivery for the first waiting update of every chat that has none in flight."""
        for waiting in list(itertools.islice(self.bot.updates.waiting, LOOK_AHEAD)):
            if len(self._flying) >= self.max_connections:
                return
            lane = _lane(waiting.update)
            if lane in self._lanes:
                continue
            self._lanes.add(lane)
            task = asyncio.create_task(self._deliver(session, waiting, lane))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)

    async def _deliver(self, session: aiohttp.ClientSession, waiting: Waiting, lane: object) -> None:
        pause = self.first_pause
        body = orjson.dumps(waiting.update)
        try:
            while not await self._post(session, body):
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            if waiting in self.bot.updates.waiting:
                self.bot.updates.waiting.remove(waiting)
        finally:
            self._lanes.discard(lane)

    async def _post(self, session: aiohttp.ClientSession, body: bytes) -> bool:
        try:
            async with session.post(self.url, data=body, headers=self._headers) as response:
                if 200 <= response.status < 300:
                    await self._call_in_answer(await response.read())
                    return True
                error = f"Wrong response from the webhook: {response.status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            error = f"Connection failed: {type(failure).__name__}"
        self.last_error = (int(self.state.clock()), error)
        return False

    async def _call_in_answer(self, answer: bytes) -> None:
        """A webhook may answer with one method call; its result goes nowhere, as in Telegram."""
        if not answer.lstrip().startswith(b"{"):
            return
        try:
            params: Any = orjson.loads(answer)
        except orjson.JSONDecodeError:
            return
        if isinstance(name := params.pop("method", None), str):
            from sandbox.botapi import perform  # the call may be setWebhook, which needs this module

            await perform(self.state, self.bot, name, params)


def _lane(update: dict[str, Any]) -> object:
    """What has to stay in order: the chat, else the person, else everything."""
    for kind, content in update.items():
        if kind != "update_id" and isinstance(content, dict):
            message: Any = content.get("message")
            inner = message.get("chat") if isinstance(message, dict) else None
            chat = content.get("chat") or inner or content.get("from")
            return chat.get("id") if isinstance(chat, dict) else None
    return None
