"""The funnel: who opened a link, registered, filled up once and three times; by source and station."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm import costs
from crm.customers import Customer
from crm.scans import Scan
from crm.segments import CustomerSegment
from crm.stations import Station
from questions import period
from questions.asker import Asker
from questions.ground import WINDOW, Days, Ground
from questions.question import Filter, Question
from questions.select import customers

SOURCES = ("poster", "friend", "chat", "import")
STEPS = ("scanned", "registered", "first", "third")
TILL = "import"  # known from the till alone: neither scan nor registration
VISITS = {"registered": "", "first": " visits>=1", "third": " visits>=3"}


class TooLong(ValueError):
    """The period begins longer ago than visits are counted."""


def asked(source: str, step: str, text: str) -> str:
    """The question whose list is a cell of the funnel; ``text`` is the period (questions.period)."""
    begun = "first" if source == TILL else "joined"
    return f"{begun}:{text} source:{source}{VISITS[step]}"


def funnel(session: Session, asker: Asker, text: str) -> dict[str, Any]:
    """Those who opened a link or became a customer in a period, and how far they have come by now.

    As JSON: period, begin, end, currency, whole (the same numbers of everyone), sources and stations: rows
    of source or station (a code; None: elsewhere or unknown), scanned, registered, first, third, and by
    source cost and cost_each (minor units; None where no cost is entered, or it is not for the asker).
    Who opened several links is one person in each row, and in the whole. Raises TooLong, and
    period.NoSuchPeriod.
    """
    begin, end = days = period.days(text, asker.today)
    if begin < asker.today - timedelta(days=WINDOW - 1):
        raise TooLong(text)
    codes = {station.id: station.code for station in Ground(session, asker).stations.values()}
    by_source = {name: _empty() for name in SOURCES}
    by_station: dict[str | None, dict[str, int]] = defaultdict(_empty)
    for source, station, numbers in _people(session, asker, text):
        for row in (by_source.setdefault(source, _empty()), by_station[codes.get(station or 0)]):
            for name, number in numbers.items():
                row[name] += number
    for source, number in _scanned(session, asker, days, Scan.source):
        by_source.setdefault(source, _empty())["scanned"] = number
    for station, number in _scanned(session, asker, days, Scan.station_id):
        by_station[codes.get(station or 0)]["scanned"] = number
    ((scanned,),) = _scanned(session, asker, days)
    whole = {step: sum(row[step] for row in by_source.values()) for step in STEPS}
    currency = Ground(session, asker).currency
    spent = _costs(session, asker, days, currency)
    return {
        "period": text,
        "begin": begin.isoformat(),
        "end": end.isoformat(),
        "currency": currency,
        "whole": whole | {"scanned": scanned},
        "sources": [
            {"source": name, **row, **_cost(spent.get(name), row["first"])} for name, row in by_source.items()
        ],
        "stations": [
            {"station": code, **row}
            for code, row in sorted(by_station.items(), key=lambda each: (each[0] is None, each[0] or ""))
        ],
    }


def _empty() -> dict[str, int]:
    return dict.fromkeys(STEPS, 0)


def _people(session: Session, asker: Asker, text: str) -> list[tuple[str, int | None, dict[str, int]]]:
    """(source, home station, steps) of the asker's customers who joined, or came first, in the period."""
    ground = Ground(session, asker)
    visits = func.coalesce(CustomerSegment.frequency, 0)
    steps = (_sum(visits >= 1), _sum(visits >= 3))
    key = (Customer.source, Customer.home_station_id)
    rows = []
    came = Filter("first", "=", (text,)), Filter("source", "=", (TILL,))
    registered_ = Filter("joined", "=", (text,)), Filter("source", "!=", (TILL,))
    for filters in (registered_, came):
        question = Question(filters=filters)
        query: Select[Any] = customers(question, ground, *key, func.count(), *steps).group_by(*key)
        for source, station, count, once, thrice in session.execute(query):
            registered = 0 if source == TILL else count
            numbers = {"registered": registered, "first": int(once or 0), "third": int(thrice or 0)}
            rows.append((source, station, numbers))
    return rows


def _sum(fits: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((fits, 1), else_=0))


def _scanned(session: Session, asker: Asker, days: Days, *by: InstrumentedAttribute[Any]) -> Sequence[Any]:
    """Rows of ``by``, and how many people opened a link there."""
    begin = datetime.combine(days[0], time(), asker.zone)
    end = datetime.combine(days[1] + timedelta(days=1), time(), asker.zone)
    query = select(*by, func.count(Scan.user_id.distinct())).where(Scan.at >= begin, Scan.at < end)
    if asker.stations is not None:
        query = query.where(Scan.station_id.in_(asker.stations))
    return session.execute(query.group_by(*by)).all()


def _costs(session: Session, asker: Asker, days: Days, currency: str) -> dict[str, int]:
    """Of whole months alone, the current one among them; the chain's costs are no single station's."""
    begin, end = days
    closed = (end + timedelta(days=1)).day == 1 or end >= asker.today
    if asker.stations is not None or begin.day != 1 or not closed:
        return {}
    return costs.between(session, begin, min(end, asker.today), currency)


def _cost(amount: int | None, people: int) -> dict[str, int | None]:
    each = round(amount / people) if amount is not None and people else None
    return {"cost": amount, "cost_each": each}


def names(session: Session, codes: list[str]) -> dict[str, str]:
    """What the stations of these codes are called."""
    rows = session.execute(select(Station.code, Station.name).where(Station.code.in_(codes)))
    return dict(rows.all())


def month_of(text: str, today: date) -> date | None:
    """The first day of the one month that a period is (so far); None for any other."""
    begin, end = period.days(text, today)
    first, last = period.whole("month", begin)
    return first if begin == first and end in (last, today) and end <= last else None
