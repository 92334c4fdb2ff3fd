"""People, visits and ledger rows for the tests of outreach."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.outbox import Outbound
from crm.segments import CustomerSegment, SegmentChange, SegmentRun
from crm.stations import Station
from outreach.round import Report, run_round
from tests.conftest import NOON

SHANGHAI = "Asia/Shanghai"
DAY = timedelta(days=1)


def station(session: Session, name: str = "North Gate", timezone: str = SHANGHAI) -> Station:
    found = session.scalar(select(Station).where(Station.code == name))
    if found is None:
        found = Station(code=name, name=name, timezone=timezone, currency="CNY")
        session.add(found)
        session.flush()
    return found


def customer(session: Session, number: int = 1, **facts: Any) -> Customer:
    """Someone in chat who agreed to everything."""
    given: dict[str, Any] = {
        "member": f"M{number}",
        "name": f"Driver {number}",
        "chat_id": 1000 + number,
        "known_at": NOON - 400 * DAY,
        "registered_at": NOON - 400 * DAY,
        "marketing_consent": True,
        "service_consent": True,
    }
    made = Customer(**{**given, **facts})
    session.add(made)
    session.flush()
    return made


def visit(session: Session, who: Customer, at: datetime, **facts: Any) -> Fillup:
    where = station(session)
    given: dict[str, Any] = {
        "customer_id": who.id,
        "station_id": where.id,
        "at": at,
        "day": at.astimezone(ZoneInfo(where.timezone)).date(),
        "product": "95",
        "millilitres": 40_000,
        "amount": 32_000,
        "currency": "CNY",
        "source": "pos",
        "confirmed": True,
        "recorded_at": at,
    }
    made = Fillup(**{**given, **facts})
    session.add(made)
    session.flush()
    return made


def segment(
    session: Session, who: Customer, lifecycle: str, name: str | None = None, as_of: date | None = None
) -> CustomerSegment:
    """What the last run said; its last visit is the latest one recorded."""
    last = session.scalar(select(func.max(Fillup.day)).where(Fillup.customer_id == who.id))
    made = CustomerSegment(
        customer_id=who.id,
        as_of=as_of or NOON.date(),
        lifecycle=lifecycle,
        segment=name or lifecycle,
        last_visit=last,
        typical_gap_days=7.5,
    )
    session.add(made)
    session.flush()
    return made


def became_vip(
    session: Session, who: Customer, before: str | None = "regular", at: datetime = NOON - DAY
) -> SegmentChange:
    run = SegmentRun(as_of=at.date(), started_at=at, criteria="test", cutoffs={})
    session.add(run)
    session.flush()
    change = SegmentChange(
        run_id=run.id,
        customer_id=who.id,
        as_of=at.date(),
        at=at,
        before=before,
        after="vip",
        criteria="test",
        why={},
    )
    session.add(change)
    session.flush()
    return change


def away(
    session: Session, number: int = 1, days: int = 60, lifecycle: str = "dormant", **facts: Any
) -> Customer:
    who = customer(session, number, **facts)
    visit(session, who, NOON - (days + 8) * DAY)
    visit(session, who, NOON - days * DAY)
    segment(session, who, lifecycle)
    return who


def plan_round(database: Database, now: datetime = NOON, **options: Any) -> Report:
    given: dict[str, Any] = {"zone": SHANGHAI, "currency": "CNY", "trust_self_reported": False}
    return run_round(database, now=now, **{**given, **options})


def queued(session: Session, who: Customer, number: int = 1, **facts: Any) -> Outbound:
    """A row of the queue that may go out at noon."""
    given: dict[str, Any] = {
        "campaign": "win_back",
        "occurrence": f"dormant:{number}",
        "customer_id": who.id,
        "state": "queued",
        "kind": "marketing",
        "priority": 3,
        "template": "outreach/win_back_dormant",
        "facts": {
            "name": who.name,
            "station": None,
            "fuel": None,
            "away": None,
            "coupon": None,
            "offer": None,
            "asks": None,
            "benefit": None,
            "zone": SHANGHAI,
        },
        "planned_at": NOON,
        "not_before": NOON,
        "expires_at": NOON + 14 * DAY,
    }
    made = Outbound(**{**given, **facts})
    session.add(made)
    session.flush()
    return made


def ledger(database: Database) -> list[tuple[str, str, str, str | None]]:
    """(campaign, occurrence, state, reason), in the order of planning."""
    with database.read() as session:
        rows = session.execute(
            select(Outbound.campaign, Outbound.occurrence, Outbound.state, Outbound.reason).order_by(
                Outbound.id
            )
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]


def states(database: Database) -> Counter[str]:
    with database.read() as session:
        rows = session.execute(select(Outbound.state, func.count()).group_by(Outbound.state))
        return Counter({row[0]: row[1] for row in rows})


def assert_all_accounted_for(database: Database, audience: int) -> None:
    """Audience = sum of the states, and each person stands once in each occurrence."""
    assert states(database).total() == audience
    with database.read() as session:
        keys = session.execute(select(Outbound.campaign, Outbound.occurrence, Outbound.customer_id)).all()
    assert len(set(keys)) == len(keys) == audience
