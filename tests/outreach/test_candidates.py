"""A round that looks only at those of whom there is news leaves the ledger of a round over everyone."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.outbox import Outbound
from crm.segments import CustomerSegment
from outreach.candidates import SOON
from tests.conftest import NOON
from tests.outreach.people import DAY, away, customer, plan_round, segment, visit

pytestmark = pytest.mark.slow

PEOPLE, STEPS = 14, 18
LIFE = ("lapsing", "dormant", "churned", "active")
Key = tuple[str, str, int]


def ledger(database: Database, now: datetime) -> dict[Key, tuple[Any, ...]]:
    """Every row that is over or may go out soon."""
    with database.read() as session:
        rows = session.scalars(select(Outbound)).all()
        return {
            (row.campaign, row.occurrence, row.customer_id): (
                *(row.state, row.reason, row.arm, row.facts, row.planned_at, row.settled_at),
                *(row.not_before, row.window_end, row.expires_at, row.unless_visit_after),
            )
            for row in rows
            if row.state != "queued" or row.not_before <= now + SOON
        }


def later_ones(database: Database, now: datetime) -> set[Key]:
    with database.read() as session:
        rows = session.scalars(select(Outbound).where(Outbound.state == "queued"))
        return {
            (row.campaign, row.occurrence, row.customer_id) for row in rows if row.not_before > now + SOON
        }


def town(session: Session, chance: random.Random) -> None:
    for number in range(1, PEOPLE + 1):
        facts = {"chat_id": 1000 + number if chance.random() < 0.6 else None}
        facts["marketing_consent"] = chance.random() < 0.7
        if chance.random() < 0.7:
            away(session, number, chance.randint(30, 300), chance.choice(LIFE), **facts)
        else:
            who = customer(session, number, registered_at=NOON - chance.randint(0, 9) * DAY, **facts)
            if chance.random() < 0.5:
                visit(session, who, NOON - chance.randint(0, 5) * DAY)
                segment(session, who, chance.choice(LIFE), chance.choice(("vip", "regular")))


def _agrees(session: Session, who: int, chance: random.Random, _now: datetime) -> None:
    session.execute(
        update(Customer).where(Customer.id == who).values(marketing_consent=chance.random() < 0.5)
    )


def _comes_or_goes(session: Session, who: int, chance: random.Random, _now: datetime) -> None:
    chat = 1000 + who if chance.random() < 0.7 else None
    session.execute(update(Customer).where(Customer.id == who).values(chat_id=chat))


def _blocks(session: Session, who: int, chance: random.Random, _now: datetime) -> None:
    session.execute(update(Customer).where(Customer.id == who).values(reachable=chance.random() < 0.5))


def _merges(session: Session, who: int, chance: random.Random, _now: datetime) -> None:
    into = who % PEOPLE + 1
    session.execute(
        update(Customer)
        .where(Customer.id == who, Customer.id != into)
        .values(merged_into=into, merged_at=NOON, chat_id=None)
    )


def _visits(session: Session, who: int, chance: random.Random, now: datetime) -> None:
    visit(session, session.get_one(Customer, who), now - timedelta(hours=chance.randint(0, 30)))


def _voids(session: Session, who: int, _chance: random.Random, now: datetime) -> None:
    last = session.scalar(select(Fillup.id).where(Fillup.customer_id == who).order_by(Fillup.at.desc()))
    session.execute(update(Fillup).where(Fillup.id == last).values(voided_at=now))


def _moves(session: Session, who: int, chance: random.Random, now: datetime) -> None:
    """As the night does: the day of the last visit is that of the log."""
    last = session.scalar(
        select(Fillup.day)
        .where(Fillup.customer_id == who, Fillup.voided_at.is_(None))
        .order_by(Fillup.day.desc())
    )
    session.execute(
        update(CustomerSegment)
        .where(CustomerSegment.customer_id == who)
        .values(lifecycle=chance.choice(LIFE), last_visit=last, as_of=now.date())
    )


def _hears(session: Session, who: int, chance: random.Random, now: datetime) -> None:
    state = chance.choice(("sent", "unknown", "failed", "sending"))
    session.execute(
        update(Outbound)
        .where(Outbound.customer_id == who, Outbound.state == "queued")
        .values(state=state, claimed_at=now, settled_at=now)
    )


def _renames(session: Session, who: int, chance: random.Random, _now: datetime) -> None:
    session.get_one(Customer, who).name = f"N{chance.randint(0, 99)}"


ACTS: tuple[Callable[[Session, int, random.Random, datetime], None], ...] = (
    *(_agrees, _comes_or_goes, _blocks, _merges, _visits, _voids, _moves, _moves, _hears, _renames),
)


@pytest.mark.parametrize("seed", range(8))
def test_news_alone_lead_to_the_same_ledger(database: Database, seed: int) -> None:
    chance, now = random.Random(seed), NOON
    with database.write() as session:
        town(session, chance)
    for _ in range(STEPS):
        plan_round(database, now=now, everyone=False)
        news, later = ledger(database, now), later_ones(database, now)
        plan_round(database, now=now)
        everyone = ledger(database, now)
        assert {key: row for key, row in everyone.items() if key not in later} == news
        now += timedelta(minutes=chance.choice((1, 20, 300, 900)))
        with database.write() as session:
            for _ in range(chance.randint(0, 3)):
                chance.choice(ACTS)(session, chance.randint(1, PEOPLE), chance, now)


def test_a_round_without_news_looks_at_nobody(database: Database) -> None:
    with database.write() as session:
        for number in range(1, 30):
            away(session, number, chat_id=None)
    assert plan_round(database, everyone=False).added == 29
    quiet = plan_round(database, now=NOON + timedelta(minutes=1), everyone=False)
    assert (quiet.people, quiet.added, quiet.changed) == (0, 0, 0)
    assert plan_round(database, now=NOON + timedelta(minutes=1)).people == 29
    with database.write() as session:
        session.execute(update(Customer).where(Customer.id == 7).values(chat_id=1007))
    assert plan_round(database, now=NOON + timedelta(minutes=2), everyone=False).people == 1
