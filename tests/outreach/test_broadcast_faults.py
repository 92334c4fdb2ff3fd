"""A broadcast to many, of which some opt out, some answers are lost and some sends never leave."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from crm.writer import Writer
from outreach import status
from outreach.deliver import Deliverer
from outreach.message import Words
from outreach.messenger import Buttons
from outreach.outcome import no_answer, not_sent
from outreach.pace import Pace
from templates import label, render
from tests.outreach.people import DAY, assert_all_accounted_for, customer, queued, states

pytestmark = pytest.mark.slow

AUDIENCE, LEAVING, LOST_SHARE, NEVER_LEFT = 400, 100, 0.05, 0.02


class Chat:
    """Telegram that loses answers and whose line drops; ``arrived`` is what people hold in their hands.

    ``room``, where there is one, is how many messages it takes for now."""

    def __init__(
        self, lost: float = 0.0, dropped: float = 0.0, room: asyncio.Semaphore | None = None
    ) -> None:
        self.room = room
        self.arrived: Counter[int] = Counter()
        self.lost: set[int] = set()
        self.chance = random.Random(5)
        self.shares = lost, dropped

    async def send(
        self, chat_id: int, text: str, buttons: Buttons, *, photo: str | None = None, paid: bool = False
    ) -> int:
        await (asyncio.sleep(0.002) if self.room is None else self.room.acquire())
        lost, dropped = self.shares
        if self.chance.random() < dropped:
            raise not_sent("no connection")
        self.arrived[chat_id] += 1
        if self.chance.random() < lost:
            self.lost.add(chat_id)
            raise no_answer("the connection broke")
        return len(self.arrived)


def now() -> datetime:
    return datetime.now(UTC)


def settle(database: Database) -> None:
    moment = now()
    with database.write() as session:
        for number in range(1, AUDIENCE + 1):
            times = {"not_before": moment, "expires_at": moment + 365 * DAY}
            queued(session, customer(session, number), number, **times)


def sender(writer: Writer, chat: Chat, rate: float) -> Deliverer:
    return Deliverer(writer, chat, Words(render, label, "en"), Pace(rate), "me", (), now, 3600)


async def test_a_hundred_opt_out_during_a_broadcast_and_none_is_claimed_after_it(database: Database) -> None:
    settle(database)
    room = asyncio.Semaphore(0)
    writer, chat, chance = Writer(database), Chat(room=room), random.Random(9)
    left: dict[int, datetime] = {}

    async def leave(number: int) -> None:
        def action(session: Session) -> None:
            session.execute(update(Customer).where(Customer.id == number).values(marketing_consent=False))

        await writer.run(action)
        left[number] = now()

    sending = asyncio.create_task(sender(writer, chat, 1000).once())
    for number in chance.sample(range(1, AUDIENCE + 1), LEAVING):
        await leave(number)
        room.release()
        room.release()
    for _ in range(AUDIENCE):
        room.release()
    assert await sending
    await asyncio.to_thread(writer.close)
    with database.read() as session:
        rows = session.execute(select(Outbound.customer_id, Outbound.state, Outbound.claimed_at)).all()
    claimed = {who: at for who, state, at in rows if state == "sent"}
    assert not {who for who, at in left.items() if who in claimed and (claimed[who] or at) > at}
    kept = set(left) - set(claimed)
    assert len(kept) >= 10, "everyone had been written to before they left: the test saw nothing"
    assert not {1000 + who for who in kept} & set(chat.arrived)
    assert set(chat.arrived) == {1000 + who for who in claimed}
    assert len(claimed) + len(kept) == AUDIENCE


async def test_lost_answers_double_nobody_and_what_never_left_arrives(database: Database) -> None:
    settle(database)
    writer, chat = Writer(database), Chat(LOST_SHARE, NEVER_LEFT)
    deliverer = sender(writer, chat, 1000)
    running = asyncio.create_task(deliverer.run())
    while states(database)["queued"] + states(database)["sending"]:
        await asyncio.sleep(0.05)
        deliverer.poke()
    deliverer.stop()
    await running
    await asyncio.to_thread(writer.close)
    assert set(chat.arrived.values()) == {1}
    assert len(chat.arrived) == AUDIENCE
    assert chat.lost
    assert states(database) == {"sent": AUDIENCE - len(chat.lost), "unknown": len(chat.lost)}
    assert_all_accounted_for(database, AUDIENCE)
    with database.read() as session:
        assert len(status.unknown(session)) == len(chat.lost)
