"""What a customer was before and what they heard: visits, changes of segment, messages, coupons."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm import coupons
from crm.coupons import Coupon
from crm.fillups import Fillup, counting
from crm.outbox import Outbound
from crm.segments import SegmentChange
from crm.stations import Station
from crm.visits import ONE_VISIT

Facts = dict[str, Any]
VISITS, CHANGES, MESSAGES, COUPONS = 5, 4, 8, 4
ROWS = 40  # enough rows for five visits of several lines each
REASON = ("days_since", "limit_days", "frequency", "monetary", "currency")


def visits(session: Session, customer_id: int, stations: frozenset[int] | None) -> list[Facts]:
    """The last visits at ``stations`` (None: everywhere), the newest first."""
    query = (
        select(Fillup, Station)
        .join(Station, Station.id == Fillup.station_id)
        .where(Fillup.customer_id == customer_id, counting())
        .order_by(Fillup.at.desc(), Fillup.id.desc())
        .limit(ROWS)
    )
    if stations is not None:
        query = query.where((Fillup.station_id + 0).in_(stations))  # + 0: see crm.visits.mark_around
    found: list[list[tuple[Fillup, Station]]] = []
    for row in session.execute(query):
        if found and _same_visit(found[-1][-1][0], row[0]):
            found[-1].append(row)
        else:
            found.append([row])
    return [_visit(rows) for rows in found[:VISITS]]


def _same_visit(later: Fillup, earlier: Fillup) -> bool:
    """Lines of one receipt of a day, or rows of one customer at one station within ten minutes."""
    if later.station_id != earlier.station_id:
        return False
    one_receipt = later.receipt is not None and later.receipt == earlier.receipt
    return (one_receipt and later.day == earlier.day) or later.at - earlier.at <= ONE_VISIT


def _visit(rows: list[tuple[Fillup, Station]]) -> Facts:
    """Newest row first. What some row does not know is left out of the sum, and unknown if none knows."""
    first, station = rows[-1]
    fillups = [fillup for fillup, _ in rows]
    amounts = [fillup.amount for fillup in fillups if fillup.amount is not None]
    litres = [fillup.millilitres for fillup in fillups if fillup.millilitres is not None]
    return {
        "at": first.at.isoformat(),
        "zone": station.timezone,
        "station": station.name,
        "products": list(dict.fromkeys(fillup.product for fillup in reversed(fillups) if fillup.product)),
        "millilitres": sum(litres) if litres else None,
        "amount": sum(amounts) if amounts else None,
        "currency": first.currency,
        "confirmed": any(fillup.confirmed for fillup in fillups),
    }


def changes(session: Session, customer_id: int) -> list[Facts]:
    """The last changes of segment, each with the numbers that made it (None: not kept)."""
    query = (
        select(SegmentChange)
        .where(SegmentChange.customer_id == customer_id, SegmentChange.before.is_not(None))
        .order_by(SegmentChange.as_of.desc(), SegmentChange.id.desc())
        .limit(CHANGES)
    )
    return [
        {"day": change.as_of.isoformat(), "before": change.before, "after": change.after}
        | {name: change.why.get(name) for name in REASON}
        for change in session.scalars(query)
    ]


def messages(session: Session, customer_id: int) -> list[Facts]:
    """The ledger of this person, the newest first: what went out, what did not, and why."""
    query = (
        select(Outbound)
        .where(Outbound.customer_id == customer_id)
        .order_by(Outbound.planned_at.desc(), Outbound.id.desc())
        .limit(MESSAGES)
    )
    return [
        {
            "campaign": row.campaign,
            "situation": row.occurrence.partition(":")[0],
            "kind": row.kind,
            "state": row.state,
            "reason": row.reason,
            "at": (row.settled_at or row.claimed_at or row.planned_at).isoformat(),
            "from": row.not_before.isoformat() if row.state == "queued" else None,
        }
        for row in session.scalars(query)
    ]


def vouchers(session: Session, customer_id: int, today: date, zone: tzinfo) -> list[Facts]:
    """Their coupons, the newest first. The code is theirs alone: whoever has it can spend it."""
    query = (
        select(Coupon)
        .where(Coupon.customer_id == customer_id)
        .order_by(Coupon.issued_at.desc(), Coupon.code)
        .limit(COUPONS)
    )
    return [_voucher(coupon, today, zone) for coupon in session.scalars(query)]


def _voucher(coupon: Coupon, today: date, zone: tzinfo) -> Facts:
    until = coupons.last_day(coupon, zone)
    used = coupon.redeemed_at
    state = "used" if used else "open" if until >= today else "expired"
    day = used.astimezone(zone).date() if used else until
    return {
        "campaign": coupon.campaign,
        "value": coupon.value,
        "currency": coupon.currency,
        "state": state,
        "day": day.isoformat(),
    }
