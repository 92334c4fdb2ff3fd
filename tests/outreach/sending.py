"""A chat that fails as it is told to, and a sender to it, for the tests of outreach."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.db import Database
from crm.writer import Writer
from outreach import campaigns
from outreach.deliver import Deliverer
from outreach.message import Words
from outreach.messenger import Buttons
from outreach.outcome import Outcome, SendFailed
from outreach.pace import Pace
from templates import label, render
from tests.conftest import NOON
from tests.outreach.people import customer, queued

PATIENCE = 60  # seconds for what surely comes, on a machine that does much else
CAPS = campaigns.shipped().contact.caps
WORDS = Words(render, label, "en")


@dataclass
class Chat:
    """Telegram as the sender sees it. ``answers`` are what the first sends to a chat come back with."""

    answers: dict[int, list[SendFailed]] = field(default_factory=dict)
    delay: float = 0.001
    photos: dict[int, str | None] = field(default_factory=dict)
    arrived: list[tuple[int, str, Buttons]] = field(default_factory=list)
    called: list[int] = field(default_factory=list)
    hold: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(
        self, chat_id: int, text: str, buttons: Buttons, *, photo: str | None = None, paid: bool = False
    ) -> int:
        self.called.append(chat_id)
        self.reached.set()
        await asyncio.sleep(self.delay)
        if self.hold is not None:
            await self.hold.wait()
        if waiting := self.answers.get(chat_id):
            failure = waiting.pop(0)
            if failure.outcome is Outcome.UNKNOWN:
                self.arrived.append((chat_id, text, buttons))
            raise failure
        self.photos[chat_id] = photo
        self.arrived.append((chat_id, text, buttons))
        return len(self.arrived)

    async def calls(self, number: int) -> None:
        """Wait until so many sends have begun."""
        while len(self.called) < number:
            self.reached.clear()
            await asyncio.wait_for(self.reached.wait(), PATIENCE)

    @property
    def copies(self) -> Counter[int]:
        return Counter(chat_id for chat_id, *_ in self.arrived)


class Steady:
    """Noon, until told otherwise."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Held:
    """The clock of paces, in seconds, that stands still until it is moved on."""

    def __init__(self) -> None:
        self.now = 0.0
        self._paces: list[Pace] = []

    def __call__(self) -> float:
        return self.now

    def pace(self, rate: float = 100_000) -> Pace:
        """Of the given rate; nobody waits for a turn at the usual one."""
        self._paces.append(Pace(rate, clock=self))
        return self._paces[-1]

    def move_on(self, seconds: float) -> None:
        self.now += seconds
        for pace in self._paces:
            pace.give_back(())  # whoever waits for a moment looks again


@asynccontextmanager
async def at_work(deliverer: Deliverer, chat: Chat) -> AsyncIterator[None]:
    """A sender that runs; at the end it is told to stop, and has ended."""
    running = asyncio.create_task(deliverer.run())
    try:
        yield
    finally:
        if chat.hold is not None:
            chat.hold.set()
        deliverer.stop()
        await asyncio.wait_for(running, PATIENCE)


async def turns(writer: Writer, number: int = 20) -> None:
    """Everyone else may do what they can do by now: what has not happened then is not about to happen."""
    for _ in range(number):
        await writer.run(lambda _session: None)
        await asyncio.sleep(0)


def sender(writer: Writer, chat: Chat, **options: Any) -> Deliverer:
    given: dict[str, Any] = {"pace": Pace(1000), "owner": "me", "caps": CAPS, "clock": Steady()}
    return Deliverer(writer, chat, WORDS, **{**given, **options})


def fill(database: Database, number: int) -> None:
    with database.write() as session:
        for n in range(1, number + 1):
            queued(session, customer(session, n), n)
