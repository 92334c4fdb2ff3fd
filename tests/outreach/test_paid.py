"""Broadcasts that are paid for: at a pace of their own, never beyond the budget, told when it is spent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update

from crm import broadcasts
from crm.broadcasts import Broadcast
from crm.db import Database
from crm.outbox import Outbound
from crm.writer import Writer
from outreach import paid
from outreach.messenger import Buttons
from outreach.outcome import Outcome, SendFailed
from outreach.pace import Pace
from outreach.paid import Lane
from outreach.running import advance
from tests.conftest import NOON
from tests.outreach.broadcasts import LIMITS, TERMS, approved, stands
from tests.outreach.people import customer, queued, states
from tests.outreach.sending import Chat, Held, sender


@dataclass
class Till(Chat):
    """Telegram, which sees what it is paid for."""

    paid: list[int] = field(default_factory=list)

    async def send(
        self, chat_id: int, text: str, buttons: Buttons, *, photo: str | None = None, paid: bool = False
    ) -> int:
        if paid:
            self.paid.append(chat_id)
        return await super().send(chat_id, text, buttons)


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[Writer]:
    writer = Writer(database)
    yield writer
    await asyncio.to_thread(writer.close)


def begun(database: Database, people: int, stars: int | None) -> int:
    with database.write() as session:
        for number in range(1, people + 1):
            customer(session, number)
        made = approved(session)
        assert broadcasts.pay(session, made.id, stars)
        number = made.id
    assert advance(database, TERMS, LIMITS, NOON) == [number]
    return number


def fast(**options: Any) -> dict[str, Any]:
    return {"fast": Lane(Pace(1000), 64), "in_flight": 1, **options}


def counted(database: Database, number: int) -> tuple[int, int]:
    """What the broadcast counts and what the ledger holds."""
    with database.read() as session:
        held = session.scalar(select(func.count()).where(Outbound.paid.is_(True)))
        return session.get_one(Broadcast, number).paid, held or 0


async def test_it_goes_at_its_own_pace_and_is_counted(database: Database, writer: Writer) -> None:
    number, chat = begun(database, 30, stars=5), Till()
    with database.write() as session:
        queued(session, customer(session, 99), 99)
    await sender(writer, chat, **fast()).once()
    assert states(database) == {"sent": 31}
    assert len(set(chat.paid)) == len(chat.paid) >= 29, "the first, a claim before it was known of, was free"
    assert 1099 not in chat.paid, "no other campaign is paid for"
    assert counted(database, number) == (len(chat.paid), len(chat.paid))
    assert stands(database, number)[0] == "running"


async def test_the_budget_is_never_exceeded_and_it_pauses(database: Database, writer: Writer) -> None:
    number, chat = begun(database, 40, stars=1), Till()
    await sender(writer, chat, **fast()).once()
    assert len(chat.paid) == 10
    assert counted(database, number) == (10, 10)
    assert stands(database, number) == ("paused", "stars")
    arrived = len(chat.arrived)
    assert 10 <= arrived < 40
    await sender(writer, chat, **fast()).once()
    assert len(chat.arrived) == arrived
    with database.write() as session:
        assert broadcasts.resume(session, number)
    await sender(writer, chat, **fast()).once()
    assert states(database) == {"sent": 40}
    assert len(chat.paid) == 10, "resumed, it goes on for free"


async def test_without_the_setting_nothing_is_paid(database: Database, writer: Writer) -> None:
    number, chat = begun(database, 5, stars=1), Till()
    await sender(writer, chat).once()
    assert states(database) == {"sent": 5}
    assert chat.paid == []
    assert counted(database, number) == (0, 0)


async def test_a_message_put_back_is_paid_for_once_and_a_halt_stops_both(
    database: Database, writer: Writer
) -> None:
    number = begun(database, 6, stars=1)
    chat = Till({1005: [SendFailed(Outcome.RETRY_AFTER, "slow down", 0.3)]})
    held = Held()
    deliverer = sender(writer, chat, **fast(pace=held.pace(), fast=Lane(held.pace(), 64)))
    await deliverer.drain()
    assert deliverer.pace.halted_for == 0.3
    assert deliverer.fast is not None
    assert deliverer.fast.pace.halted_for == 0.3
    with database.write() as session:
        session.execute(update(Outbound).where(Outbound.state == "queued").values(not_before=NOON))
    held.move_on(0.3)
    await deliverer.once()
    assert states(database) == {"sent": 6}
    of_ledger = counted(database, number)
    assert of_ledger[0] == of_ledger[1] == len(set(chat.paid)) <= 6


def test_one_of_whom_nobody_can_go_holds_nobody_up(database: Database) -> None:
    number = begun(database, 2, stars=1)
    later: datetime = NOON.replace(day=20)
    with database.write() as session:
        found = paid.running(session, NOON)
        assert found == paid.Paid(number, f"b{number}", 10)
        session.execute(update(Outbound).values(not_before=later))
        assert paid.running(session, NOON) is None
        session.execute(update(Outbound).values(not_before=NOON))
        assert broadcasts.pay(session, number, None)
        assert paid.running(session, NOON) is None
        broadcasts.stop(session, number, now=NOON)
        assert not broadcasts.pay(session, number, 5), "it is over"
