"""Taps on messages of the ledger: counted once per person and button, and only on one's own message."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from crm import taps
from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from tests.conftest import NOON
from tests.outreach.people import customer, queued


def test_counted_once_per_person_and_button(database: Database) -> None:
    with database.write() as session:
        first, second = customer(session, 1), customer(session, 2)
        for number, who in ((7, first), (8, second)):
            row = queued(session, who, state="sent", claimed_at=NOON, settled_at=NOON)
            row.message_id = number
    with database.write() as session:

        def tap(chat: int, message: int, data: str) -> bool:
            at = NOON + timedelta(hours=1)
            return taps.note(session, chat_id=chat, message_id=message, data=data, now=at)

        assert tap(1001, 7, "left:price:1")
        assert tap(1001, 7, "left:moved:1")
        assert tap(1002, 8, "left:price:2")
        assert tap(1001, 7, "offers.stop")
        assert not tap(1001, 8, "left:price:2")  # somebody else's message
        assert not tap(1003, 7, "left:price:1")
    with database.read() as session:
        assert taps.people(session, "win_back") == {"left": 2, "offers_stop": 1}
        assert taps.people(session, "vip") == {}


def test_whoever_was_joined_counts_as_one(database: Database) -> None:
    with database.write() as session:
        old, kept = customer(session, 1), customer(session, 2)
        for number, who in ((7, old), (8, kept)):
            queued(session, who, state="sent", claimed_at=NOON, settled_at=NOON).message_id = number
        session.flush()
        session.execute(
            update(Customer).where(Customer.id == old.id).values(merged_into=kept.id, chat_id=None)
        )
    with database.write() as session:
        for message in (7, 8):
            assert taps.note(session, chat_id=1002, message_id=message, data="offers.stop", now=NOON)
    with database.read() as session:
        assert taps.people(session, "win_back") == {"offers_stop": 1}
        assert session.query(Outbound).count() == 2
