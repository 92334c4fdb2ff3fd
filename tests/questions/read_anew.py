"""Typed filters and their days read anew, so that what checks the answers shares nothing with questions/."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

TODAY = date(2026, 6, 15)
SAID = re.compile(r'(-?)([a-z_]+)(:|>=|<=|>|<)("[^"]*"|\S+)')
STEPS = {"day": "D", "week": "W", "month": "M", "quarter": "Q"}


@dataclass(frozen=True)
class Term:
    field: str
    op: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    kind: str = "list"
    filters: tuple[Term, ...] = ()
    by: str = ""
    measure: str = "customers"
    period: str = ""
    sort: str = ""
    limit: int | None = None

    def of(self, field: str) -> tuple[Term, ...]:
        return tuple(one for one in self.filters if one.field == field)


def asked(text: str) -> Asked:
    found = Asked()
    for sign, name, op, said in SAID.findall(text):
        value = said.strip('"')
        if name in ("show", "by", "measure", "period", "sort"):
            found = replace(found, **{"kind" if name == "show" else name: value})
        elif name == "limit":
            found = replace(found, limit=int(value))
        else:
            term = Term(name, "!=" if sign else op.replace(":", "="), tuple(value.split(",")))
            found = replace(found, filters=(*found.filters, term))
    return found


def span(text: str) -> tuple[date, date]:
    """The first and the last day of a period, on TODAY."""
    first, dots, last = text.partition("..")
    if dots:
        begin = span(first)[0] if first else date(1970, 1, 1)
        return begin, span(last)[1] if last else TODAY
    if (other := _other(text)) is not None:
        return other
    near = {"yesterday": -1, "today": 0, "tomorrow": 1, "in-2-days": 2}
    if text in near:
        return (TODAY + timedelta(days=near[text]),) * 2
    if found := re.fullmatch(r"(last|next)-(\d+)d", text):
        length = timedelta(days=int(found[2]) - 1)
        return (TODAY - length, TODAY) if found[1] == "last" else (TODAY, TODAY + length)
    if found := re.fullmatch(r"(this|last|next)-(\w+)", text):
        unit = pd.Period(TODAY, "Y" if found[2] == "year" else STEPS[found[2]])
        unit += {"this": 0, "last": -1, "next": 1}[found[1]]
        return unit.start_time.date(), TODAY if found[1] == "this" else unit.end_time.date()
    if found := re.fullmatch(r"m(\d\d)(?:-(\d\d))?", text):
        later = (int(found[1]), int(found[2] or 1)) > (TODAY.month, TODAY.day)
        text = f"{TODAY.year - later}-{text[1:]}"
    elif found := re.fullmatch(r"q(\d)", text):
        text = f"{TODAY.year - (3 * int(found[1]) - 2 > TODAY.month)}-{text}"
    unit = pd.Period(text.upper().replace("-Q", "Q"))
    return unit.start_time.date(), unit.end_time.date()


def _other(text: str) -> tuple[date, date] | None:
    """The same days a year before, so many units ago, a day of a week, a part of this year or the last."""
    if text.endswith("-year-ago"):
        begin, end = span(text.removesuffix("-year-ago"))
        return _year_before(begin), _year_before(end)
    if found := re.fullmatch(r"(\d+)-(\w+)s-ago", text):
        unit = pd.Period(TODAY, {"year": "Y", **STEPS}[found[2]]) - int(found[1])
        return unit.start_time.date(), unit.end_time.date()
    if found := re.fullmatch(r"(this|last|next)-(week-)?(mon|tue|wed|thu|fri|sat|sun)", text):
        near = [TODAY + timedelta(days=n) for n in range(-14, 15)]
        week = pd.Period(TODAY, "W") + {"this": 0, "last": -1, "next": 1}[found[1]]
        fits = [day for day in near if day.strftime("%a").lower() == found[3]]
        if found[2] or found[1] != "last":
            return (next(day for day in fits if pd.Period(day, "W") == week),) * 2
        return (max(day for day in fits if day < TODAY),) * 2
    if found := re.fullmatch(r"(this|last)-month-(\d\d)", text):
        month = pd.Period(TODAY, "M") - int(found[1] == "last")
        return (date(month.year, month.month, min(int(found[2]), month.days_in_month)),) * 2
    if found := re.fullmatch(r"(this|last)-year-(m|q)(.+)", text):
        year = TODAY.year - (found[1] == "last")
        return span(f"{year}-{'q' if found[2] == 'q' else ''}{found[3]}")
    return None


def _year_before(day: date) -> date:
    return (pd.Timestamp(day) - pd.DateOffset(years=1)).date()
