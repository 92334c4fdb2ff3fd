"""A sender in a process of its own, for those who want to kill it, and two that are wrong on purpose."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.config import Settings
from bot.leases import gone, owner
from bot.messenger import messenger
from bot.soak.life import Life
from crm.db import Database
from crm.outbox import Outbound
from crm.writer import Writer
from outreach.campaigns import Cap
from outreach.deliver import Deliverer
from outreach.message import Words
from outreach.messenger import Buttons, Messenger
from outreach.outbox import Claimed
from outreach.pace import Pace
from outreach.standstill import Mark
from templates import label, render

Design = Literal["ledger", "mark_first", "mark_after"]
RATE = 1000.0
MARK = b"s"


@dataclass(frozen=True, slots=True)
class Plan:
    """How the child sends: on which database, through which server, how slowly (seconds), by which design.

    Of what it begins beyond ``most`` sends none ends, half of them after they arrived: whoever kills it may
    come late. ``mark_first`` commits "sent" before it sends, ``mark_after`` sends without a claim and marks
    then.
    """

    api_url: str
    database_url: str
    token: str
    marks: Path | None = None  # the folder of the mark of what was sent
    slow: float = 0.03
    in_flight: int = 8
    most: int | None = None
    design: Design = "ledger"


class Child(Life):
    """One life of the sender."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(_live, plan)

    async def sends(self, number: int, seconds: float) -> bool:
        """Whether it began so many sends within the time."""
        deadline = time.monotonic() + seconds
        while number > 0:
            left = deadline - time.monotonic()
            if left <= 0 or not await asyncio.to_thread(self.ear.poll, left):
                return False
            try:
                self.ear.recv_bytes()
            except EOFError:
                raise RuntimeError("the sender died before anybody killed it") from None
            number -= 1
        return True


class _Marked:
    """A messenger that tells when it begins, and whose messages take their time there and back."""

    def __init__(self, inner: Messenger, mouth: Connection, plan: Plan) -> None:
        self._inner = inner
        self._mouth = mouth
        self._slow = plan.slow
        self._left = math.inf if plan.most is None else plan.most

    async def send(
        self, chat_id: int, text: str, buttons: Buttons, *, photo: str | None = None, paid: bool = False
    ) -> int:
        self._mouth.send_bytes(MARK)
        self._left -= 1
        left = self._left
        await self._way(ends=left >= 0 or left % 2 == 1)
        try:
            return await self._inner.send(chat_id, text, buttons, photo=photo, paid=paid)
        finally:
            await self._way(ends=left >= 0)

    async def _way(self, *, ends: bool) -> None:
        await asyncio.sleep(self._slow * random.random())
        if not ends:
            await asyncio.Event().wait()


class _MarkFirst(Deliverer):
    """The wrong order on purpose: who dies after the mark has sent nothing."""

    __slots__ = ()

    async def _claim(self, limit: int) -> list[Claimed]:
        claimed = await Deliverer._claim(self, limit)
        await self.writer.run(lambda session: _mark(session, [row.id for row in claimed]))
        return claimed


class _MarkAfter(Deliverer):
    """No claim on purpose: who dies before the mark sends again in the next life."""

    __slots__ = ()

    async def _claim(self, limit: int) -> list[Claimed]:
        claimed = await Deliverer._claim(self, limit)
        later = self.clock() + timedelta(seconds=0.5)
        waits = {"state": "queued", "claimed_at": None, "claimed_by": None, "not_before": later}
        await self.writer.run(lambda session: _mark(session, [row.id for row in claimed], **waits))
        return claimed

    async def _settle(
        self,
        row: Claimed,
        state: str,
        *,
        message_id: int | None = None,
        reason: str | None = None,
        error: str | None = None,
    ) -> None:
        await self.writer.run(lambda session: _mark(session, [row.id], state=state))


def _mark(session: Session, ids: Sequence[int], **values: object) -> None:
    session.execute(update(Outbound).where(Outbound.id.in_(ids)).values(**({"state": "sent"} | values)))


DESIGNS: dict[Design, type[Deliverer]] = {
    "ledger": Deliverer,
    "mark_first": _MarkFirst,
    "mark_after": _MarkAfter,
}
NO_CAPS: tuple[Cap, ...] = ()


def _live(plan: Plan, mouth: Connection) -> None:
    logging.disable(logging.WARNING)  # what each life left behind is counted by whoever kills it
    asyncio.run(_send(plan, mouth))


async def _send(plan: Plan, mouth: Connection) -> None:
    settings = Settings(token=SecretStr(plan.token), api_url=plan.api_url, database_url=plan.database_url)
    database = Database(settings.database)
    writer = Writer(database)
    async with messenger(settings) as voice:
        deliverer = DESIGNS[plan.design](
            writer,
            _Marked(voice, mouth, plan),
            Words(render, label, "en"),
            Pace(RATE),
            owner(),
            NO_CAPS,
            lambda: datetime.now(UTC),
            lease_seconds=1,
            in_flight=plan.in_flight,
            idle_seconds=0.1,
            gone=gone,
            mark=Mark(plan.marks),
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, deliverer.stop)
        await deliverer.run()
    await asyncio.to_thread(writer.close)
    database.close()
