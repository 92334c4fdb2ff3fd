"""Scope: whose customers a member of staff may see. Every query that shows customers passes through here."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select

from crm.customers import Customer, standing
from crm.fillups import Fillup

MONTHS = 12


def since(today: date) -> date:
    """The first day whose visits make someone a station's customer today."""
    try:
        return today.replace(year=today.year - MONTHS // 12)
    except ValueError:  # 29 February
        return today.replace(year=today.year - MONTHS // 12, day=28)


def customers_of(stations: frozenset[int] | None, since: date) -> ColumnElement[bool]:
    """The condition on ``Customer``: home station among ``stations``, or a visit there since that day.

    None is the whole chain; the empty set is nobody. Who was joined into another, or erased, is never shown.
    """
    alone = standing()
    if stations is None:
        return alone
    if not stations:
        return Customer.id.is_(None)  # nobody; "false" would swallow the conditions beside it, joins too
    # A set that is made once: asked of each customer one by one it takes ten times as long.
    came = select(Fillup.customer_id).where(
        Fillup.station_id.in_(stations),
        Fillup.day >= since,
        Fillup.voided_at.is_(None),
        Fillup.customer_id.is_not(None),
    )
    return and_(alone, or_(Customer.home_station_id.in_(stations), Customer.id.in_(came)))
