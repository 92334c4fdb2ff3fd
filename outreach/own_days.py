"""Whom the situations of a person's own calendar concern today, and the coupons that people hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from crm.coupons import Coupon, last_day
from crm.customers import Customer
from crm.segments import CustomerSegment
from outreach.campaigns import Situation
from outreach.occasions import OpenCoupon, birthdays_near

Range = tuple[int, int]


def candidates(situations: Iterable[Situation], among: Range, now: datetime) -> Iterator[Select[Any]]:
    """Ids of customers of a range, a query for each such situation that is on."""
    for each in situations:
        if each.name == "birthday":
            yield select(Customer.id).where(Customer.id.between(*among), _celebrating(each, now))
        elif each.name == "coupon":
            yield select(Coupon.customer_id).where(Coupon.customer_id.between(*among), _ending(each, now))
        elif each.name == "due":
            yield select(CustomerSegment.customer_id).where(
                CustomerSegment.customer_id.between(*among), _due(each, now)
            )


def ending(
    session: Session, situations: Iterable[Situation], wanted: Select[Any], now: datetime
) -> dict[int, Coupon]:
    """Of each of these customers the coupon about to end, the first of several; none where nobody asks."""
    asking = next((each for each in situations if each.name == "coupon"), None)
    if asking is None:
        return {}
    rows = session.scalars(
        select(Coupon)
        .where(_ending(asking, now), Coupon.customer_id.in_(wanted))
        .order_by(Coupon.expires_at.desc(), Coupon.code.desc())
    )
    return {row.customer_id: row for row in rows}


def as_held(coupon: Coupon, zone: ZoneInfo) -> OpenCoupon:
    """The coupon as its owner, who lives in that zone, knows it."""
    return OpenCoupon(
        coupon.code,
        coupon.value,
        coupon.currency,
        coupon.issued_at,
        coupon.expires_at,
        last_day(coupon, zone),
    )


def _celebrating(situation: Situation, now: datetime) -> ColumnElement[bool]:
    days = birthdays_near(now.date(), situation.expires.days)
    return and_(Customer.chat_id.is_not(None), or_(*(Customer.birthday.like(f"%{day}") for day in days)))


def _ending(situation: Situation, now: datetime) -> ColumnElement[bool]:
    return and_(
        Coupon.redeemed_at.is_(None), Coupon.expires_at > now, Coupon.expires_at <= now + situation.before
    )


def _due(situation: Situation, now: datetime) -> ColumnElement[bool]:
    today = now.date()
    first, last = today - situation.expires - timedelta(days=1), today + timedelta(days=1)
    return and_(CustomerSegment.lifecycle == "active", CustomerSegment.due_on.between(first, last))
