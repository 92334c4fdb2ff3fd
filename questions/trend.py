"""A measure over time: the steps of a trend and the number of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from crm import segments
from crm.customers import Customer
from questions import period, standing, totals
from questions.ground import PLACES, ROW_FIELDS, Days, Ground
from questions.measured import measured
from questions.question import APART, BEGUN, EACH, RATED, Filter, Question
from questions.select import customers

MOST_STEPS = 62


def trend(question: Question, ground: Ground) -> tuple[list[Days], dict[int, Any]]:
    """The steps, and the number of each where there is one."""
    begun, today = _begun(question), ground.asker.today
    steps = buckets(replace(question, period=begun.values[0]) if begun else question, today)
    if question.of("was") or question.of("became"):
        whole = replace(question, period=stretch((steps[0][0], steps[-1][1])))
        return steps, dict(totals.moved_by(whole, ground, steps))
    if begun is not None:
        return steps, _people_of(question, begun, steps, ground)
    if question.measure in (*APART, *RATED) or question.measure.endswith(EACH):  # of no use added up
        each = (measured(question, ground, step) for step in steps)
        return steps, dict(enumerate(each))
    if question.measure != "customers":
        sums = totals.totals_by(question, ground, steps)
        return steps, {number: one.measure(question.measure) for number, one in sums.items()}
    if (stood := _standing(question)) is not None:
        return steps, _numbers(question, stood, steps, ground)
    return steps, dict(totals.came_by(question, ground, steps))


def _begun(question: Question) -> Filter | None:
    """When the customers first came or joined, where a trend of people is of that, and not of visits."""
    told = [one for one in question.filters if one.field in BEGUN and one.op == "=" and len(one.values) == 1]
    return told[0] if len(told) == 1 and question.measure == "customers" and not question.period else None


def _people_of(question: Question, begun: Filter, steps: list[Days], ground: Ground) -> dict[int, int]:
    """How many began in each step."""
    rest = tuple(one for one in question.filters if one != begun)
    each = (replace(begun, values=(stretch(step),)) for step in steps)
    asked = (replace(question, filters=(*rest, one)) for one in each)
    return {number: totals.people(one, ground) for number, one in enumerate(asked)}


def _standing(question: Question) -> Filter | None:
    """The segment whose size is followed, where nothing is said of visits."""
    told = [one for one in question.filters if one.field == "segment" and one.op == "="]
    of_visits = any(one.field in ROW_FIELDS.difference(PLACES) for one in question.filters)
    return told[0] if len(told) == 1 and not of_visits else None


def _numbers(question: Question, stood: Filter, steps: list[Days], ground: Ground) -> dict[int, int | None]:
    """How many were in the segment at the end of each step; None before the first run."""
    rest = replace(question, filters=tuple(one for one in question.filters if one != stood))
    found: dict[int, int | None] = {}
    for number, (_, end) in enumerate(steps):
        if not segments.ran_by(ground.session, end):
            found[number] = None
            continue
        whose = customers(rest, ground).where(Customer.id.in_(standing.stood(end, stood.values)))
        found[number] = ground.session.scalar(select(func.count()).select_from(whose.subquery())) or 0
    return found


def stretch(days: Days) -> str:
    return f"{days[0].isoformat()}..{days[1].isoformat()}"


def buckets(question: Question, today: date) -> list[Days]:
    """The steps of a trend, the last one as far as it has gone; at most MOST_STEPS, the latest."""
    step = question.by
    if question.period:
        begin, end = period.days(question.period, today)
    else:
        back = {"day": 29, "week": 83, "month": 334, "quarter": 640}[step]
        begin, end = today - timedelta(days=back), today
        begin = begin if step == "day" else period.whole(step, begin)[0]
    made: list[Days] = []
    day = begin
    while day <= end:
        last = day if step == "day" else min(period.whole(step, day)[1], end)
        made.append((day, last))
        day = last + timedelta(days=1)
    return made[-MOST_STEPS:]
