"""The sender against a chat that blocks, floods, loses answers and dies; the ledger always adds up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm import broadcasts, erasure, lease
from crm.broadcasts import Broadcast
from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from crm.writer import Writer
from outreach import campaigns, outbox, settling
from outreach.deliver import Deliverer
from outreach.message import Words
from outreach.messenger import Buttons
from outreach.outcome import Outcome, SendFailed, no_answer, not_sent, of_answer
from outreach.pace import Pace
from outreach.trouble import Trouble
from templates import label, render
from tests.conftest import NOON
from tests.outreach.people import DAY, assert_all_accounted_for, away, customer, plan_round, queued, states

CAPS = campaigns.shipped().contact.caps
WORDS = Words(render, label, "en")


@dataclass
class Chat:
    """Telegram as the sender sees it. ``answers`` are what the first sends to a chat come back with."""

    answers: dict[int, list[SendFailed]] = field(default_factory=dict)
    delay: float = 0.001
    arrived: list[tuple[int, str, Buttons]] = field(default_factory=list)
    called: list[float] = field(default_factory=list)
    hold: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, chat_id: int, text: str, buttons: Buttons) -> int:
        self.called.append(asyncio.get_running_loop().time())
        self.reached.set()
        await asyncio.sleep(self.delay)
        if self.hold is not None:
            await self.hold.wait()
        if waiting := self.answers.get(chat_id):
            failure = waiting.pop(0)
            if failure.outcome is Outcome.UNKNOWN:
                self.arrived.append((chat_id, text, buttons))
            raise failure
        self.arrived.append((chat_id, text, buttons))
        return len(self.arrived)

    @property
    def copies(self) -> Counter[int]:
        return Counter(chat_id for chat_id, *_ in self.arrived)


class Steady:
    """Noon, until told otherwise."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[Writer]:
    writer = Writer(database)
    yield writer
    await asyncio.to_thread(writer.close)


def sender(writer: Writer, chat: Chat, **options: Any) -> Deliverer:
    given: dict[str, Any] = {"pace": Pace(1000), "owner": "me", "caps": CAPS, "clock": Steady()}
    return Deliverer(writer, chat, WORDS, **{**given, **options})


def fill(database: Database, number: int) -> None:
    with database.write() as session:
        for n in range(1, number + 1):
            queued(session, customer(session, n), n)


async def test_everyone_gets_theirs_once(database: Database, writer: Writer) -> None:
    fill(database, 50)
    chat = Chat()
    deliverer = sender(writer, chat)
    assert await deliverer.once()
    assert chat.copies == Counter(range(1001, 1051))
    assert states(database) == {"sent": 50}
    assert deliverer.tally == {"sent": 50}
    assert_all_accounted_for(database, 50)
    assert await sender(writer, chat, owner="later").once()
    assert len(chat.arrived) == 50


async def test_from_the_round_to_the_message(database: Database, writer: Writer) -> None:
    with database.write() as session:
        away(session, 1, days=200, lifecycle="churned", name="Anna <3", locale="en")
        away(session, 2, locale="zh")
    plan_round(database)
    chat = Chat()
    await sender(writer, chat).once()
    texts = {chat_id: (text, buttons) for chat_id, text, buttons in chat.arrived}
    text, buttons = texts[1001]
    assert "Anna &lt;3" in text
    with database.read() as session:
        rows = {row.customer_id: row for row in session.scalars(select(Outbound))}
        facts = {row.customer_id: row.facts for row in rows.values()}
        ids = {row.customer_id: row.id for row in rows.values()}
    assert facts[1]["coupon"]["code"] in text
    taps = [button.data for row in buttons for button in row]
    assert taps[0] == f"left:price:{ids[1]}"
    assert taps[-1] == "offers.stop"
    assert all(len(tap.encode()) <= 64 for tap in taps)
    text, buttons = texts[1002]
    assert "好久不见" in text
    code = facts[2]["coupon"]["code"]
    assert [[button.data for button in row] for row in buttons] == [[f"coupon.qr:{code}"], ["offers.stop"]]


@pytest.mark.parametrize(
    ("failure", "state", "reachable"),
    [
        (of_answer(403, "Forbidden: bot was blocked by the user"), "blocked", False),
        (of_answer(400, "Bad Request: message is too long"), "failed", True),
        (of_answer(400, "Bad Request: group chat was upgraded to a supergroup chat"), "failed", True),
        (no_answer("timed out"), "unknown", True),
    ],
)
async def test_each_end_is_kept_and_final(
    database: Database, writer: Writer, failure: SendFailed, state: str, reachable: bool
) -> None:
    fill(database, 3)
    chat = Chat({1002: [failure]})
    await sender(writer, chat).once()
    await sender(writer, chat, owner="again").once()
    assert states(database) == {"sent": 2, state: 1}
    assert len(chat.called) == 3
    with database.read() as session:
        assert session.scalars(select(Customer.reachable).where(Customer.id == 2)).one() is reachable


async def test_a_flood_limit_stops_everyone_and_loses_nobody(database: Database, writer: Writer) -> None:
    fill(database, 30)
    chat = Chat({1010: [SendFailed(Outcome.RETRY_AFTER, "slow down", 0.5)]})
    clock = Steady()
    deliverer = sender(writer, chat, clock=clock, in_flight=4)
    running = asyncio.create_task(deliverer.drain())
    await running
    assert deliverer.pace.halted_for > 0
    halted_at = chat.called[-1]
    assert states(database)["sending"] == 0
    clock.now += timedelta(seconds=1)
    await asyncio.sleep(deliverer.pace.halted_for)
    assert await deliverer.once()
    assert states(database) == {"sent": 30}
    assert chat.copies == Counter(range(1001, 1031))
    later = [at for at in chat.called if at > halted_at]
    assert min(later) - halted_at >= 0.5
    assert_all_accounted_for(database, 30)


async def test_what_never_left_is_sent_again(database: Database, writer: Writer) -> None:
    fill(database, 5)
    chat = Chat({1001: [not_sent("no connection"), not_sent("no connection")]})
    clock = Steady()
    deliverer = sender(writer, chat, clock=clock, in_flight=1)
    for _ in range(4):
        await deliverer.once()
        clock.now += timedelta(seconds=60)
    assert states(database) == {"sent": 5}
    assert chat.copies == Counter(range(1001, 1006))


async def test_a_text_that_cannot_be_written_is_its_own_failure(database: Database, writer: Writer) -> None:
    fill(database, 2)
    with database.write() as session:
        session.execute(update(Outbound).where(Outbound.customer_id == 1).values(template="outreach/nowhere"))
    chat = Chat()
    await sender(writer, chat).once()
    assert states(database) == {"failed": 1, "sent": 1}
    with database.read() as session:
        assert session.scalars(select(Outbound.reason).where(Outbound.state == "failed")).one() == "template"


async def test_an_error_nobody_foresaw_leaves_it_open(database: Database, writer: Writer) -> None:
    class Broken(Chat):
        async def send(self, chat_id: int, text: str, buttons: Buttons) -> int:
            raise RuntimeError("what is this?")

    fill(database, 1)
    await sender(writer, Broken()).once()
    assert states(database) == {"unknown": 1}


async def test_a_stop_finishes_what_is_out_and_returns_the_rest(database: Database, writer: Writer) -> None:
    fill(database, 40)
    chat = Chat(delay=0.01)
    deliverer = sender(writer, chat, pace=Pace(5), in_flight=20)
    running = asyncio.create_task(deliverer.run())
    await chat.reached.wait()
    deliverer.stop()
    await asyncio.wait_for(running, 5)
    found = states(database)
    assert found["unknown"] == found["sending"] == 0
    assert found["sent"] == len(chat.arrived) >= 1
    assert_all_accounted_for(database, 40)
    with database.write() as session:
        assert lease.take(session, "sender", "next", 10, now=NOON)


async def test_nothing_is_claimed_without_leave_to_send(database: Database, writer: Writer) -> None:
    fill(database, 40)
    chat = Chat(hold=asyncio.Event())
    deliverer = sender(writer, chat, pace=Pace(3), in_flight=20)
    running = asyncio.create_task(deliverer.run())
    for _ in range(3):
        await chat.reached.wait()
        chat.reached.clear()
    await asyncio.sleep(0.05)  # the rest of the rate is used up: whoever looks now finds nothing claimed
    assert states(database) == {"sending": 3, "queued": 37}
    assert chat.hold is not None
    chat.hold.set()
    deliverer.stop()
    await asyncio.wait_for(running, 5)
    assert states(database)["sending"] == 0


async def test_whoever_was_just_written_to_is_written_to_later(database: Database, writer: Writer) -> None:
    fill(database, 2)
    chat, pace, clock = Chat(), Pace(1000), Steady()
    pace.answered(await pace.slot(1001, urgent=True))
    deliverer = sender(writer, chat, pace=pace, clock=clock)
    assert await deliverer.once()
    assert states(database) == {"sent": 1, "queued": 1}
    assert chat.copies == Counter([1002])
    clock.now += timedelta(seconds=1)
    while pace.busy_for(1001):
        await asyncio.sleep(0.05)
    assert await deliverer.once()
    assert states(database) == {"sent": 2}


async def test_one_sender_at_a_time(database: Database, writer: Writer) -> None:
    fill(database, 10)
    chat = Chat(hold=asyncio.Event())
    first = asyncio.create_task(sender(writer, chat, owner="first").once())
    await chat.reached.wait()
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
    await chat.reached.wait()
    await asyncio.sleep(0.05)
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
    await chat.reached.wait()
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
    await chat.reached.wait()
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
    deliverer = sender(writer, chat, idle_seconds=60)
    running = asyncio.create_task(deliverer.run())
    await asyncio.sleep(0.05)
    fill(database, 1)
    deliverer.poke()
    await asyncio.wait_for(chat.reached.wait(), 5)
    deliverer.stop()
    await asyncio.wait_for(running, 5)
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
    monkeypatch.setattr(asyncio, "sleep", at_once)
    fill(database, 1)
    await sender(writer, Chat(delay=0)).once()
    assert states(database) == {"sent": 1}


async def at_once(_seconds: float) -> None:
    """Sleep without the waiting."""
    await asyncio.wait([asyncio.create_task(asyncio.Event().wait())], timeout=0)


async def test_errors_in_a_row_pause_a_broadcast_and_nothing_else(database: Database, writer: Writer) -> None:
    fill(database, 30)
    with database.write() as session:
        made = broadcasts.draft(session, by=1, stations=None, currency="CNY", now=NOON)
        session.execute(update(Broadcast).values(stands="running"))
        half = select(Outbound.id).where(Outbound.customer_id % 2 == 0)
        session.execute(update(Outbound).where(Outbound.id.in_(half)).values(campaign=made.campaign))
    refused = {1000 + n: [of_answer(400, "Bad Request: no")] for n in range(2, 31, 2)}
    sending = sender(writer, Chat(refused), trouble=Trouble(5), in_flight=1)
    await sending.once()
    with database.read() as session:
        found = session.scalars(select(Broadcast)).one()
        assert (found.stands, found.why) == ("paused", "errors")
        rows = session.execute(select(Outbound.campaign, Outbound.state))
        counted = Counter(tuple(row) for row in rows)
    assert counted == {("b1", "failed"): 5, ("b1", "queued"): 10, ("win_back", "sent"): 15}


def test_one_that_arrives_ends_the_row_of_errors() -> None:
    trouble = Trouble(3)
    told = [
        trouble.told("b1", state) for state in ("failed", "unknown", "sent", "failed", "unknown", "failed")
    ]
    assert told == [False] * 5 + [True]
    assert not trouble.told("b2", "failed")
