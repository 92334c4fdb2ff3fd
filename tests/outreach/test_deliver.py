"""The sender against a chat that blocks, floods and loses answers; the ledger always adds up."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from crm import broadcasts, lease
from crm.broadcasts import Broadcast
from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from crm.writer import Writer
from outreach.messenger import Buttons
from outreach.outcome import Outcome, SendFailed, no_answer, not_sent, of_answer
from outreach.trouble import Trouble
from tests.conftest import NOON
from tests.outreach.broadcasts import started
from tests.outreach.people import assert_all_accounted_for, away, customer, plan_round, queued, states
from tests.outreach.sending import Chat, Held, Steady, at_work, fill, sender, turns


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
    clock, held = Steady(), Held()
    deliverer = sender(writer, chat, clock=clock, pace=held.pace(), in_flight=4)
    assert await deliverer.drain()
    assert deliverer.pace.halted_for == 0.5
    assert states(database)["sending"] == 0
    begun = len(chat.called)
    assert begun <= 10 + 4
    clock.now += timedelta(seconds=1)
    held.move_on(0.499)
    assert await deliverer.drain()
    assert len(chat.called) == begun, "the halt is not over"
    held.move_on(0.001)
    assert await deliverer.once()
    assert states(database) == {"sent": 30}
    assert chat.copies == Counter(range(1001, 1031))
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


async def test_whatever_a_row_holds_it_ends_that_row_alone(database: Database, writer: Writer) -> None:
    fill(database, 2)
    odd = {"code": "A", "value": "much", "currency": "CNY", "until": "2026-07-01"}
    with database.write() as session:
        row = session.scalars(select(Outbound).where(Outbound.customer_id == 1)).one()
        row.facts = row.facts | {"coupon": odd}
    deliverer = sender(writer, Chat())
    await deliverer.once()
    assert states(database) == {"failed": 1, "sent": 1}
    assert deliverer.tally == {"failed": 1, "sent": 1}


async def test_an_error_nobody_foresaw_leaves_it_open(database: Database, writer: Writer) -> None:
    class Broken(Chat):
        async def send(
            self, chat_id: int, text: str, buttons: Buttons, *, photo: str | None = None, paid: bool = False
        ) -> int:
            raise RuntimeError("what is this?")

    fill(database, 1)
    await sender(writer, Broken()).once()
    assert states(database) == {"unknown": 1}


async def test_a_stop_finishes_what_is_out_and_returns_the_rest(database: Database, writer: Writer) -> None:
    fill(database, 40)
    chat = Chat(delay=0.01)
    deliverer = sender(writer, chat, pace=Held().pace(5), in_flight=20)
    async with at_work(deliverer, chat):
        await chat.calls(1)
    found = states(database)
    assert found["unknown"] == found["sending"] == 0
    assert found["sent"] == len(chat.arrived) >= 1
    assert_all_accounted_for(database, 40)
    with database.write() as session:
        assert lease.take(session, "sender", "next", 10, now=NOON)


async def test_nothing_is_claimed_without_leave_to_send(database: Database, writer: Writer) -> None:
    fill(database, 40)
    chat, held = Chat(hold=asyncio.Event()), Held()
    async with at_work(sender(writer, chat, pace=held.pace(3), in_flight=20), chat):
        for number in (1, 2, 3):
            await chat.calls(number)
            held.move_on(0.4)
        held.move_on(60)  # three are on their way: until one has arrived, time alone brings no leave
        await turns(writer)
        assert states(database) == {"sending": 3, "queued": 37}
    assert states(database)["sending"] == 0


async def test_whoever_was_just_written_to_is_written_to_later(database: Database, writer: Writer) -> None:
    fill(database, 2)
    chat, held, clock = Chat(), Held(), Steady()
    pace = held.pace(1000)
    pace.answered(await pace.slot(1001, urgent=True))
    deliverer = sender(writer, chat, pace=pace, clock=clock)
    assert await deliverer.once()
    assert states(database) == {"sent": 1, "queued": 1}
    assert chat.copies == Counter([1002])
    clock.now += timedelta(seconds=1)
    held.move_on(pace.busy_for(1001))
    assert await deliverer.once()
    assert states(database) == {"sent": 2}
    assert chat.copies == Counter([1001, 1002])


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


async def test_a_broadcast_has_its_photo_and_other_campaigns_none(database: Database, writer: Writer) -> None:
    started(database, 3, photo="wash")
    with database.write() as session:
        queued(session, customer(session, 9), 9)
    chat = Chat()
    await sender(writer, chat).drain()
    assert chat.photos == {1001: "wash", 1002: "wash", 1003: "wash", 1009: None}


def test_one_that_arrives_ends_the_row_of_errors() -> None:
    trouble = Trouble(3)
    told = [
        trouble.told("b1", state) for state in ("failed", "unknown", "sent", "failed", "unknown", "failed")
    ]
    assert told == [False] * 5 + [True]
    assert not trouble.told("b2", "failed")
