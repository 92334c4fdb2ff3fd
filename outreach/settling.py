"""What became of sends, written as it comes in: whatever waits together shares one statement and COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import and_, bindparam, or_, update
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.writer import Writer, patiently
from outreach.outbox import NOW, TABLE


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one send: an end, or ``queued`` again from ``not_before`` when it surely never left."""

    id: int
    customer_id: int
    state: str
    message_id: int | None = None
    reason: str | None = None
    error: str | None = None
    not_before: datetime | None = None


def settle(session: Session, ends: Iterable[Ended], *, owner: str, now: datetime) -> None:
    """Write what became of sends, many in one statement. A late truth also replaces ``unknown``; only the
    claimer may tell. A row that is queued again is looked at afresh when its turn comes."""
    again, over = [], []
    for each in ends:
        told = _told(each, owner, now)
        if each.state == "queued":
            again.append(told | {"later": each.not_before})
        elif each.state != "blocked":
            over.append(told)
        elif session.execute(_OVER.returning(TABLE.c.id), told).first() is not None:
            session.execute(update(Customer).where(Customer.id == each.customer_id).values(reachable=False))
    if over:
        session.execute(_OVER, over)
    if again:
        session.execute(_AGAIN, again)


def _told(each: Ended, owner: str, now: datetime) -> dict[str, Any]:
    return {
        "row": each.id,
        "teller": owner,
        "now": now,
        "became": each.state,
        "message": each.message_id,
        "why": each.reason,
        "wrong": each.error[:200] if each.error else None,
    }


_OURS = and_(TABLE.c.id == bindparam("row"), TABLE.c.claimed_by == bindparam("teller"))
_OVER = (
    update(TABLE)
    .where(_OURS, or_(TABLE.c.state == "sending", TABLE.c.state == "unknown"))
    .values(
        state=bindparam("became"),
        settled_at=NOW,
        message_id=bindparam("message"),
        reason=bindparam("why"),
        error=bindparam("wrong"),
    )
)
_AGAIN = (
    update(TABLE)
    .where(_OURS, TABLE.c.state == "sending")
    .values(
        state="queued",
        not_before=bindparam("later"),
        claimed_at=None,
        claimed_by=None,
        error=bindparam("wrong"),
    )
)


class Settling:
    """``await settling.of(ended)`` returns when the truth is durable. A database that is away is waited for:
    what became of a send is known here alone. Raises what the last try raised."""

    def __init__(self, writer: Writer, owner: str, clock: Callable[[], datetime]) -> None:
        self._writer = writer
        self._owner = owner
        self._clock = clock
        self._waiting: list[tuple[Ended, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def of(self, ended: Ended) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((ended, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            error: Exception | None = None
            try:
                await patiently(partial(self._commit, [ended for ended, _ in batch]))
            except Exception as failure:  # noqa: BLE001 - each of those who wait hears of it
                error = failure
            for _, done in batch:
                if done.done():
                    continue
                done.set_result(None) if error is None else done.set_exception(error)

    async def _commit(self, ends: list[Ended]) -> None:
        now = self._clock()
        await self._writer.run(lambda session: settle(session, ends, owner=self._owner, now=now))
