"""Measures as numbers: of everything asked for, of each group of it, of each step of time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, null, select

from crm.customers import Customer, Vehicle
from crm.fillups import Fillup
from crm.segments import CustomerSegment, SegmentChange
from crm.stations import Station
from questions import sums
from questions.ground import ROW_FIELDS, Days, Ground
from questions.question import STEPS, Question
from questions.select import COLUMNS, customers, moves

Key = Any
ROW_DIMENSIONS: dict[str, Any] = {
    "station": Fillup.station_id, "product": Fillup.product, "payment": Fillup.payment,
    "city": Station.city, "region": Station.region,
}  # fmt: skip
NOTHING: ColumnElement[Any] = null()


@dataclass(slots=True)
class Totals:
    """Of fill-ups that count. ``spend`` in minor units by currency; litres in millilitres."""

    visits: int = 0
    litres: int = 0
    spend: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def measure(self, name: str, currency: str) -> float | None:
        if name == "basket":
            return self.spend.get(currency, 0) / self.visits if self.visits else None
        if name == "spend":
            return self.spend.get(currency, 0)
        found: int = getattr(self, name)
        return found


def totals(
    question: Question, ground: Ground, by: ColumnElement[Any] = NOTHING, days: Days | None = None
) -> dict[Key, Totals]:
    """The sums of the rows asked for, by ``by`` (an expression over fill-ups, customers and stations)."""
    # To tell visits from rows the rows must be sorted, so it is not done where nobody asks for visits.
    visits: ColumnElement[int] = literal(0)
    if question.measure not in ("litres", "spend"):
        visits = sums.begins(ground.session)
    told = (by.label("key"), Fillup.currency, Fillup.millilitres, Fillup.amount, visits.label("first"))
    marked = (
        _joined(select(*told).select_from(Fillup), question.by)
        .where(*ground.rows(question, days or ground.days(question)), *_people(question, ground))
        .subquery()
    )
    rows = ground.session.execute(
        select(
            marked.c.key,
            marked.c.currency,
            func.sum(marked.c.first),
            func.sum(marked.c.millilitres),
            func.sum(marked.c.amount),
        ).group_by(marked.c.key, marked.c.currency)
    )
    found: dict[Key, Totals] = defaultdict(Totals)
    for key, currency, visits, litres, spend in rows:
        one = found[key]
        one.visits += int(visits or 0)
        one.litres += int(litres or 0)
        one.spend[currency] += int(spend or 0)
    return found


def _joined(query: Select[Any], by: str) -> Select[Any]:
    """With the tables that the dimension stands in, and no others."""
    if by in ("city", "region"):
        return query.join(Station, Station.id == Fillup.station_id)
    if by in ("", "station", "product", "payment", "period", *STEPS):
        return query
    query = query.outerjoin(Customer, Customer.id == Fillup.customer_id)
    return query.outerjoin(CustomerSegment, CustomerSegment.customer_id == Fillup.customer_id)


def _people(question: Question, ground: Ground) -> list[ColumnElement[bool]]:
    """Whose rows: nobody is left out where the question is about no customer in particular."""
    if all(one.field in ROW_FIELDS for one in question.filters):
        return []
    return [Fillup.customer_id.in_(customers(question, ground, rows=True))]


def row_dimension(name: str) -> ColumnElement[Any]:
    """The key of a row in a breakdown of a measure."""
    column: ColumnElement[Any] = ROW_DIMENSIONS[name] if name in ROW_DIMENSIONS else dimension(name)
    return column


def dimension(name: str) -> ColumnElement[Any]:
    """The key of a customer in a breakdown of people."""
    if name == "consent":
        return case(
            (Customer.marketing_consent, "marketing"), (Customer.service_consent, "service"), else_="none"
        )
    if name == "vehicle":
        kinds = select(func.min(Vehicle.kind)).where(Vehicle.customer_id == Customer.id)
        return kinds.correlate(Customer).scalar_subquery()
    special: dict[str, Any] = {
        "station": Customer.home_station_id,
        "home": Customer.home_station_id,
        "reach": case((Customer.chat_id.is_(None), "no"), (Customer.reachable, "yes"), else_="no"),
        "declining": case((CustomerSegment.declining.is_(True), "yes"), else_="no"),
    }
    found: ColumnElement[Any] = special[name] if name in special else COLUMNS[name]
    return found


def people(question: Question, ground: Ground) -> int:
    """How many customers."""
    return (
        ground.session.scalar(select(func.count()).select_from(customers(question, ground).subquery())) or 0
    )


def people_by(question: Question, ground: Ground, name: str) -> dict[Key, int]:
    """How many customers in each group; by product or payment, who bought or paid so in those days."""
    if name in ("product", "payment"):
        key = getattr(Fillup, name)
        rows = ground.rows(question, ground.days(question))
        query = (
            select(key, func.count(Fillup.customer_id.distinct()))
            .where(*rows, Fillup.customer_id.in_(customers(question, ground, rows=True)))
            .group_by(key)
        )
    else:
        grouped = customers(question, ground, dimension(name).label("key")).subquery()
        query = select(grouped.c.key, func.count()).group_by(grouped.c.key)
    return dict(ground.session.execute(query).all())


def came_by(question: Question, ground: Ground, buckets: list[Days]) -> dict[int, int]:
    """How many of the customers came in each stretch of days (which follow one another)."""
    key = _bucket(Fillup.day, buckets)
    whole = (buckets[0][0], buckets[-1][1])
    query = (
        select(key, func.count(Fillup.customer_id.distinct()))
        .where(*ground.rows(question, whole), Fillup.customer_id.in_(customers(question, ground, rows=True)))
        .group_by(key)
    )
    return dict(ground.session.execute(query).all())


def moved_by(question: Question, ground: Ground, buckets: list[Days]) -> dict[int, int]:
    """How many changes of segment in each stretch of days."""
    key = _bucket(SegmentChange.as_of, buckets)
    query: Select[Any] = (
        select(key, func.count())
        .select_from(SegmentChange)
        .where(*moves(question, ground), SegmentChange.customer_id.in_(customers(question, ground)))
        .group_by(key)
    )
    return dict(ground.session.execute(query).all())


def totals_by(question: Question, ground: Ground, buckets: list[Days]) -> dict[int, Totals]:
    whole = (buckets[0][0], buckets[-1][1])
    return totals(question, ground, _bucket(Fillup.day, buckets), whole)


def _bucket(column: Any, buckets: list[Days]) -> ColumnElement[Any]:
    ends: list[tuple[Any, int]] = [(column <= end, number) for number, (_, end) in enumerate(buckets)]
    return case(*ends, else_=len(buckets))


def average_km(question: Question, ground: Ground) -> float | None:
    """Kilometres per month, the mean of those customers whose odometer tells it."""
    rows = ground.rows(question, ground.days(question))
    each = sums.km(ground.session, [Fillup.customer_id == Customer.id, *rows]).label("km")
    found = customers(question, ground, each, rows=True).subquery()
    mean = ground.session.scalar(select(func.avg(found.c.km)))
    return None if mean is None else float(mean)
