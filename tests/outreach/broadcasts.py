"""Broadcasts drafted, approved and started, for the tests of outreach."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm import broadcasts, copies
from crm.broadcasts import Broadcast
from crm.db import Database
from crm.staff import Staff
from outreach import campaigns, outbox, settling
from outreach.approval import Limits
from outreach.audience import Terms
from outreach.progress import progress
from outreach.running import advance
from outreach.settling import Ended
from tests.conftest import NOON
from tests.outreach.people import customer

TERMS = Terms(campaigns.shipped(), ZoneInfo("Asia/Shanghai"), False, "CNY", "CN")
LIMITS = Limits(alone=3, two=5)
CAPS = campaigns.shipped().contact.caps
BOSS = 77
TEXT = "{% if name %}{{ name }}, {% endif %}wash day."
TEXT += "{% if coupon_code %} {{ coupon_value }}: {{ coupon_code }}{% endif %}"


def draft(session: Session, audience: str = "show:list", **values: Any) -> Broadcast:
    if session.scalar(select(Staff.id).where(Staff.telegram_id == BOSS)) is None:
        session.add(Staff(telegram_id=BOSS, role="headquarters", added_at=NOON))
    made = broadcasts.draft(session, by=BOSS, stations=None, currency="CNY", now=NOON)
    broadcasts.edit(session, made, audience=audience, **values)
    copies.save(
        session, campaign=made.campaign or "", situation="broadcast", locale="en", body=TEXT, by="b", now=NOON
    )
    return made


def approved(session: Session, size: int = 100, **values: Any) -> Broadcast:
    made = draft(session, **values)
    assert broadcasts.ask(session, made, version=1, size=size, now=NOON)
    for by in (1, 2):
        broadcasts.approve(session, made, by, 2, now=NOON)
    return made


def started(database: Database, people: int = 5, **values: Any) -> int:
    with database.write() as session:
        for number in range(1, people + 1):
            customer(session, number)
        number = approved(session, **values).id
    assert advance(database, TERMS, LIMITS, NOON) == [number]
    return number


def claim(database: Database, limit: int = 100, now: datetime = NOON) -> list[outbox.Claimed]:
    with database.write() as session:
        return outbox.claim(session, owner="a", limit=limit, caps=CAPS, now=now)


def settle(session: Session, row: int, who: int, state: str) -> None:
    settling.settle(session, [Ended(row, who, state, not_before=NOON)], owner="a", now=NOON)


def stands(database: Database, number: int) -> tuple[str, str | None]:
    with database.read() as session:
        found = session.get_one(Broadcast, number)
        return found.stands, found.why


def counted(database: Database, number: int, now: datetime = NOON) -> dict[str, Any]:
    with database.read() as session:
        return progress(session, session.get_one(Broadcast, number), now).facts()
