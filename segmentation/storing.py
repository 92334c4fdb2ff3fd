"""What a run leaves behind: the run, the current row of each customer that differs, and every change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import orjson
import pandas as pd
from sqlalchemy import CompoundSelect, delete, func, select, text, union_all
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.db import Database, Instant
from crm.segments import CustomerSegment, SegmentRun
from segmentation import faces, told_packs
from segmentation.classes import day_of
from segmentation.criteria_store import keep
from segmentation.explain import Columns, Sheets, Thresholds, numbers
from segmentation.fleet_store import store_accounts
from segmentation.history import PARTS, SCORES, Move, Moves, append
from segmentation.reading import among, chunks, one_state
from segmentation.segments import Outcome
from segmentation.state_store import AT_ONCE, pour, upsert
from segmentation.visits import Ints

STORE_LOCK = 0x5345474D  # PostgreSQL advisory lock: of two runs that end together, one waits
COLUMNS = (
    *("as_of", "recency_days", "frequency", "monetary", "currency", "r", "f", "m", "rfm_segment"),
    *("value", "frequency_class", "lifecycle", "segment", "first_visit", "last_visit"),
    *("typical_gap_days", "limit_days", "product", "loyalty", "credit_risk", "persona", "persona_inferred"),
    *("price_sensitivity", "home_station_id", "city", "region", "declining", "due_on", "face"),
)
MOVES = (
    *("segment", "lifecycle", "value", "frequency_class", "rfm_segment", "product", "loyalty"),
    *("credit_risk", "persona", "price_sensitivity", "home_station_id", "declining"),
)
# What the history of a customer is made of: compared with the kept row.
COMPARED = tuple(dict.fromkeys((*MOVES, *SCORES, *PARTS)))
# In an index or of another table: SQLite does the work of it for an equal value too, a twentieth of a night.
TIED = ("segment", "home_station_id")
_ties = itemgetter(*(COMPARED.index(name) for name in TIED))
CHANGED = ("run_id", "as_of", "at", "criteria", "customer_id", "before", "after", "why")
Row = tuple[Any, ...]  # customer and the values of COLUMNS, or those of COMPARED alone
Facts = dict[str, Any]
Change = tuple[int, str | None, str, str]  # customer, segment before, after, and why as JSON


@dataclass(frozen=True)
class Stored:
    run: int
    changed: int
    segments: Counter[str]  # how many customers each has


@dataclass(frozen=True)
class Prepared:
    """What is to be written, made before the transaction so that it stays short.

    ``columns`` of those who differ from the kept rows, range by range: the customers, then COLUMNS (by rows
    they would be held twice); ``retied``, whose TIED are others now; ``packs``, the numbers they are told
    by; ``moves``, the history of it; ``changes``, of whom the segment changed; ``gone``, who are no customers
    any more; ``last`` is the run that was the last when they were compared. ``segments``: how many
    customers each has.
    """

    last: int | None
    gone: list[int] = field(default_factory=list)
    columns: list[list[list[Any]]] = field(default_factory=list)
    retied: set[int] = field(default_factory=set)
    packs: list[told_packs.Pack] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    segments: Counter[str] = field(default_factory=Counter)

    def rows(self) -> Iterator[Row]:
        return chain.from_iterable(zip(*columns, strict=True) for columns in self.columns)


def store(database: Database, outcome: Outcome, *, started_at: datetime) -> Stored | None:
    """Write what differs, in one short transaction. None if a newer run was stored already."""
    while True:
        with database.read() as session:
            one_state(session)
            if _newer_stored(session, outcome.as_of, started_at):
                return None
            prepared = prepare(session, outcome)
        with database.write() as session:
            if not database.is_sqlite:
                session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": STORE_LOCK})
            if _last_run(session) == prepared.last:
                return _store(session, outcome, prepared, started_at)


def prepare(session: Session, outcome: Outcome) -> Prepared:
    """Compare every face with the kept one; rows, with their reasons, only of those that differ."""
    found, thresholds = Prepared(_last_run(session)), Thresholds.of(outcome)
    keys = outcome.customers.index.to_numpy()
    for where in outcome.parts():
        known, kept = faces.kept(session, keys, where)
        found.gone.extend(known[~np.isin(known, keys[where], assume_unique=True)].tolist())
        frame, shown, beside = _differing(outcome, where, known, kept, found.segments)
        _compare(session, frame, beside, shown, thresholds, found)
    return found


def _differing(
    outcome: Outcome, where: slice, known: Ints, kept: Ints, segments: Counter[str]
) -> tuple[pd.DataFrame, Ints, dict[int, dict[str, int]]]:
    """The rows, and their faces, of those of a range who differ; which of them have other money."""
    frame, other = outcome.rows(where), outcome.beside
    segments.update({str(name): count for name, count in frame["segment"].value_counts().items()})
    fresh, keys = faces.of(frame), frame.index.to_numpy()
    known, kept = np.append(known, -1), np.append(kept, 0)
    place = np.searchsorted(known[:-1], keys)
    places = np.flatnonzero((known[place] != keys) | (kept[place] != fresh))
    mixed = places[np.isin(where.start + places, np.array(list(other), dtype=np.int64))]
    beside = {int(np.searchsorted(places, old)): other[where.start + int(old)] for old in mixed}
    return frame.iloc[places], fresh[places], beside


def _compare(
    session: Session,
    frame: pd.DataFrame,
    beside: dict[int, dict[str, int]],
    shown: Ints,
    thresholds: Thresholds,
    found: Prepared,
) -> None:
    """The rows of everyone in ``frame``, and what moved since their kept rows."""
    keys = frame.index.to_numpy()
    before = _before(session, keys)
    compare, sheets = Moves(COMPARED, thresholds.stations), Sheets(thresholds)
    found.packs.extend(told_packs.packed(frame, beside))
    lists = Columns(frame)
    rows = [keys.tolist(), *_columns(lists, thresholds.as_of.isoformat(), shown)]
    found.columns.append(rows)
    after = zip(*(rows[1 + COLUMNS.index(name)] for name in COMPARED), strict=True)
    for key, new, facts in zip(rows[0], after, numbers(lists, beside), strict=True):
        old = before.get(key)
        if old == new:
            continue
        found.moves.extend(compare.of(key, old, new, partial(sheets.part_json, facts)))
        if old and _ties(old) != _ties(new):
            found.retied.add(key)
        segment = old[0] if old else None
        if segment != new[0]:
            why = orjson.dumps(_reason(old, new, facts, sheets)).decode()
            found.changes.append((key, segment, new[0], why))


def _columns(lists: Columns, as_of: str, shown: Ints) -> list[list[Any]]:
    """The values of COLUMNS."""
    days = {n: day_of(n).isoformat() for n in {*lists["first_day"], *lists["last_day"]} if n >= 0}
    came = [visits > 0 for visits in lists["visits"]]
    return [
        [as_of] * len(shown),
        [None if number < 0 else number for number in lists["recency_days"]],
        lists["frequency"],
        lists["monetary"],
        *([value or None for value in lists[name]] for name in ("currency", "r", "f", "m", "rfm_segment")),
        *([value or None for value in lists[name]] for name in ("value", "frequency_class")),
        *(lists[name] for name in ("lifecycle", "segment")),
        *([days.get(number) for number in lists[name]] for name in ("first_day", "last_day")),
        *(
            [value if some else None for value, some in zip(lists[name], came, strict=True)]
            for name in ("typical_days", "limit_days")
        ),
        *_dimensions(lists),
        shown.tolist(),
    ]


def _dimensions(lists: Columns) -> Iterator[list[Any]]:
    """The columns from product to due_on."""
    texts = ("product", "loyalty", "credit_risk", "persona")
    yield from ([value or None for value in lists[name]] for name in texts)
    yield lists["persona_inferred"]
    yield lists["price_sensitivity"]
    for name in ("home_station", "city", "region"):
        yield [value or None for value in lists[name]]
    yield lists["declining"]
    days = {n: day_of(n).isoformat() for n in set(lists["due_day"]) if n >= 0}
    yield [days.get(number) for number in lists["due_day"]]


def _store(session: Session, outcome: Outcome, prepared: Prepared, started_at: datetime) -> Stored:
    keep(session, outcome.criteria, started_at)
    merged = set(session.scalars(_no_longer()))
    changes = [change for change in prepared.changes if change[0] not in merged]
    run = SegmentRun(
        as_of=outcome.as_of,
        started_at=started_at,
        ended_at=started_at,
        criteria=outcome.criteria.version,
        customers=len(outcome.customers),
        changed=len(changes),
        cutoffs=outcome.facts(),
    )
    session.add(run)
    session.flush()
    _write(session, prepared, merged)
    told_packs.add(session, prepared.packs)
    _forget(session, {*prepared.gone, *merged.intersection(row[0] for row in prepared.rows())})
    store_accounts(session, outcome)
    append(session, run.id, [move for move in prepared.moves if move[0] not in merged])
    _record(session, run, changes)
    return Stored(run.id, len(changes), prepared.segments)


def _write(session: Session, prepared: Prepared, merged: set[int]) -> None:
    """The current rows of those who differ and are not ``merged`` away."""
    columns, retied = ("customer_id", *COLUMNS), prepared.retied
    others = (row for row in prepared.rows() if row[0] not in retied and row[0] not in merged)
    upsert(session, "customer_segments", columns, others, same=TIED)
    rows = (row for row in prepared.rows() if row[0] in retied and row[0] not in merged)
    upsert(session, "customer_segments", columns, rows)


def _no_longer() -> CompoundSelect[int]:
    """Who is no customer of their own. As one condition it would read all customers on SQLite."""
    merged, erased = Customer.merged_into.is_not(None), Customer.erased_at.is_not(None)
    return union_all(select(Customer.id).where(merged), select(Customer.id).where(erased))


def _newer_stored(session: Session, as_of: date, started_at: datetime) -> bool:
    latest = session.execute(
        select(SegmentRun.as_of, SegmentRun.started_at)
        .order_by(SegmentRun.as_of.desc(), SegmentRun.started_at.desc())
        .limit(1)
    ).first()
    return latest is not None and (latest[0], latest[1]) > (as_of, started_at)


def _last_run(session: Session) -> int | None:
    return session.scalar(select(func.max(SegmentRun.id)))


def _before(session: Session, keys: Ints) -> dict[int, Row]:
    """COMPARED of the kept rows of these customers."""
    columns = [getattr(CustomerSegment, name) for name in COMPARED]
    rows: dict[int, Row] = {}
    for begin in range(0, len(keys), AT_ONCE):
        some = among(session, CustomerSegment.customer_id, keys[begin : begin + AT_ONCE])
        for chunk in chunks(session, select(CustomerSegment.customer_id, *columns).where(some)):
            rows.update((row[0], tuple(row[1:])) for row in chunk)
    return rows


def _forget(session: Session, keys: set[int]) -> None:
    for key in sorted(keys):
        session.execute(delete(CustomerSegment).where(CustomerSegment.customer_id == key))


def _record(session: Session, run: SegmentRun, changes: list[Change]) -> None:
    dialect = session.get_bind().dialect
    as_driver = Instant().dialect_impl(dialect).bind_processor(dialect)
    at = as_driver(run.started_at) if as_driver else run.started_at
    of_run = (run.id, run.as_of.isoformat(), at, run.criteria)
    pour(session, "segment_changes", CHANGED, ((*of_run, *change) for change in changes))


def _reason(before: Row | None, after: Row, facts: Facts, sheets: Sheets) -> Facts:
    """Why a segment changed: the rule that fits now, what moved from what to what, and the numbers."""
    moved = {
        name: [before[place] if before else None, after[place]]
        for place, name in enumerate(COMPARED)
        if name in MOVES and (before[place] if before else None) != after[place]
    }
    return {
        "rule": sheets.rules[facts["rule"] - 1],
        "moved": moved,
        "days_since": None if facts["since_days"] < 0 else facts["since_days"],
        "limit_days": facts["limit_days"],
        "frequency": facts["frequency"],
        "monetary": facts["monetary"],
        "currency": facts["currency"] or None,
        "vip_months_since": facts["vip_months"] or None,
    }
