"""What was understood, and what was not, shown back in one line (Telegram HTML)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from questions import period
from questions.answer import Answer
from questions.misread import Problem
from questions.names import Place
from questions.question import Filter, Question
from questions.vocabulary import fields
from templates import render

Facts = dict[str, Any]
STATIONS = 6  # of the asker's own, named to somebody who asked for another
# By what a field is a sum of.
UNITS = {"spend": "currency", "basket": "currency", "worth": "currency", "litres": "L", "km": "km"}


def facts(answer: Answer, today: date) -> Facts:
    """The question and the head of its answer, as JSON facts for templates."""
    question = answer.question
    return {
        "kind": question.kind,
        "filters": [_filter(one, today, answer.currency) for one in question.filters],
        "by": question.by,
        "measure": question.measure,
        "period": _periods(question, today),
        "sort": question.sort,
        "limit": question.limit,
        "value": answer.value,
        "before": answer.before,
        "currency": answer.currency,
        "total": answer.total,
        "foretold": answer.foretold,
        "model": answer.model.isoformat() if answer.model else None,
        "since": answer.since.isoformat() if answer.since else None,
        "rows": [dict(row) for row in answer.rows[:1]],
    }


TABLES = {
    "segment": "segment", "was": "segment", "became": "segment", "start": "segment",
    "lifecycle": "lifecycle", "value": "level",
    "frequency": "level", "loyalty": "level", "price": "level", "rfm": "rfm", "credit": "risk",
    "persona": "persona", "payment": "payment", "source": "source", "fuel": "product", "product": "product",
    "only": "product",
    "consent": "purpose", "reach": "yes_no", "declining": "yes_no", "vehicle": "vehicle",
    "weekday": "visit_day", "industry": "industry", "size": "account_size", "tier": "tier",
    "account": "account_any", "tag": "tag_any",
}  # fmt: skip


def table_of(field: str) -> str:
    """The table of labels.toml that names a field's values."""
    return TABLES.get(field, "")


def said(answer: Answer, today: date, locale: str) -> str:
    """One line: what was asked, and what came out."""
    return " ".join(render("replies/said", locale, {"q": facts(answer, today)}).split())


def problem(found: Problem, locale: str) -> str:
    """One sentence: what was not understood, and the nearest thing that is."""
    return render("replies/ask_problem", locale, problem_facts(found))


def problem_facts(found: Problem, places: Sequence[Place] = ()) -> Facts:
    """``places``: the asker's stations, told where they named another."""
    known = fields().get(found.field)
    return {
        "code": found.code,
        "word": found.word,
        "nearest": found.nearest,
        "field": found.field,
        "example": known.example if known else "",
        "stations": [f"{place.code} {place.name}".strip() for place in places[:STATIONS]],
        "more": len(places) > STATIONS,
    }


def _filter(one: Filter, today: date, currency: str) -> Facts:
    kind = fields()[one.field].type
    unit = kind if kind in ("days", "hours") else UNITS.get(one.field.partition("_")[0], "")
    return {
        "field": one.field,
        "op": one.op,
        "values": [value.removesuffix("d") for value in one.values] if kind == "days" else list(one.values),
        "days": [_days(value, today, whole=one.field in ("due", "birthday")) for value in one.values]
        if kind == "period"
        else [],
        "unit": currency if unit == "currency" else unit,
    }


def _periods(question: Question, today: date) -> list[Facts]:
    return [_days(text, today) for text in question.period.split(",") if text]


def _days(text: str, today: date, *, whole: bool = False) -> Facts:
    begin, end = period.days(text, today)
    if whole:
        end = period.whole_end(text, end, today)
    return {"begin": begin.isoformat(), "end": end.isoformat()}
