"""A message by hand obeys the rules of every other: consent, caps, the night; it goes out once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from outreach import campaigns, outbox, unknowns
from outreach.message import Words
from outreach.personal import Barred, Ready, send, when
from templates import label, render
from tests.conftest import NOON

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def wei(database: Database) -> int:
    with database.write() as session:
        customer = Customer(name="Wei", chat_id=7, locale="en", service_consent=True, known_at=NOON)
        session.add(customer)
        session.flush()
        return customer.id


def write(session: Session, customer: int, nonce: str, now: datetime = NOON) -> bool:
    ready = when(session, customer, SHANGHAI, now)
    assert isinstance(ready, Ready), ready
    return send(session, customer, ready, nonce=nonce, text="<Fixed>", station="North", by="Ming", now=now)


def claim(session: Session, now: datetime) -> list[outbox.Claimed]:
    return outbox.claim(session, owner="me", limit=9, caps=campaigns.shipped().contact.caps, now=now)


def test_it_goes_out_once_and_in_words_that_say_from_whom(database: Database, wei: int) -> None:
    with database.write() as session:
        assert [write(session, wei, "a"), write(session, wei, "a")] == [True, False]
        (row,) = claim(session, NOON)
        assert claim(session, NOON) == []
    text, buttons = Words(render, label, "zh").of(row)
    assert text == "A word from <b>North</b>:\n\n&lt;Fixed&gt;\n\nMing"
    assert list(buttons) == []  # no offer: nothing to stop


def test_whoever_withdraws_meanwhile_is_not_written_to(database: Database, wei: int) -> None:
    with database.write() as session:
        write(session, wei, "a")
        session.get_one(Customer, wei).service_consent = False
        session.flush()
        assert claim(session, NOON) == []
        outbox.sweep(session, now=NOON)
        (row,) = session.scalars(select(Outbound)).all()
        assert (row.state, row.reason) == ("skipped", "no_consent")


def test_one_that_is_sent_again_waits_for_their_morning(database: Database, wei: int) -> None:
    late, morning = datetime(2026, 6, 15, 19, tzinfo=UTC), datetime(2026, 6, 16, 1, tzinfo=UTC)
    with database.write() as session:
        write(session, wei, "a")
        (row,) = claim(session, NOON)
        outbox.recover(session, owner="later", flying=(), now=NOON)
        assert unknowns.resend(session, row.id, campaigns.shipped().contact, by=1, now=late)
        again = session.get_one(Outbound, row.id, populate_existing=True)
        assert (again.reason, again.not_before) == ("quiet_hours", morning)  # 3:00 in Shanghai, then 9:00


def test_the_night_holds_it_and_its_time_ends_a_day_later(database: Database, wei: int) -> None:
    late = datetime(2026, 6, 15, 15, tzinfo=UTC)  # 23:00 in Shanghai
    morning = datetime(2026, 6, 16, 1, tzinfo=UTC)
    with database.write() as session:
        ready = when(session, wei, SHANGHAI, late)
        assert isinstance(ready, Ready)
        assert (ready.start, ready.reason, ready.expires) == (
            morning,
            "quiet_hours",
            morning + timedelta(days=1),
        )
        write(session, wei, "a", late)
        assert claim(session, late) == []
        assert len(claim(session, morning)) == 1


def test_two_in_a_week_count_whoever_wrote_them(database: Database, wei: int) -> None:
    with database.write() as session:
        for nonce in ("a", "b"):
            write(session, wei, nonce)
            (row,) = claim(session, NOON)
            session.get_one(Outbound, row.id, populate_existing=True).state = "sent"
            session.flush()
        found = when(session, wei, SHANGHAI, NOON)
        assert found == Barred("capped", NOON + timedelta(days=7), "Asia/Shanghai")
        soon = when(session, wei, SHANGHAI, NOON + timedelta(days=6, hours=12))
        assert isinstance(soon, Ready)
        assert soon.reason == "capped"
