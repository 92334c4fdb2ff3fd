"""An answer as a table with typed columns: what a file is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.segments import CustomerSegment, SegmentChange
from questions import totals
from questions.answer import answer, major
from questions.asker import Asker
from questions.ground import Ground
from questions.question import STEPS, Question
from questions.said import table_of
from questions.select import HOME, customers, in_order, moves
from questions.sounds import spelled
from segmentation.export import decimal

Type = Literal["text", "integer", "decimal", "day"]
Cell = str | int | float | None
KINDS = ("list", "change", "breakdown", "compare", "trend")  # of questions that make a table
AT_ONCE = 1000  # rows read from the database together
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Column:
    """``name`` is a label; ``names`` are the tables of labels that name its codes.

    Cells: text; whole numbers; numbers (money in the major unit, litres, km); days as ISO 8601.
    """

    name: str
    type: Type = "text"
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One row, and the id of the customer it is about."""

    cells: tuple[Cell, ...]
    customer: int | None = None


@dataclass(frozen=True)
class Table:
    """``name`` of the file without an ending; ``total`` lines, which can be read once."""

    name: str
    columns: tuple[Column, ...]
    lines: Iterator[Line]
    total: int


def _column(name: str, kind: Type = "text", *names: str) -> Column:
    return Column(f"file_column.{name}", kind, names)


WHO = (_column("number"), _column("name"))
CURRENCY = _column("currency")
CHANGED = (
    *WHO, _column("before", "text", "segment"), _column("after", "text", "segment"), _column("day", "day"),
)  # fmt: skip
LISTED = (
    *WHO, _column("segment", "text", "segment"), _column("last_visit", "day"), _column("days", "integer"),
    _column("visits", "integer"), _column("spend", "decimal"), CURRENCY, _column("home"),
)  # fmt: skip
LISTED_ANYWAY = ("spend", "visits", "last")  # where the question is of no days
WHOLE = frozenset({"customers", "visits", "last"})


def table(session: Session, question: Question, asker: Asker) -> Table:
    """The whole answer, within the asker's stations. Its lines are read while ``session`` is open."""
    name, ground = file_name(question, asker.today), Ground(session, asker)
    if question.kind == "list":
        return _people(name, question, ground)
    return _changes(name, question, ground) if question.kind == "change" else _groups(name, question, ground)


def file_name(question: Question, today: date) -> str:
    """What was asked, in letters that every system takes, and the day."""
    told = question.canonical().replace("show:", "").replace("measure:", "")
    words = "".join(sign if sign.isascii() else spelled(sign)[0] for sign in told)
    plain = "-".join("".join(sign if sign.isalnum() else " " for sign in words.lower()).split())
    return f"{plain[:LONGEST_NAME].strip('-') or 'customers'}-{today.isoformat()}"


def _people(name: str, question: Question, ground: Ground) -> Table:
    """In the order of answer.answer, and not only its first rows."""
    total = totals.people(question, ground)
    measure = (question.sort or "-spend").removeprefix("-")
    query = in_order(question, ground, *_PERSON, *_SEGMENT, HOME.label("home_station_id")).limit(
        question.limit
    )
    more = measure not in LISTED_ANYWAY or bool(question.period)
    columns = (*LISTED, _measure_column(measure)) if more else LISTED
    homes = {station.id: station.name for station in ground.stations.values()}

    def lines() -> Iterator[Line]:
        for row in ground.session.execute(query.execution_options(yield_per=AT_ONCE)):
            cells = _listed(row, homes, ground.asker.today)
            currency = ground.expected_in if measure == "worth" else row.currency or ground.currency
            value = _major(row.key, measure, currency)
            yield Line((*cells, value) if more else cells, row.id)

    return Table(name, columns, lines(), min(total, question.limit or total))


_PERSON = (Customer.id, Customer.member, Customer.reference, Customer.name)
_SEGMENT = (
    CustomerSegment.segment, CustomerSegment.last_visit, CustomerSegment.frequency,
    CustomerSegment.monetary, CustomerSegment.currency,
)  # fmt: skip


def _listed(row: Any, homes: dict[int, str], today: date) -> tuple[Cell, ...]:
    last, currency = row.last_visit, row.currency
    return (
        row.member or row.reference or "",
        row.name,
        row.segment,
        last.isoformat() if last else None,
        max(0, (today - last).days) if last else None,
        row.frequency or 0,
        float(decimal(row.monetary, currency)) if currency else None,
        currency,
        homes.get(row.home_station_id),
    )


def _changes(name: str, question: Question, ground: Ground) -> Table:
    """Who moved from one segment to another, the latest first."""
    query = (
        select(*_PERSON, SegmentChange.before, SegmentChange.after, SegmentChange.as_of)
        .join(Customer, Customer.id == SegmentChange.customer_id)
        .where(*moves(question, ground), SegmentChange.customer_id.in_(customers(question, ground)))
        .order_by(SegmentChange.as_of.desc(), SegmentChange.id.desc())
        .limit(question.limit)
    )
    total = ground.session.scalar(select(func.count()).select_from(query.subquery())) or 0

    def lines() -> Iterator[Line]:
        for row in ground.session.execute(query.execution_options(yield_per=AT_ONCE)):
            cells = (row.member or row.reference or "", row.name, row.before, row.after)
            yield Line((*cells, row.as_of.isoformat()), row.id)

    return Table(name, CHANGED, lines(), total)


def _groups(name: str, question: Question, ground: Ground) -> Table:
    """A breakdown, a comparison or a trend: what stands in each row, and its measures."""
    found = answer(ground.session, question, ground.asker)
    keys = [key for key in (found.rows[0] if found.rows else {}) if key not in ("key", "until")]
    told = [question.measure if key == "value" else key for key in keys]
    columns = (*_heads(question.by), *(_measure_column(each) for each in told), CURRENCY)
    called = {code: station.name for code, station in ground.stations.items()}

    def lines() -> Iterator[Line]:
        for row in found.rows:
            values = (_major(row[key], each, found.currency) for key, each in zip(keys, told, strict=True))
            yield Line((*_named(question.by, row, called), *values, found.currency))

    return Table(name, columns, lines(), len(found.rows))


def _heads(by: str) -> tuple[Column, ...]:
    if by in STEPS:
        return _column("from", "day"), _column("until", "day")
    names = tuple(filter(None, (table_of(by), "preference" if by == "fuel" else "")))
    head = Column(f"asked_by.{by}", "text", names)
    return (head, _column("station")) if by in ("station", "home") else (head,)


def _named(by: str, row: dict[str, Any], called: dict[str, str]) -> tuple[Cell, ...]:
    if by in STEPS:
        return row["key"], row["until"]
    return (row["key"], called.get(row["key"])) if by in ("station", "home") else (row["key"],)


def _measure_column(measure: str) -> Column:
    return Column(f"asked_measure.{measure}", "integer" if measure in WHOLE else "decimal")


def _major(value: Any, measure: str, currency: str) -> Cell:
    if value is None:
        return None
    return int(value) if measure in WHOLE else major(float(value), measure, currency)
