"""What a question is answered on: the session, the asker, the stations its codes mean, the last run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from babel.numbers import get_currency_precision
from sqlalchemy import ColumnElement, and_, case, extract, func, literal, select
from sqlalchemy.orm import Session

from crm import forecasts, segments
from crm.fillups import Fillup, counting
from crm.forecasts import Standing
from crm.segments import CustomerSegment, SegmentRun
from crm.stations import Station
from questions import hours, period
from questions.accounts import Company, companies
from questions.asker import Asker
from questions.question import Question

WINDOW = 365
LONG = 120  # days
MOST_DATES = 800  # named one by one
PLACES = ("station", "city", "region")
MOMENTS = ("weekday", "hour")  # of a visit
ROW_FIELDS = frozenset({*PLACES, "product", "payment", *MOMENTS})
WEEK = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 0}  # as databases count days
DAYS_OF = {"weekend": ("sat", "sun"), "workday": ("mon", "tue", "wed", "thu", "fri")}
GASOLINE = ("92", "95", "98", "e10")
PRODUCTS = {"gasoline": GASOLINE, "gas": ("lpg", "cng"), "shop": ("shop", "wash", "adblue")}
Days = tuple[date, date]


@dataclass(frozen=True)
class Ground:
    session: Session
    asker: Asker

    @cached_property
    def stations(self) -> dict[str, Station]:
        """The asker's stations by code."""
        query = select(Station).order_by(Station.id)
        if self.asker.stations is not None:
            query = query.where(Station.id.in_(self.asker.stations))
        return {station.code: station for station in self.session.scalars(query)}

    @cached_property
    def accounts(self) -> dict[int, Company]:
        """Those that the asker's customers drive for, by id."""
        return companies(self.session, self.asker.customers)

    @cached_property
    def run(self) -> SegmentRun | None:
        return segments.last_run(self.session)

    @cached_property
    def forecasts(self) -> Standing | None:
        """Those that may be told on the asker's day."""
        return forecasts.in_force(self.session, self.asker.today)

    @cached_property
    def worth(self) -> bool:
        """Whether they have money in them."""
        return forecasts.with_value(self.session)

    @cached_property
    def currency(self) -> str:
        """That of most of the asker's stations."""
        found = sorted(station.currency for station in self.stations.values())
        return max(found, key=found.count) if found else ""

    @property
    def expected_in(self) -> str:
        """The currency of what customers are expected to spend."""
        return self.forecasts.currency if self.forecasts else ""

    def currency_of(self, question: Question) -> str:
        """That of the money in its answer."""
        foretold = "worth" in (question.summed, question.sort.lstrip("-"))
        return self.expected_in or self.currency if foretold else self.currency

    def ids(self, codes: tuple[str, ...]) -> list[int]:
        return [self.stations[code].id for code in codes if code in self.stations]

    def days(self, question: Question) -> Days:
        """The days a measure is of: those asked for, else the window that ends today."""
        if question.period:
            return period.days(question.period, self.asker.today)
        return self.asker.today - timedelta(days=WINDOW - 1), self.asker.today

    @cached_property
    def only_currency(self) -> str | None:
        """The chain's currency, where all its stations have one."""
        found = self.session.scalars(select(Station.currency).distinct()).all()
        return found[0] if len(found) == 1 else None

    def factor(self) -> ColumnElement[int]:
        """Minor units of a customer's main currency in one major unit."""
        if self.only_currency is not None:
            return literal(10 ** get_currency_precision(self.only_currency))
        sizes = {
            station.currency: 10 ** get_currency_precision(station.currency)
            for station in self.stations.values()
        }
        whens = [(CustomerSegment.currency == code, size) for code, size in sizes.items() if size != 100]
        found: ColumnElement[int] = (
            case(*whens, else_=100) if whens else case((CustomerSegment.customer_id > 0, 100))
        )
        return found

    def rows(
        self, question: Question, days: Days, *, by_customer: bool = False, beside: bool = False
    ) -> list[ColumnElement[bool]]:
        """Which fill-ups a measure adds up: those that count and are confirmed, at the stations asked for.

        ``by_customer``: they will be grouped so. Over long times their index is then read in its order,
        and not the one of days, whose rows would have to be sorted. ``beside``: only the few that may be
        lines of another's visit (crm/visits.py), by the index of these: no other one has what it asks.
        """
        whole = self.asker.stations is None and not any(one.field in PLACES for one in question.filters)
        looked_up = any(one.field == "hour" for one in question.filters)  # each row, in no index
        unsorted = by_customer and not (beside or looked_up) and whole and (days[1] - days[0]).days > LONG
        day: Any = func.coalesce(Fillup.day, days[0]) if unsorted else Fillup.day
        counts = [Fillup.voided_at.is_(None), func.coalesce(Fillup.same_as, 0) == 0]
        made = [*counts, Fillup.beside.is_not(None)] if beside else [counting()]
        made += [day >= days[0], day <= days[1]]
        if not self.asker.trust:
            made.append(Fillup.confirmed.is_(True))
        if self.asker.stations is not None:
            made.append(Fillup.station_id.in_(self.asker.stations))
        for one in question.filters:
            if one.field not in ROW_FIELDS:
                continue
            if one.field == "weekday":
                fits = on_weekdays(one.values, days)
            elif one.field == "hour":
                fits = hours.within(self.session, self.stations.values(), one.values, days)
            elif one.field in ("product", "payment"):
                column = getattr(Fillup, one.field)
                fits = and_(column.is_not(None), column.in_(codes(one.field, one.values)))
            else:
                fits = Fillup.station_id.in_(self.places(one.field, one.values))
            made.append(fits if one.op == "=" else ~fits)
        return made

    def places(self, kind: str, values: tuple[str, ...]) -> list[int]:
        if kind in ("station", "home"):
            return self.ids(values)
        return [station.id for station in self.stations.values() if getattr(station, kind) in values]

    def came(self, days: Days, at: list[int] | None = None) -> ColumnElement[bool]:
        """A fill-up that counts in these days, at these stations of the asker's (None: at any of theirs)."""
        made = [counting(), Fillup.day >= days[0], Fillup.day <= days[1]]
        if at is not None:
            made.append(Fillup.station_id.in_(at))
        elif self.asker.stations is not None:
            made.append(Fillup.station_id.in_(self.asker.stations))
        return and_(*made)


def weekday() -> ColumnElement[int]:
    """The day of the week of a fill-up, as in WEEK."""
    return extract("dow", Fillup.day)


def on_weekdays(values: tuple[str, ...], days: Days) -> ColumnElement[bool]:
    """Fill-ups of such days of the week; over a year or two by their dates, which an index can look up."""
    if (days[1] - days[0]).days >= MOST_DATES:
        return weekday().in_(sorted(_of_week(values)))
    return Fillup.day.in_([day for day in dates(days) if on_one_of(day, values)])


def on_one_of(day: date, values: tuple[str, ...]) -> bool:
    """Whether it is such a day of the week: ``sat``, ``weekend``."""
    return day.isoweekday() % 7 in _of_week(values)


def dates(days: Days) -> Iterator[date]:
    return (days[0] + timedelta(days=number) for number in range((days[1] - days[0]).days + 1))


def _of_week(values: tuple[str, ...]) -> set[int]:
    return {WEEK[day] for value in values for day in DAYS_OF.get(value, (value,))}


def codes(field: str, values: tuple[str, ...]) -> list[str]:
    """The codes at the till that a product or payment stands for."""
    if field != "product":
        return list(values)
    return sorted({code for value in values for code in PRODUCTS.get(value, (value,))})
