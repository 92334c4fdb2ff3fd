"""The measure of a question as one number, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select

from crm import segments
from crm.customers import Customer
from crm.segments import CustomerSegment
from questions import churn, sums, totals
from questions.ground import Days, Ground
from questions.question import Question
from questions.select import customers


def measured(question: Question, ground: Ground, days: Days | None = None) -> float | None:
    """In the units of the records (questions.answer.Answer); None where there is nothing to tell it from.

    ``days``: one step of the question's time. Who is asked for is told from all of that time.
    """
    apart: dict[str, Callable[[Question, Ground, Days | None], float | None]] = {
        "customers": people, "km": average_km, "gap": average_gap, "churn": churn_rate,
    }  # fmt: skip
    if question.measure in apart:
        return apart[question.measure](question, ground, days)
    found = totals.totals(question, ground, days=days).get(None, totals.Totals())
    return found.measure(question.measure)


def people(question: Question, ground: Ground, _days: Days | None) -> int:
    return totals.people(question, ground)


def average_km(question: Question, ground: Ground, days: Days | None) -> float | None:
    """Kilometres per month, the mean of those customers whose odometer tells it."""
    rows = ground.rows(question, days or ground.days(question), by_customer=True)
    whose = sums.of_each(ground.session, "km", rows, [], ground.currency).subquery()
    theirs = whose.c.customer_id.in_(customers(question, ground, rows=True))
    mean = ground.session.scalar(select(func.avg(whose.c.value)).where(theirs))
    return None if mean is None else float(mean)


def average_gap(question: Question, ground: Ground, _days: Days | None) -> float | None:
    """Usual days between visits, the mean of those customers who have a rhythm."""
    whose = customers(question, ground, CustomerSegment.typical_gap_days.label("days")).subquery()
    mean = ground.session.scalar(select(func.avg(whose.c.days)))
    return None if mean is None else float(mean)


def churn_rate(question: Question, ground: Ground, days: Days | None) -> float | None:
    """The share of the customers asked for who were lost in the period; None without a run before it."""
    begin, end = days or ground.days(question)
    before = begin - timedelta(days=1)
    if not segments.ran_by(ground.session, before):
        return None
    until = end if end < ground.asker.today else None
    whose = Customer.id.in_(customers(question, ground))
    found: float | None = churn.rate(ground.session, ground.asker, before, until, whose)["rate"]
    return found
