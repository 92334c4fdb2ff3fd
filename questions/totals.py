"""Measures as numbers: of everything asked for, of each group of it, of each step of time."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Label, Select, case, extract, func, literal, null, select

from crm.customers import Customer, Vehicle
from crm.fillups import Fillup
from crm.segments import CustomerSegment, SegmentChange
from crm.stations import Station
from questions import accounts, forecasts, hours, sums
from questions.ground import MOMENTS, ROW_FIELDS, WEEK, Days, Ground, dates, on_one_of, weekday
from questions.question import EACH, FORECAST, RATES, STEPS, Question
from questions.select import COLUMNS, HOME, customers, moves

Key = Any
# What rows are added up by first: in the order of an index, so that nothing is sorted (crm/fillups.py).
PLACED = (Fillup.day, Fillup.station_id)
FIRST: dict[str, tuple[Any, ...]] = {
    "": (), **dict.fromkeys(("period", *STEPS), (Fillup.day,)),
    **dict.fromkeys(("station", "city", "region"), PLACED),
    "weekday": (Fillup.day,), "product": (*PLACED, Fillup.product),
    "payment": (*PLACED, Fillup.product, Fillup.payment),
}  # fmt: skip
# A visit with petrol and a wash is one of either, as it is where only the wash is asked for; so is one that
# begins in an hour, or on a day, and goes on in the next.
VARIED: dict[str, tuple[Any, ...]] = {
    "product": (Fillup.product,), "payment": (Fillup.payment,), "weekday": (Fillup.day,)
}  # fmt: skip
WITH_VISITS = ("basket", "customers", "litres_visit")  # and the visits themselves


@dataclass(slots=True)
class Totals:
    """Of fill-ups that count, in so many days. ``spend`` in minor units of the asker's currency; litres in
    millilitres."""

    visits: int = 0
    litres: int = 0
    spend: int = 0
    customers: int = 0  # counted only where a mean of them is asked for
    days: int = 1
    worth: float = 0.0  # of the next 90 days, minor units
    expected: float = 0.0  # visits in them

    def measure(self, name: str) -> float | None:
        if name in ("basket", "litres_visit"):
            summed = self.spend if name == "basket" else self.litres
            return summed / self.visits if self.visits else None
        if name.endswith(EACH):
            summed = getattr(self, name.removesuffix(EACH))
            return summed / self.customers if self.customers else None
        base, under, step = name.partition("_")
        found: float = getattr(self, base)
        if not under:
            return found
        return found * RATES[under + step] / self.days if self.days else None  # no weekend in those days

    def add(self, other: Totals) -> None:
        """The sums of both; ``customers`` where these have nobody in common."""
        self.customers += other.customers
        self.visits += other.visits
        self.litres += other.litres
        self.spend += other.spend
        self.days = other.days
        self.worth += other.worth
        self.expected += other.expected


def totals(question: Question, ground: Ground, by: str = "", days: Days | None = None) -> dict[Key, Totals]:
    """The sums of the rows asked for, by a dimension; for a step of time by day. All: under None."""
    if question.summed in FORECAST:
        return _foretold(question, ground, by)
    these, whose = days or ground.days(question), _people(question, ground)
    each = question.measure.endswith(EACH)
    whose += [Fillup.customer_id.is_not(None)] if each else []
    rows = [*ground.rows(question, these), *whose]
    summed = (
        literal(1).label("visits"),
        Fillup.millilitres.label("litres"),
        case((Fillup.currency == ground.currency, Fillup.amount), else_=0).label("spend"),
    )
    found: dict[Key, Totals] = defaultdict(Totals)
    for key, visits, volume, money in _added(ground, by, rows, these, summed, grouped=by != "hour"):
        one = found[key]
        one.visits, one.litres, one.spend = int(visits or 0), int(volume or 0), int(money or 0)
        one.days = _days_of(question, these, str(key) if by == "weekday" else "")
    if question.summed == "visits" or question.measure in WITH_VISITS:
        apart = VARIED.get(by) or (_first(by, ground, these, ()) if by == "hour" else ())
        again = ((1 - sums.begins(ground.session, *apart)).label("again"),)
        few = [*ground.rows(question, these, beside=True), *whose]
        for key, lines in _added(ground, by, few, these, again, grouped=False):
            found[key].visits -= int(lines or 0)
    if each:
        for key, customers_ in _who(by, rows, ground, these):
            found[key].customers = customers_
    return found


def _foretold(question: Question, ground: Ground, by: str) -> dict[Key, Totals]:
    """What is expected of the customers asked for, by what they are: at a station, of those at home there."""
    name = question.summed
    group = (dimension(by) if by else null()).label("key")
    whose = customers(question, ground, Customer.id, group).subquery()
    found: dict[Key, Totals] = {}
    for key, summed, count in ground.session.execute(forecasts.sums(name, whose, whose.c.key)):
        found[key] = Totals(customers=count)
        setattr(found[key], name, float(summed))
    return found


def _days_of(question: Question, these: Days, weekday: str) -> int:
    """How many days a mean is of: "a day at weekends" is of these days only, "a week" of all."""
    if not question.measure.endswith("_day"):
        return (these[1] - these[0]).days + 1
    told = [(one.values, one.op == "=") for one in question.of("weekday")]
    told += [((weekday,), True)] if weekday else []
    return sum(all(on_one_of(day, values) == wanted for values, wanted in told) for day in dates(these))


def _first(by: str, ground: Ground, days: Days, else_: tuple[Any, ...]) -> tuple[Any, ...]:
    if by == "hour":
        return (hours.local_hour(ground.session, ground.stations.values(), days).label("hour"),)
    return FIRST.get(by, else_)


def _who(by: str, rows: list[ColumnElement[bool]], ground: Ground, days: Days) -> Iterator[Any]:
    """How many customers the rows are of, by the dimension."""
    first = dict.fromkeys((*_first(by, ground, days, ()), Fillup.customer_id))
    told = select(*first).where(*rows).distinct().subquery()
    key = _key(by, told)
    query = select(key, func.count(told.c.customer_id.distinct())).select_from(_joined(by, told))
    yield from ground.session.execute(query.group_by(key) if by else query)


def _added(
    ground: Ground,
    by: str,
    rows: list[ColumnElement[bool]],
    days: Days,
    summed: tuple[Label[Any], ...],
    *,
    grouped: bool,
) -> Iterator[Any]:
    """Key and sums: first by what the index is in the order of, then by the dimension itself.

    Not ``grouped``: at once by the dimension. ``offset`` keeps that a query within the query, so that SQLite
    works the hour out once a row, and does not sort by it with all that it is made of.
    """
    first = _first(by, ground, days, (Fillup.customer_id,))
    if grouped:
        added = (func.sum(one.element).label(one.name) for one in summed)
        told = select(*first, *added).where(*rows).group_by(*first).subquery()
    else:
        told = select(*first, *summed).where(*rows).offset(0).subquery()
    key = _key(by, told)
    query = select(key, *(func.sum(told.c[one.name]) for one in summed)).select_from(_joined(by, told))
    yield from ground.session.execute(query.group_by(key) if by else query)


def _key(by: str, told: Any) -> ColumnElement[Any]:
    if not by:
        return null()
    if by in ("period", *STEPS):
        found: ColumnElement[Any] = told.c.day
    elif by == "weekday":
        found = weekday_code(extract("dow", told.c.day))
    elif by in ("product", "payment", "hour"):
        found = told.c[by]
    elif by == "station":
        found = told.c.station_id
    else:
        found = getattr(Station, by) if by in ("city", "region") else dimension(by)
    return found


def _joined(by: str, told: Any) -> Any:
    """With the tables that the dimension stands in, and no others."""
    if by in ("city", "region"):
        return told.join(Station, Station.id == told.c.station_id)
    if by in FIRST or by == "hour":
        return told
    with_people = told.outerjoin(Customer, Customer.id == told.c.customer_id)
    return with_people.outerjoin(CustomerSegment, CustomerSegment.customer_id == told.c.customer_id)


def _people(question: Question, ground: Ground) -> list[ColumnElement[bool]]:
    """Whose rows: nobody is left out where the question is about no customer in particular."""
    if all(one.field in ROW_FIELDS for one in question.filters):
        return []
    return [Fillup.customer_id.in_(customers(question, ground, rows=True))]


def weekday_code(number: ColumnElement[int]) -> ColumnElement[str]:
    return case({count: code for code, count in WEEK.items()}, value=number)


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
        "station": HOME,
        "home": HOME,
        **dict.fromkeys(accounts.FIELDS, Customer.account_id),
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
    """How many customers in each group; by product, payment or weekday, who bought, paid or came so then."""
    if name in ("product", "payment", *MOMENTS):
        days = ground.days(question)
        if name == "hour":
            key: Any = hours.local_hour(ground.session, ground.stations.values(), days)
        else:
            key = weekday_code(weekday()) if name == "weekday" else getattr(Fillup, name)
        rows = ground.rows(question, days)
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
    """The sums of each stretch of days (which follow one another)."""
    whole = (buckets[0][0], buckets[-1][1])
    ends = [end for _, end in buckets]
    found: dict[int, Totals] = defaultdict(Totals)
    for day, one in totals(question, ground, "day", whole).items():
        found[bisect_left(ends, day)].add(one)
    return found


def _bucket(column: Any, buckets: list[Days]) -> ColumnElement[Any]:
    ends: list[tuple[Any, int]] = [(column <= end, number) for number, (_, end) in enumerate(buckets)]
    return case(*ends, else_=len(buckets))
