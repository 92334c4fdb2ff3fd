"""The clock is wrong for a while: an hour back, a year ahead, and right again. Nobody hears a thing twice."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from crm import lease
from crm.db import Database
from crm.outbox import Outbound
from outreach import campaigns, outbox, settling
from outreach.settling import Ended
from tests.conftest import NOON
from tests.outreach.people import DAY, assert_all_accounted_for, away, customer, plan_round, queued, states

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)
CAPS = campaigns.shipped().contact.caps


def minute(database: Database, now: datetime) -> list[int]:
    """A round and everything that may go out then; to whom it went."""
    plan_round(database, now)
    with database.write() as session:
        claimed = outbox.claim(session, owner="a", limit=100, caps=CAPS, now=now)
        ends = [Ended(row.id, row.customer_id, "sent") for row in claimed]
        settling.settle(session, ends, owner="a", now=now)
    return [row.customer_id for row in claimed]


def test_an_hour_back(database: Database) -> None:  # bad input 73
    with database.write() as session:
        people = [away(session, number).id for number in range(1, 6)]
        late = away(session, 6, marketing_consent=False)
    assert sorted(minute(database, NOON)) == people
    with database.write() as session:
        session.get_one(type(late), late.id).marketing_consent = True
        again = queued(session, session.get_one(type(late), people[0]), 99, campaign="tips")
        again_id = again.id
    heard: Counter[int] = Counter()
    now = NOON - HOUR
    while now <= NOON + HOUR:
        heard.update(minute(database, now))
        now += timedelta(minutes=10)
    assert heard == {late.id: 1}  # the cap still counts what was sent "in the future"
    with database.read() as session:
        kept = session.get_one(Outbound, again_id)
        assert (kept.state, kept.message_id) == ("queued", None)
    assert_all_accounted_for(database, states(database).total())


def test_a_year_ahead_sends_nothing_stale_and_back_again_nothing_twice(database: Database) -> None:
    with database.write() as session:
        for number in range(1, 4):
            away(session, number)
            queued(session, customer(session, 10 + number), number)
    plan_round(database)
    assert minute(database, NOON + 365 * DAY) == []
    ended = states(database)
    assert ended["queued"] == ended["sending"] == ended["sent"] == 0
    assert minute(database, NOON + HOUR) == []  # what was dropped stays dropped
    assert states(database) == ended
    with database.read() as session:
        assert all(session.scalars(select(Outbound.reason)))


def test_a_lease_from_the_future_is_waited_for_unless_its_owner_is_known_to_be_dead(
    database: Database,
) -> None:
    with database.write() as session:
        assert lease.take(session, "sender", "a", 10, now=NOON)
    with database.write() as session:
        assert not lease.take(session, "sender", "b", 10, now=NOON - HOUR)
        assert lease.take(session, "sender", "a", 10, now=NOON - HOUR)  # its owner goes on at once
        assert lease.take(session, "sender", "b", 10, now=NOON - HOUR + timedelta(seconds=10))
