"""Sums over fill-ups as SQL: visits, litres, spend and kilometres, of a set of rows or of each customer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Float,
    Integer,
    Interval,
    ScalarSelect,
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

from crm.customers import Customer
from crm.fillups import Fillup
from crm.segments import CustomerSegment

ONE_VISIT = timedelta(minutes=10)
MONTH_DAYS = 365.25 / 12
LEAST_DAYS = 14  # between two readings of the odometer that tell kilometres per month


def begins(session: Session) -> ColumnElement[int]:
    """1 for a row that begins a visit: not within ten minutes of the row before, nor of a receipt begun.

    Who is not known by name is told apart by the receipt alone.
    """
    mine = (Fillup.customer_id, Fillup.station_id)
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


def of_customer(
    session: Session, name: str, rows: list[ColumnElement[bool]], currency: Any
) -> ColumnElement[Any]:
    """The measure of each customer of the outer query over these rows; None where there is none.

    visits: a number; litres: millilitres; spend and basket: minor units of ``currency``; km: per month.
    """
    mine = [Fillup.customer_id == Customer.id, *rows]
    if name == "litres":
        return _scalar(select(func.coalesce(func.sum(Fillup.millilitres), 0)).where(*mine))
    if name == "spend":
        return _scalar(
            select(func.coalesce(func.sum(Fillup.amount), 0)).where(*mine, Fillup.currency == currency)
        )
    if name == "visits":
        return _visits(session, mine)
    if name == "basket":
        spend = _scalar(select(func.sum(Fillup.amount)).where(*mine, Fillup.currency == currency))
        return cast(spend, Float) / func.nullif(_visits(session, mine), 0)
    return km(session, mine)


def _visits(session: Session, mine: list[ColumnElement[bool]]) -> ColumnElement[Any]:
    """All rows, less those that go on with a visit: only rows beside others have to be looked at for that."""
    again = (
        select((1 - begins(session)).label("again"))
        .where(*mine, Fillup.beside.is_not(None))
        .correlate(Customer)
        .subquery()
    )
    going_on = select(func.coalesce(func.sum(again.c.again), 0)).correlate(Customer).scalar_subquery()
    return _scalar(select(func.count()).select_from(Fillup).where(*mine)) - going_on


def km(session: Session, mine: list[ColumnElement[bool]]) -> ScalarSelect[Any]:
    """Kilometres per month by the odometer, where first and last reading are at least two weeks apart."""
    first, last = func.min(Fillup.day), func.max(Fillup.day)
    if session.get_bind().dialect.name == "sqlite":
        apart: ColumnElement[Any] = func.julianday(last) - func.julianday(first)
    else:
        apart = cast(last - first, Integer)
    driven = func.max(Fillup.odometer_km) - func.min(Fillup.odometer_km)
    per_month = cast(driven, Float) * literal(MONTH_DAYS) / func.nullif(apart, 0)
    told = case((apart >= LEAST_DAYS, per_month), else_=None)
    return _scalar(select(told).where(*mine, Fillup.odometer_km.is_not(None)))


def _scalar(query: Select[Any]) -> ScalarSelect[Any]:
    return query.correlate(Customer, CustomerSegment).scalar_subquery()
