"""Whether a question can have an answer at all: contradictions are named, not answered with nought. Pure."""

from __future__ import annotations

from dataclasses import replace

from questions.misread import NotUnderstood, Problem
from questions.question import BEGUN, FORECAST, PACES, STEPS, SUMMED, Filter, Question
from questions.timing import ahead

# Fields of which a customer has exactly one value.
SINGLE = frozenset({
    "segment", "lifecycle", "value", "frequency", "rfm", "fuel", "loyalty", "credit", "persona", "price",
    "source", "reach", "declining", "home", "city", "region", "was", "became",
    "start", "industry", "size", "account", "tier", "account_region",
})  # fmt: skip
# That one person has, too.
OF_ONE = frozenset({"visits", "litres", "spend", "basket", "litres_visit", *FORECAST})
OF_VISITS = frozenset({"station", "city", "region", "product", "payment", "weekday", "hour"})
ORDERED = frozenset({
    "last", "gap", "visits", "spend", "litres", "basket", "km", "litres_visit", "r", "f", "m", *PACES,
    *FORECAST,
})  # fmt: skip
BY_ROWS = ("product", "payment", "weekday", "hour")  # said of a visit, and not of who made it
BUYING = frozenset({"visited", "first", "product", "payment", "only", "weekday", "hour"})
ROWS = frozenset({"visits", "litres", "spend", "basket", "km"})
CUT = frozenset({"list", "breakdown", "change"})  # what is shown row by row, and can end sooner


def check(question: Question) -> Question:
    """The question, with what it leaves open filled in. Raises NotUnderstood for a contradiction."""
    question = _completed(question)
    if question.limit is not None and question.kind not in CUT:  # a number is of all of them
        raise NotUnderstood(Problem("operator", f"limit:{question.limit}", field="limit"))
    if "," in question.period and question.by != "period":  # only side by side
        raise NotUnderstood(Problem("periods", question.period.replace(",", ", ")))
    _never_came(question)
    if question.measure != "customers" and any(ahead(one) for one in question.period.split(",")):
        raise NotUnderstood(Problem("operator", question.period, field="due"))  # what is to come nobody knows
    for field in {one.field for one in question.filters}:
        these = question.of(field)
        if field in ORDERED:
            _range(field, these)
        elif field in SINGLE:
            _choices(field, these)
        else:
            _same(field, these)
    return question


def _completed(question: Question) -> Question:
    kind = question.kind
    if question.measure == "gap" and (question.period or kind == "trend" or question.by in STEPS):
        raise NotUnderstood(Problem("operator", "gap", field="gap"))  # it is as of today
    _of_the_future(question)
    if question.measure == "churn" and not question.period and kind != "trend":
        question = replace(question, period="this-month")
    if kind == "list":
        if question.of("who") and question.measure == "customers":
            kind = "person"
        elif question.by:
            kind = "trend" if question.by in STEPS else "breakdown"
        elif question.measure != "customers":
            kind = "count"
        question = replace(question, kind=kind)
    _one_person(question)
    question = _limited(question)
    kind = question.kind
    if kind == "change" and not (question.of("was") or question.of("became")):
        raise NotUnderstood(Problem("value", field="became"))
    if kind == "compare":
        return _compared(question)
    return _dimensioned(question)


def _limited(question: Question) -> Question:
    """The litres of the top five are told of each of them."""
    counted = question.kind == "count" and question.measure in (*ROWS, *FORECAST) and not question.of("who")
    if question.limit is None or not counted:
        return question
    return replace(
        question, kind="list", by="", sort=question.sort or f"-{question.measure}", measure="customers"
    )


def _of_the_future(question: Question) -> None:
    """What is expected is of 90 days, whatever was bought, and has no past."""
    for name in (question.summed, question.sort.lstrip("-")):
        past = question.period or question.kind in ("trend", "change")
        if name in FORECAST and (past or question.by in (*STEPS, *BY_ROWS, *BEGUN, "period")):
            raise NotUnderstood(Problem("forecast", name))


def _one_person(question: Question) -> None:
    """Who somebody is has one name and nothing beside it. What they filled is asked of their visits only."""
    asked = question.of("who")
    if not asked:
        if question.kind == "person":
            raise NotUnderstood(Problem("value", field="who"))
        return
    named = len(asked) == 1 and asked[0].op == "=" and len(asked[0].values) == 1
    alone = len(question.filters) == 1 and question.kind == "person" and not question.by
    others = {one.field for one in question.filters} - {"who"}
    summed = question.kind == "count" and question.measure in OF_ONE and others <= OF_VISITS
    if not (named and (alone or summed)):
        raise NotUnderstood(Problem("operator", asked[0].canonical(), field="who"))


def _dimensioned(question: Question) -> Question:
    if question.kind == "trend" and question.by not in STEPS:
        if question.by:
            raise NotUnderstood(Problem("value", question.by, field="trend"))
        return replace(question, by="day" if question.period in SHORT else "month")
    if question.kind == "breakdown" and not question.by:
        if question.limit is not None:  # the share of the first ten in all is no split of them
            raise NotUnderstood(Problem("operator", f"limit:{question.limit}", field="limit"))
        return replace(question, by="segment")
    if question.kind != "trend" and question.by in (*STEPS, "period", *BEGUN):
        raise NotUnderstood(Problem("value", question.by, field="by"))
    return question


def _never_came(question: Question) -> None:
    """Prospects have not come: none of them has spent, filled or bought anything."""
    alone = [one for one in question.filters if one.canonical() in ("segment:prospect", "lifecycle:prospect")]
    done = [
        one
        for one in question.filters
        if (one.field in BUYING and one.op == "=")
        or (one.field in SUMMED and one.op in (">", ">=") and float(one.values[0]) > 0)
    ]
    if alone and done:
        both = " ".join(one.canonical() for one in (alone[0], *done))
        raise NotUnderstood(Problem("contradiction", both, field=alone[0].field))


SHORT = frozenset({"this-week", "last-week", "this-month", "last-month", "last-7d", "last-14d", "last-30d"})


def _compared(question: Question) -> Question:
    if not question.by:
        several = [one.field for one in question.filters if one.op == "=" and len(one.values) > 1]
        if not several:
            raise NotUnderstood(Problem("compare"))
        return replace(question, by=several[0])
    if question.by in BEGUN and len(question.of(question.by)) != 1:
        raise NotUnderstood(Problem("compare"))
    if question.by == "period" and len(set(question.period.split(","))) < 2:
        raise NotUnderstood(Problem("compare"))
    return question


def _choices(field: str, these: tuple[Filter, ...]) -> None:
    left: set[str] | None = None
    for one in these:
        if one.op == "=":
            left = set(one.values) if left is None else left & set(one.values)
    banned = {value for one in these if one.op == "!=" for value in one.values}
    if left is not None and not left - banned:
        raise NotUnderstood(Problem("contradiction", " ".join(one.canonical() for one in these), field=field))


def _same(field: str, these: tuple[Filter, ...]) -> None:
    wanted = {one.values for one in these if one.op == "="}
    if any(one.values in wanted for one in these if one.op == "!="):
        raise NotUnderstood(Problem("contradiction", " ".join(one.canonical() for one in these), field=field))


def _range(field: str, these: tuple[Filter, ...]) -> None:
    lowest, highest = float("-inf"), float("inf")
    strict = False
    for one in these:
        value = float(one.values[0].removesuffix("d"))
        if one.op in (">", ">=", "="):
            strict = (strict and value <= lowest) or (one.op == ">" and value >= lowest)
            lowest = max(lowest, value)
        if one.op in ("<", "<=", "="):
            strict = strict or (one.op == "<" and value <= lowest)
            highest = min(highest, value)
    if lowest > highest or (lowest == highest and strict):
        raise NotUnderstood(Problem("contradiction", " ".join(one.canonical() for one in these), field=field))
