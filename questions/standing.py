"""What each customer was called at the end of a past day, from the stored changes of segment.

The first change after a day says what somebody was until then; who has none is what they are now. Somebody
whose first change has nothing before it was not known yet.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, func, select
from sqlalchemy.orm import Session, aliased

from crm.customers import Customer
from crm.segments import CustomerSegment, SegmentChange
from questions import period
from questions.asker import Asker

NOBODY = "nobody"  # not known yet on that day
NOT_ALIVE = ("prospect", "churned")  # cannot be lost (any more)


def month_start(today: date) -> date:
    """The day before this month began: how everyone stood then is what this month is held against."""
    return today.replace(day=1) - timedelta(days=1)


def began(text: str, today: date) -> date:
    """The day before a period (questions.period) began; of no period, before this month did."""
    return (period.days(text, today)[0] if text else today.replace(day=1)) - timedelta(days=1)


def at_end_of(day: date) -> tuple[Subquery, Any, ColumnElement[Any]]:
    """The first changes after ``day``, to be joined to CustomerSegment, and what everyone was then."""
    first = (
        select(SegmentChange.customer_id, func.min(SegmentChange.id).label("id"))
        .where(SegmentChange.as_of > day)
        .group_by(SegmentChange.customer_id)
        .subquery()
    )
    change = aliased(SegmentChange)
    was = case((first.c.id.is_(None), CustomerSegment.segment), else_=change.before)
    return first, change, was


def _joined(query: Select[Any], first: Subquery, change: Any) -> Select[Any]:
    query = query.outerjoin(first, first.c.customer_id == CustomerSegment.customer_id)
    return query.outerjoin(change, change.id == first.c.id)


def stood(day: date, segments: tuple[str, ...], *, among: bool = True) -> Select[Any]:
    """Ids of who was in one of ``segments`` at the end of ``day``, or known and in none of them."""
    first, change, was = at_end_of(day)
    query = _joined(select(CustomerSegment.customer_id).select_from(CustomerSegment), first, change)
    return query.where(was.in_(segments) if among else was.not_in(segments))


def crossing(
    session: Session, asker: Asker, before: date, until: date | None = None, *whose: ColumnElement[bool]
) -> dict[tuple[str, str], int]:
    """The asker's customers by what they were at the end of ``before`` and of ``until`` (None: now);
    ``whose``: only some of them."""
    first, change, was = at_end_of(before)
    now: ColumnElement[Any] = CustomerSegment.segment.expression
    query: Select[Any] = select(CustomerSegment.customer_id).select_from(CustomerSegment)
    query = _joined(query.join(Customer, Customer.id == CustomerSegment.customer_id), first, change)
    if until is not None:
        later, last, now = at_end_of(until)
        query = _joined(query, later, last)
    counted = query.with_only_columns(was, now, func.count(), maintain_column_froms=True)
    rows = session.execute(counted.where(asker.customers, now.is_not(None), *whose).group_by(was, now))
    return {(one or NOBODY, other): count for one, other, count in rows}
