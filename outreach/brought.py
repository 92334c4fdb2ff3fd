"""What campaigns brought in some days to the customers of some stations: messages, visits, coupons."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, true
from sqlalchemy.orm import Session

from crm.coupons import Coupon
from crm.customers import Customer
from crm.fillups import Fillup, counting
from crm.outbox import Outbound


def brought(
    session: Session,
    among: ColumnElement[bool],
    stations: frozenset[int] | None,
    since: datetime,
    until: datetime,
) -> list[dict[str, Any]]:
    """As JSON, by campaign, the most messages first: ``sent`` (people who got one from ``since`` on and
    before ``until``), ``came`` (of these, who filled up at ``stations`` since, up to then), ``redeemed``.

    No comparison with people left without: that is outreach.followed.
    """
    here = true() if stations is None else Fillup.station_id.in_(stations)
    came = exists().where(
        Fillup.customer_id == Outbound.customer_id,
        counting(),
        Fillup.at > Outbound.claimed_at,
        Fillup.at < until,
        here,
    )
    theirs = select(Customer.id).where(among)
    sent = (Outbound.state == "sent", Outbound.claimed_at >= since, Outbound.claimed_at < until)
    people = func.count(Outbound.customer_id.distinct())
    rows = session.execute(
        select(Outbound.campaign, people, people.filter(came))
        .where(*sent, Outbound.customer_id.in_(theirs))
        .group_by(Outbound.campaign)
    )
    spent = _redeemed(session, stations, since, until)
    found = {name: {"campaign": name, "sent": count, "came": back} for name, count, back in rows}
    for name in spent.keys() - found.keys():
        found[name] = {"campaign": name, "sent": 0, "came": 0}
    told = [one | {"redeemed": spent.get(name, 0)} for name, one in found.items()]
    return sorted(told, key=lambda one: (-one["sent"], -one["redeemed"], one["campaign"]))


def _redeemed(
    session: Session, stations: frozenset[int] | None, since: datetime, until: datetime
) -> dict[str, int]:
    """Coupons taken at these stations in these days, by campaign."""
    here = true() if stations is None else Coupon.redeemed_station_id.in_(stations)
    rows = session.execute(
        select(Coupon.campaign, func.count())
        .where(Coupon.redeemed_at >= since, Coupon.redeemed_at < until, here)
        .group_by(Coupon.campaign)
    )
    return dict(rows.all())
