"""Sums over fill-ups as SQL: visits, litres, spend and kilometres, of a set of rows or of each customer."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Interval,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from crm.fillups import Fillup
from crm.segments import CustomerSegment
from crm.visits import ONE_VISIT

MONTH_DAYS = 365.25 / 12
LEAST_DAYS = 14  # between two readings of the odometer that tell kilometres per month


def begins(session: Session, *apart: Any) -> ColumnElement[int]:
    """1 for a row that begins a visit: not within ten minutes of the row before, nor of a receipt begun.

    Who is not known by name is told apart by the receipt alone. ``apart``: columns in which lines of one
    visit may differ; it then counts once for each of their values.
    """
    mine = (Fillup.customer_id, Fillup.station_id, *apart)
    order = (Fillup.at, Fillup.id)
    earlier = func.lag(Fillup.at).over(partition_by=mine, order_by=order)
    if session.get_bind().dialect.name == "sqlite":
        near: ColumnElement[bool] = (
            func.unixepoch(Fillup.at) - func.unixepoch(earlier) <= ONE_VISIT.total_seconds()
        )
    else:
        near = Fillup.at - earlier <= cast(ONE_VISIT, Interval)
    of_receipt = func.row_number().over(partition_by=(*mine, Fillup.day, Fillup.receipt), order_by=order)
    begun = and_(Fillup.receipt.is_not(None), of_receipt > 1)
    chained = and_(Fillup.customer_id.is_not(None), earlier.is_not(None), near)
    return case((or_(begun, chained), 0), else_=1)


def days_since(session: Session, column: Any, today: date) -> ColumnElement[Any]:
    """Whole days from a day to today; of no day nothing."""
    day = literal(today, Fillup.day.type)
    if session.get_bind().dialect.name == "sqlite":
        return cast(func.julianday(day) - func.julianday(column), Integer)
    return cast(day - column, Integer)


def of_each(
    session: Session,
    name: str,
    rows: list[ColumnElement[bool]],
    few: list[ColumnElement[bool]],
    currency: Any,
) -> Select[Any]:
    """Customers who have such rows, as ``customer_id``, and the measure of each, as ``value``.

    visits: a number; litres: millilitres; spend and basket: minor units of ``currency`` (a column of the
    customer's segment, or the chain's only one); litres_visit: millilitres; km: per month, None where it is
    not known. ``few``: those of the rows that stand beside others, from which visits are told.
    """
    known = [Fillup.customer_id.is_not(None), *rows]
    spend = func.coalesce(func.sum(case((Fillup.currency == currency, Fillup.amount), else_=0)), 0)
    measures: dict[str, ColumnElement[Any]] = {
        "litres": func.coalesce(func.sum(Fillup.millilitres), 0), "spend": spend, "km": km(session),
    }  # fmt: skip
    if name in measures:
        return _grouped(currency, measures[name].label("value")).where(*known)
    summed = measures["litres" if name == "litres_visit" else "spend"].label("summed")
    told = _grouped(currency, func.count().label("lines"), summed).where(*known).subquery()
    going_on = (
        select(Fillup.customer_id, (1 - begins(session)).label("again"))
        .where(Fillup.customer_id.is_not(None), *few)
        .subquery()
    )
    again = (
        select(going_on.c.customer_id, func.sum(going_on.c.again).label("lines"))
        .group_by(going_on.c.customer_id)
        .subquery()
    )
    visits = told.c.lines - func.coalesce(again.c.lines, 0)
    value = visits if name == "visits" else cast(told.c.summed, Float) / func.nullif(visits, 0)
    query = select(told.c.customer_id, value.label("value"))
    return query.outerjoin(again, again.c.customer_id == told.c.customer_id)


def _grouped(currency: Any, *measures: ColumnElement[Any]) -> Select[Any]:
    query = select(Fillup.customer_id, *measures).group_by(Fillup.customer_id)
    if isinstance(currency, str):
        return query
    return query.outerjoin(CustomerSegment, CustomerSegment.customer_id == Fillup.customer_id)


def km(session: Session) -> ColumnElement[Any]:
    """Kilometres per month by the odometer, where first and last reading are at least two weeks apart."""
    day = case((Fillup.odometer_km.is_not(None), Fillup.day))
    first, last = func.min(day), func.max(day)
    if session.get_bind().dialect.name == "sqlite":
        apart: ColumnElement[Any] = func.julianday(last) - func.julianday(first)
    else:
        apart = cast(last - first, Integer)
    driven = func.max(Fillup.odometer_km) - func.min(Fillup.odometer_km)
    per_month = cast(driven, Float) * literal(MONTH_DAYS) / func.nullif(apart, 0)
    return case((apart >= LEAST_DAYS, per_month), else_=None)
