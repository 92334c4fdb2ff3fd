"""From a question to its answer, within the stations of whoever asks: the one door to customers for staff."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from babel.numbers import get_currency_precision
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm import segments
from crm.customers import Customer
from crm.segments import CustomerSegment, SegmentChange
from questions import forecasts, hours, period, totals
from questions.accounts import FIELDS
from questions.asker import Asker
from questions.ground import ROW_FIELDS, Ground
from questions.measured import measured
from questions.people import PAGE, Listed, Nobody, People, Person, listed, person
from questions.question import APART, MEANS, Filter, Question
from questions.select import customers, in_order, moves, summed
from questions.trend import stretch, trend
from questions.vocabulary import values

MOST_ROWS = 1000
COMPARED = ("customers", "visits", "litres", "spend", "basket")


@dataclass(frozen=True, slots=True)
class Answer:
    """``value`` of a count and ``before``, the same for the days before; else ``rows``, as JSON facts.

    Money in minor units of ``currency``, litres in millilitres. ``total``: how many rows there are
    without paging. ``as_of``: the day of the segments. ``found``: the person asked for. ``model``: the month
    end whose fit foretells what was asked; ``foretold``: it was asked, and where there is no model, there is
    no answer. ``since``: the day from which moves between segments are known, where they are asked of
    earlier days too.
    """

    question: Question
    value: float | None = None
    before: float | None = None
    currency: str = ""
    rows: tuple[dict[str, Any], ...] = ()
    total: int = 0
    page: int = 0
    pages: int = 1
    as_of: date | None = None
    foretold: bool = False
    model: date | None = None
    since: date | None = None
    found: Person | People | Nobody | None = field(default=None)


def answer(session: Session, question: Question, asker: Asker, page: int | None = None) -> Answer:
    """Every answer about customers. Nothing outside the asker's stations enters it.

    ``page`` (from 0, PAGE rows each) of a list; without it up to MOST_ROWS rows.
    """
    ground = Ground(session, asker)
    made = {
        "count": _count, "breakdown": _breakdown, "compare": _compare, "trend": _trend,
    }.get(question.kind)  # fmt: skip
    foretold, known = bool(forecasts.asked(question)), forecasts.known(question, ground)
    if not known:
        found = Answer(question)
    elif question.of("who"):
        found = (_person if question.kind == "person" else _of_one)(question, ground)
    elif made is not None:
        found = made(question, ground)
    else:
        found = (_changes if question.kind == "change" else _list)(question, ground, page)
    run, standing = ground.run, ground.forecasts if foretold and known else None
    return replace(
        found,
        currency=ground.currency_of(question),
        as_of=run.as_of if run else None,
        foretold=foretold,
        model=standing.month if standing else None,
        since=_moves_since(question, ground),
    )


def _moves_since(question: Question, ground: Ground) -> date | None:
    if not (question.of("was") or question.of("became")):
        return None
    times = question.period.split(",")  # two of them are compared
    begins = min(ground.days(replace(question, period=one))[0] for one in times)
    first = segments.first_day(ground.session)
    return first if first is not None and begins <= first else None


def _count(question: Question, ground: Ground) -> Answer:
    value = measured(question, ground)
    earlier = _earlier(question, ground.asker.today)
    return Answer(question, value, measured(earlier, ground) if earlier else None)


def _earlier(question: Question, today: date) -> Question | None:
    """The same question of the days just before, where it is about some days."""
    if question.period:
        return replace(question, period=stretch(period.before(question.period, today)))
    for one in question.filters:
        if one.field in ("visited", "first", "joined") and one.op == "=" and len(one.values) == 1:
            moved = Filter(one.field, one.op, (stretch(period.before(one.values[0], today)),))
            return replace(
                question, filters=tuple(moved if each == one else each for each in question.filters)
            )
    return None


def _list(question: Question, ground: Ground, page: int | None) -> Answer:
    """Biggest spenders first unless asked otherwise. A page beyond the end is the last one."""
    if summed(question, ground) and (found := _at_once(question, ground, page)):
        return found
    total = totals.people(question, ground)
    query = in_order(question, ground, Customer, CustomerSegment)
    size, page, pages = _paging(min(total, question.limit or total), page)
    left = min(size, (question.limit or total) - page * size)
    rows = _rows(question, ground, query.offset(page * size).limit(max(left, 0)))
    return Answer(question, rows=rows, total=total, page=page, pages=pages)


def _at_once(question: Question, ground: Ground, page: int | None) -> Answer | None:
    """The page and how many there are, told from the log once; None for a page beyond the end."""
    whose = customers(question, ground).cte("whose")
    whole = select(func.count()).select_from(whose).scalar_subquery().label("whole")
    query = in_order(question, ground, Customer, CustomerSegment, among=whose).add_columns(whole)
    size, before = (MOST_ROWS, 0) if page is None else (PAGE, max(page, 0) * PAGE)
    left = max(0, min(size, (question.limit or before + size) - before))
    found = ground.session.execute(query.offset(before).limit(left)).all()
    if not found:
        return None
    total = int(found[0].whole)
    size, page, pages = _paging(min(total, question.limit or total), page)
    rows = tuple(_told(question, ground, *row[:3]) for row in found)
    return Answer(question, rows=rows, total=total, page=page, pages=pages)


def _rows(question: Question, ground: Ground, query: Any) -> tuple[dict[str, Any], ...]:
    return tuple(_told(question, ground, *row) for row in ground.session.execute(query))


def _told(
    question: Question, ground: Ground, one: Customer, segment: CustomerSegment | None, key: Any
) -> dict[str, Any]:
    name = (question.sort or "-spend").removeprefix("-")
    row = _row(listed(one, segment, ground.asker.today), segment, name, key)
    return row | {"currency": ground.expected_in} if name == "worth" else row


def _paging(total: int, page: int | None) -> tuple[int, int, int]:
    if page is None:
        return MOST_ROWS, 0, 1
    pages = max(1, -(-total // PAGE))
    return PAGE, min(max(page, 0), pages - 1), pages


def _row(one: Listed, segment: CustomerSegment | None, name: str, found: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "customer": one.number,
        "name": one.name,
        "segment": one.segment,
        "days": one.days,
        "last_visit": segment.last_visit.isoformat() if segment and segment.last_visit else None,
        "spend": one.spend,
        "currency": one.currency,
        "sort": name,
        "measure": None if found is None else float(found),
    }


def _changes(question: Question, ground: Ground, page: int | None) -> Answer:
    """Who moved from one segment to another, the latest first."""
    moved = (*moves(question, ground), SegmentChange.customer_id.in_(customers(question, ground)))
    total = ground.session.scalar(select(func.count()).select_from(SegmentChange).where(*moved)) or 0
    size, page, pages = _paging(min(total, question.limit or total), page)
    left = min(size, (question.limit or total) - page * size)
    query = (
        select(SegmentChange, Customer)
        .join(Customer, Customer.id == SegmentChange.customer_id)
        .where(*moved)
        .order_by(SegmentChange.as_of.desc(), SegmentChange.id.desc())
    )
    rows = [
        {
            "id": one.id,
            "customer": one.public_number,
            "name": one.name,
            "before": change.before,
            "after": change.after,
            "day": change.as_of.isoformat(),
        }
        for change, one in ground.session.execute(query.offset(page * size).limit(max(left, 0)))
    ]
    return Answer(question, rows=tuple(rows), total=total, page=page, pages=pages)


def _breakdown(question: Question, ground: Ground) -> Answer:
    counted: dict[Any, float | None] = {}
    if question.measure in APART:
        counted = {key: measured(one, ground) for key, one in _each(question, ground)}
    else:
        counted = {key: one.measure(question.measure) for key, one in _groups(question, ground).items()}
    ordered = sorted(counted.items(), key=lambda item: (item[1] is None, -(item[1] or 0), str(item[0])))
    if question.sort and not question.sort.startswith("-"):
        ordered = ordered[::-1]
    rows = [{"key": name, "value": value} for name, value in ordered[: question.limit]]
    return Answer(question, rows=tuple(rows), total=len(ordered))


def _groups(question: Question, ground: Ground) -> dict[Any, totals.Totals]:
    """The sums of each group; stations by their codes, those of others as one group without a name."""
    codes = {station.id: code for code, station in ground.stations.items()}
    names: dict[str, Callable[[Any], Any]] = {"station": codes.get, "home": codes.get, "hour": hours.named}
    if question.by in FIELDS:
        said = {number: one.of(question.by) or None for number, one in ground.accounts.items()}
        names[question.by] = said.get
    name = names.get(question.by, lambda key: key)
    found: dict[Any, totals.Totals] = {}
    for key, one in _sums(question, ground).items():
        found.setdefault(name(key), totals.Totals()).add(one)
    return found


def _sums(question: Question, ground: Ground) -> dict[Any, totals.Totals]:
    if question.measure != "customers":
        return totals.totals(question, ground, question.by)
    counted = totals.people_by(question, ground, question.by)
    return {key: totals.Totals(customers=number) for key, number in counted.items()}


def _each(question: Question, ground: Ground) -> list[tuple[str, Question]]:
    """The same question of each value of its dimension."""
    by = question.by
    told = next((one for one in question.filters if one.field == by and one.op == "="), None)
    if by == "period":
        parts = question.period.split(",")
        return [(part, replace(question, period=part)) for part in parts]
    if told is not None:
        keys = list(told.values)
    elif by in ("station", "home"):
        keys = list(ground.stations)
    elif by in ("city", "region"):
        keys = sorted({name for station in ground.stations.values() if (name := getattr(station, by))})
    elif by in FIELDS:
        keys = sorted({one.of(by) for one in ground.accounts.values()} - {""})
    else:
        keys = [code for code in values(by) if not code.startswith("-")]
    rest = tuple(one for one in question.filters if one != told)
    return [(key, replace(question, filters=(*rest, Filter(by, "=", (key,))))) for key in keys]


def _compare(question: Question, ground: Ground) -> Answer:
    moved = bool(question.by == "period" and (question.of("was") or question.of("became")))
    measures = COMPARED if question.measure == "customers" and not moved else (question.measure,)
    rows = []
    for key, one in _each(question, ground):
        row: dict[str, Any] = {"key": key}
        if question.by == "period" and "customers" in measures:
            days = period.days(one.period, ground.asker.today)
            row["customers"] = (totals.moved_by if moved else totals.came_by)(one, ground, [days]).get(0, 0)
        elif "customers" in measures:
            row["customers"] = totals.people(one, ground)
        if question.measure in APART:
            row[question.measure] = measured(one, ground)
        elif not moved:
            found = totals.totals(one, ground).get(None, totals.Totals())
            row |= {name: found.measure(name) for name in measures if name != "customers"}
        rows.append(row)
    return Answer(question, rows=tuple(rows), total=len(rows))


def _trend(question: Question, ground: Ground) -> Answer:
    steps, found = trend(question, ground)
    empty = None if question.measure in ("basket", "km", *MEANS) else 0
    rows = [
        {"key": begin.isoformat(), "until": end.isoformat(), "value": found.get(number, empty)}
        for number, (begin, end) in enumerate(steps)
    ]
    return Answer(question, rows=tuple(rows), total=len(rows))


def _of_one(question: Question, ground: Ground) -> Answer:
    """What one person filled. Where several are called so, or nobody is: who it could be."""
    (named,) = question.of("who")
    who = _person(Question("person", (named,)), ground)
    if not isinstance(who.found, Person):
        return who
    this = Filter("who", "=", (str(who.found.id),))
    filters = tuple(this if one == named else one for one in question.filters)
    return replace(_count(replace(question, filters=filters), ground), question=question, found=who.found)


def _person(question: Question, ground: Ground) -> Answer:
    found: Person | People | Nobody = Nobody()
    for wanted in question.of("who")[0].values:
        if isinstance(found, Nobody):
            found = person(ground.session, ground.asker, wanted)
    rows: tuple[dict[str, Any], ...] = ()
    if isinstance(found, Person):
        facts = found.facts
        rows = ({"id": found.id, "customer": facts["number"], "name": facts["name"],
                 "segment": facts["segment"] and facts["segment"]["name"]},)  # fmt: skip
    elif isinstance(found, People):
        rows = tuple(
            {"id": one.id, "customer": one.number, "name": one.name, "segment": one.segment}
            for one in found.rows
        )
    return Answer(
        question, rows=rows, total=found.total if isinstance(found, People) else len(rows), found=found
    )


def major(value: float | None, measure: str, currency: str) -> float | None:
    """A measure in the units people write: money in the major unit, litres in litres, a rate in percent."""
    if value is None:
        return None
    base = measure.partition("_")[0]
    if base in ("spend", "basket", "worth"):
        digits: int = get_currency_precision(currency) if currency else 2
        return float(round(value / 10**digits, digits))
    if base == "litres":
        return round(value / 1000, 3)
    if measure == "churn":
        return round(value * 100, 2)
    digits = {"km": 1, "visits": 0}.get(measure, 2)
    return round(value, digits) if digits and base in ("km", "gap", "visits", "expected") else value


__all__ = ["PAGE", "ROW_FIELDS", "Answer", "Asker", "Nobody", "People", "Person", "answer", "major"]
