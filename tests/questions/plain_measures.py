"""Measures that are no sum of rows, by plain pandas: so much a day, usual days between visits, churn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import select

from crm.db import Database
from crm.segments import SegmentRun
from tests.questions.plain_sums import measure
from tests.questions.read_anew import TODAY, span

WEEKS = {"weekend": {"sat", "sun"}, "workday": {"mon", "tue", "wed", "thu", "fri"}}
UNITS = {"day": 1, "week": 7, "month": 365.25 / 12}


def measured(oracle: Any, question: Any) -> float | None:
    """The measure of a question, of the whole of it. ``oracle``: tests.questions.plain_chain.Oracle."""
    if question.measure == "gap":
        who = oracle.people[oracle.people["id"].isin(oracle.customers(question))]
        known = [float(days) for days in who["typical_gap_days"] if not pd.isna(days)]
        return sum(known) / len(known) if known else None
    if question.measure == "churn":
        return _churn(oracle, question)
    if question.measure.removesuffix("_each") in ("worth", "expected"):
        return foretold(oracle, question.measure, oracle.customers(question))
    return of_rows(oracle, oracle.asked_rows(question), question)


def foretold(oracle: Any, measure: str, who: set[int]) -> float | None:
    """The sum or the mean of what is expected of these customers."""
    numbers = oracle.numbers(measure.removesuffix("_each"), None)
    known = [float(number) for customer, number in numbers.items() if customer in who]
    if not measure.endswith("_each"):
        return sum(known)
    return sum(known) / len(known) if known else None


def of_rows(oracle: Any, rows: Any, question: Any) -> float | None:
    """A sum or a mean of these rows, which are of the days asked for."""
    base, _, step = question.measure.partition("_")
    if step not in UNITS:
        return measure(rows, question.measure)
    begin, end = oracle.window(question)
    found = measure(rows, base)
    days = pd.Series(pd.date_range(begin, end)).dt.day_name().str[:3].str.lower()
    if step == "day":  # a mean of such days of the week as are asked for
        for one in question.of("weekday"):
            named = {day for value in one.values for day in WEEKS.get(value, (value,))}
            days = days[days.isin(named) == (one.op == "=")]
        if question.by == "weekday" and len(rows) and question.kind == "breakdown":
            days = days[days == f"{rows['day'].iloc[0]:%a}".lower()]
    return None if found is None else found * UNITS[step] / max(len(days), 1)


def _churn(oracle: Any, question: Any) -> float | None:
    """Percent of those who could be lost before the period began."""
    begin, end = span(question.period)
    if not any(run <= begin - timedelta(days=1) for run in oracle.runs):
        return None
    was = oracle.standing(begin - timedelta(days=1))
    now = oracle.standing(end if end < TODAY else TODAY)
    theirs = oracle.customers(question)
    base = [
        n for n, one in was.items() if n in theirs and one and one not in ("prospect", "churned") and now[n]
    ]
    return 100 * sum(now[n] == "churned" for n in base) / len(base) if base else None


def runs(database: Database) -> list[Any]:
    """The days of which there was a run of the segmentation."""
    with database.read() as session:
        return list(session.scalars(select(SegmentRun.as_of)))


def in_hours(at: datetime, spans: tuple[str, ...]) -> bool:
    """``22-06``: from ten in the evening to six, by the clock of Shanghai."""
    hour = (at + timedelta(hours=8)).hour
    for begin, end in (map(int, one.split("-")) for one in spans):
        if begin <= hour < end or (begin > end and (hour >= begin or hour < end)):
            return True
    return False
