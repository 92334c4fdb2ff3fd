"""While it sends: another sender, one that dies, people who leave, a late row, a database that is away."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm import erasure, lease
from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from crm.writer import Writer, patiently
from outreach import outbox, settling
from tests.conftest import NOON
from tests.outreach.people import DAY, assert_all_accounted_for, states
from tests.outreach.sending import Chat, Steady, at_work, fill, sender, turns


async def test_one_sender_at_a_time(database: Database, writer: Writer) -> None:
    fill(database, 10)
    chat = Chat(hold=asyncio.Event())
    first = asyncio.create_task(sender(writer, chat, owner="first").once())
    await chat.calls(1)
    assert await sender(writer, chat, owner="second").once() is False
    assert chat.hold is not None
    chat.hold.set()
    assert await first
    assert chat.copies == Counter(range(1001, 1011))


async def test_a_dead_sender_leaves_unknowns_only_when_its_lease_has_ended(
    database: Database, writer: Writer
) -> None:
    fill(database, 20)
    chat, clock = Chat(hold=asyncio.Event()), Steady()
    dying = sender(writer, chat, owner="dying", clock=clock, in_flight=4)
    death = asyncio.create_task(dying.drain())
    await chat.calls(4)
    for task in (*dying._flying.values(), death):
        task.cancel()
    await asyncio.gather(death, return_exceptions=True)
    assert states(database)["sending"] == 4

    chat.hold = None
    heir = sender(writer, chat, owner="heir", clock=clock)
    clock.now += timedelta(seconds=9)
    assert await heir.once() is False
    assert states(database)["sending"] == 4
    clock.now += timedelta(seconds=2)
    assert await heir.once() is True
    assert states(database) == {"unknown": 4, "sent": 16}
    assert all(copies == 1 for copies in chat.copies.values())
    assert_all_accounted_for(database, 20)


async def test_the_dead_one_may_be_known_to_be_dead(database: Database, writer: Writer) -> None:
    fill(database, 1)
    with database.write() as session:
        lease.take(session, "sender", "dead", 600, now=NOON)
        session.execute(update(Outbound).values(state="sending", claimed_by="dead", claimed_at=NOON))
    assert await sender(writer, Chat(), gone=lambda owner: owner == "dead").once()
    assert states(database) == {"unknown": 1}


async def test_who_opts_out_during_a_broadcast_is_not_claimed_after_it(
    database: Database, writer: Writer
) -> None:
    fill(database, 60)
    chat = Chat(delay=0.005)
    deliverer = sender(writer, chat, in_flight=4)
    running = asyncio.create_task(deliverer.once())
    await chat.calls(1)
    out_already = {chat_id for chat_id, *_ in chat.arrived}
    with database.write() as session:
        session.execute(update(Customer).values(marketing_consent=False))
        claimed = set(
            session.scalars(
                select(Customer.chat_id)
                .join(Outbound, Outbound.customer_id == Customer.id)
                .where(Outbound.state.in_(("sending", "sent")))
            )
        )
    await running
    assert {chat_id for chat_id, *_ in chat.arrived} <= claimed | out_already
    assert len(chat.arrived) < 60
    with database.read() as session:
        left = session.scalars(select(Outbound.reason).where(Outbound.state == "skipped")).all()
    assert set(left) <= {"no_consent"}


async def test_who_is_erased_during_a_broadcast_is_not_claimed_after_it(
    database: Database, writer: Writer
) -> None:
    fill(database, 60)
    chat = Chat(delay=0.005)
    running = asyncio.create_task(sender(writer, chat, in_flight=4).once())
    await chat.calls(1)
    with database.write() as session:
        waiting = select(Outbound.customer_id).where(Outbound.state == "queued")
        people = select(Customer).where(Customer.id.in_(waiting))
        gone = {each.id: each.chat_id for each in session.scalars(people)}
        for number in gone:
            erasure.erase(session, session.get_one(Customer, number), by=0, now=NOON)
    await running
    assert gone
    assert not {chat_id for chat_id, *_ in chat.arrived} & set(gone.values())
    with database.read() as session:
        rows = select(Outbound.state, Outbound.reason, Outbound.facts).where(Outbound.customer_id.in_(gone))
        assert {(state, reason) for state, reason, _ in session.execute(rows)} == {("skipped", "erased")}
        assert [facts for *_, facts in session.execute(rows) if facts] == []


async def test_a_poke_wakes_an_idle_sender(database: Database, writer: Writer) -> None:
    chat = Chat()
    deliverer = sender(writer, chat, idle_seconds=3600)
    async with at_work(deliverer, chat):
        await turns(writer)
        fill(database, 1)
        deliverer.poke()
        await chat.calls(1)
    assert states(database) == {"sent": 1}


async def test_a_late_row_expires_instead_of_going_out(database: Database, writer: Writer) -> None:
    fill(database, 1)
    clock = Steady()
    clock.now += 20 * DAY
    chat = Chat()
    await sender(writer, chat, clock=clock).once()
    assert (states(database), chat.called) == ({"expired": 1}, [])


async def test_an_idle_sender_does_not_sweep_the_queue_every_second(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[datetime] = []
    sweep = outbox.sweep

    def counted(session: Session, *, now: datetime) -> int:
        swept.append(now)
        return sweep(session, now=now)

    monkeypatch.setattr(outbox, "sweep", counted)
    clock = Steady()
    deliverer = sender(writer, Chat(), clock=clock)
    for _ in range(60):
        await deliverer.drain()
        clock.now += timedelta(seconds=1)
    assert len(swept) == 2
    clock.now -= timedelta(hours=1)  # a clock that was put back does not stop it
    await deliverer.drain()
    assert len(swept) == 3
    await deliverer.once()


async def test_what_became_of_a_send_outlives_a_database_that_is_away(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = iter([True] * 6)
    settle = settling.settle

    def away_first(session: Session, *arguments: Any, **more: Any) -> None:
        if next(fails, False):
            raise OperationalError("UPDATE", None, Exception("gone"))
        settle(session, *arguments, **more)

    monkeypatch.setattr(settling, "settle", away_first)
    monkeypatch.setattr(settling, "patiently", partial(patiently, pauses=[0.0] * 6))
    fill(database, 1)
    await sender(writer, Chat(delay=0)).once()
    assert states(database) == {"sent": 1}
