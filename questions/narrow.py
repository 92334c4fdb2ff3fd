"""From the last question to the next: what one tap may narrow, widen or turn it into. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from questions import period
from questions.check import check
from questions.ground import PRODUCTS
from questions.misread import NotUnderstood
from questions.names import Names
from questions.question import APART, FORECAST, Filter, Question
from questions.vocabulary import fields, lexicon, values

MOST_WIDER = 3
GONE = frozenset({"lapsing", "dormant", "churned", "at_risk_vip", "prospect"})  # these have not come lately
TIMED = ("visited", "first", "joined")
WHEN = frozenset({*TIMED, "last", "due", "birthday"})
MONTHS = ("this-month", "last-month")
NOT_OPENED = frozenset(
    {"period", "consent", "vehicle"}
)  # a customer may be counted under one and have several
SHORTEST, MONTHLY = 2, 62  # days of a period that are worth a line; more are shown by month
OF_GOODS = frozenset({"fuel", "product"})
ANY_DAY = date(2026, 1, 31)


@dataclass(frozen=True, slots=True)
class Offer:
    """One tap: ``code`` is its name in callback data, ``label`` with ``facts`` what it says.

    ``row``: offers of one kind stand side by side. ``widens``: it can find more than the question did.
    """

    code: str
    label: str
    question: Question
    row: int
    facts: dict[str, Any] = field(default_factory=dict)
    widens: bool = False


def offers(question: Question, names: Names) -> tuple[Offer, ...]:
    """What may be asked next of this question, by somebody who knows these names. Each has an answer."""
    if question.of("who"):
        return ()
    # Of two times compared, what follows is of the latter.
    base = replace(question, period=question.period.rpartition(",")[2])
    found = (
        *_shapes(base), *_splits(base, names), *_narrower(base), *_at_risk(base),
        *_tagged(base, names), *_times(base), *_wider(base)
    )  # fmt: skip
    return tuple(one for one in found if one.question != question and _sound(one.question))


def taken(question: Question, code: str, names: Names) -> Question | None:
    """The question behind an offer's code; None for a code that is not offered."""
    return next((one.question for one in offers(question, names) if one.code == code), None)


def opened(question: Question, key: str) -> Question | None:
    """The people behind one row of a breakdown or comparison; None where they cannot be told."""
    by = question.by
    if question.kind not in ("breakdown", "compare") or by in NOT_OPENED or not key:
        return None
    if fields()[by].type == "choice" and (key not in values(by) or (by == "product" and key in PRODUCTS)):
        return None  # what the till calls "shop" is less than what a question calls so
    of_home = question.kind == "breakdown" and by == "station" and not _of_rows(question)
    rest = question.filters
    if question.kind == "compare":
        rest = tuple(one for one in rest if one.field != by or one.op != "=")
    row = Filter("home" if of_home else by, "=", (key,))  # people are counted where they are at home
    found = _people(replace(question, filters=(*rest, row)))
    return found if _sound(found) else None


def _sound(question: Question) -> bool:
    try:
        return check(question) == question
    except NotUnderstood:
        return False


def _people(question: Question) -> Question:
    """The customers that a question is about, as a list."""
    if question.measure == "churn":
        lost = Filter("became", "=", ("churned",))
        question = replace(question, measure="customers", filters=(*question.filters, lost))
    moved = bool(question.of("was") or question.of("became")) and question.measure == "customers"
    summed = f"-{question.summed}" if question.measure != "customers" else ""
    sort = question.sort if question.kind == "list" else summed
    kind: Any = "change" if moved else "list"
    return replace(question, kind=kind, by="", measure="customers", sort="" if moved else sort, limit=None)


def _shapes(question: Question) -> Iterator[Offer]:
    if question.kind not in ("list", "change"):
        yield Offer("list", "narrow.list", _people(question), 0)
    if question.kind != "count":
        yield Offer("count", "narrow.count", replace(question, kind="count", by="", sort="", limit=None), 0)


def _of_rows(question: Question) -> bool:
    """Whether the measure is told from visits, and not from the customers themselves."""
    return question.measure != "customers" and question.summed not in FORECAST


def _open(question: Question, *names: str) -> bool:
    """Whether these fields are still free: no filter says what they are."""
    return not any(one.field in names for one in question.filters)


def _splits(question: Question, names: Names) -> Iterator[Offer]:
    if question.measure in APART:  # a mean of each customer: one query for each group
        return
    base = replace(question, sort="", limit=None)
    sold = "product" if _of_rows(question) else "fuel"
    fits = {
        "station": len(names.places) > 1 and _open(question, "station", "home"),
        "segment": _open(question, "segment", "was", "became"),
        sold: _open(question, "fuel", "product"),
    }
    for by, fit in fits.items():
        if fit and (question.kind, question.by) != ("breakdown", by):
            split = replace(base, kind="breakdown", by=by)
            yield Offer(f"by:{by}", "narrow.by", split, 1, {"by": by})
    if question.kind != "trend" and _open(question, *WHEN) and (step := _step(question.period)):
        yield Offer("trend", "narrow.trend", replace(base, kind="trend", by=step), 1)


def _step(text: str) -> str:
    """How long the steps of a trend over this period are; empty where it is too short for one."""
    if not text:
        return "month"
    begin, end = period.days(text, ANY_DAY)
    length = (end - begin).days + 1
    if length < SHORTEST or text.startswith("next-"):
        return ""
    return "day" if length <= MONTHLY else "month"


def _narrower(question: Question) -> Iterator[Offer]:
    if _open(question, "segment", "lifecycle", "was", "became") and question.by != "segment":
        yield _only(question, "segment", "vip")
    sold = "product" if question.kind != "list" and _of_rows(question) else "fuel"
    if _open(question, "fuel", "product") and question.by not in ("fuel", "product"):
        yield _only(question, sold, "diesel")
    segment = {value for one in question.of("segment") if one.op == "=" for value in one.values}
    counted = question.kind in ("list", "count") and question.measure == "customers"
    if counted and not question.period and _open(question, *WHEN) and not segment & GONE:
        yield Offer(
            "+visited", "narrow.came", _with(question, Filter("visited", "=", ("this-month",))), 2, {}
        )


def _at_risk(question: Question) -> Iterator[Offer]:
    """A VIP who stays away becomes one at risk: who asks for VIPs away for long may well mean both."""
    vips = Filter("segment", "=", ("vip",))
    away = any(one.op in (">", ">=") for one in question.of("last"))
    if away and question.of("segment") == (vips,):
        both = Filter("segment", "=", ("at_risk_vip", "vip"))
        filters = tuple(both if one == vips else one for one in question.filters)
        yield Offer("+at_risk", "narrow.at_risk", replace(question, filters=filters), 2, widens=True)


def _alike(one: str, other: str) -> bool:
    return one == other or {one, other} <= OF_GOODS


def _tagged(question: Question, names: Names) -> Iterator[Offer]:
    """洗车 is what was bought, and somebody's tag as well: who asked may have meant that."""
    for one in question.filters:
        for word, tag in names.tag_words.items():
            known = lexicon().get(word)
            if known and one.op == "=" and known.code in one.values and _alike(known.field, one.field):
                rest = tuple(other for other in question.filters if other != one)
                meant = _with(replace(question, filters=rest), Filter("tag", "=", (tag,)))
                yield Offer("tag", "narrow.tag", meant, 2, {"tag": tag}, widens=True)
                return


def _only(question: Question, name: str, value: str) -> Offer:
    facts = {"field": name, "value": value}
    return Offer(f"+{name}", "narrow.only", _with(question, Filter(name, "=", (value,))), 2, facts)


def _with(question: Question, one: Filter) -> Question:
    return replace(question, filters=(*question.filters, one))


def _times(question: Question) -> Iterator[Offer]:
    """This month and last month instead of the time asked for, or where a sum has none."""
    told = [one for one in question.filters if one.field in TIMED and one.op == "="]
    summed = question.measure != "customers" or question.kind == "change"
    for month in MONTHS:
        if told:
            rest = tuple(one for one in question.filters if one != told[0])
            moved = Filter(told[0].field, "=", (month,))
            turned = replace(question, filters=(*rest, moved))
        elif question.period or summed:
            turned = replace(question, period=month, by=_by(question, month))
        else:
            return
        yield Offer(month, f"narrow.{month.replace('-', '_')}", turned, 3, widens=True)


def _by(question: Question, text: str) -> str:
    return _step(text) if question.kind == "trend" else question.by


def _wider(question: Question) -> Iterator[Offer]:
    """Without one of the things that narrow it."""
    left = MOST_WIDER
    if question.limit is not None:
        left -= 1
        yield Offer("-limit", "narrow.all", replace(question, limit=None), 4, widens=True)
    for name in dict.fromkeys(one.field for one in question.filters):
        if left and not (question.kind == "compare" and name == question.by):
            left -= 1
            rest = tuple(one for one in question.filters if one.field != name)
            wider = replace(question, filters=rest)
            yield Offer(f"-{name}", "narrow.without", wider, 4, {"field": name}, widens=True)
    if left and question.period:
        wider = replace(question, period="", by=_by(question, ""))
        yield Offer("-period", "narrow.any_time", wider, 4, widens=True)
