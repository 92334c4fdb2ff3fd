"""What a run leaves behind: the run, the current row of each customer that differs, and every change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain
from typing import Any

import numpy as np
import orjson
import pandas as pd
from sqlalchemy import Table, Text, cast, delete, func, insert, select, text
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.db import Database
from crm.segments import CustomerSegment, SegmentChange, SegmentRun
from segmentation.classes import day_of
from segmentation.criteria_store import keep
from segmentation.explain import Facts, explain
from segmentation.fleet_store import store_accounts
from segmentation.history import Move, Moves, append
from segmentation.reading import among, chunks, one_state
from segmentation.segments import Outcome
from segmentation.state_store import AT_ONCE, upsert
from segmentation.visits import Ints

STORE_LOCK = 0x5345474D  # PostgreSQL advisory lock: of two runs that end together, one waits
COLUMNS = (
    *("as_of", "recency_days", "frequency", "monetary", "currency", "r", "f", "m", "rfm_segment"),
    *("value", "frequency_class", "lifecycle", "segment", "first_visit", "last_visit"),
    *("typical_gap_days", "limit_days", "product", "loyalty", "credit_risk", "persona", "persona_inferred"),
    *("price_sensitivity", "home_station_id", "city", "region", "declining", "due_on", "face", "why"),
)
MOVES = (
    *("segment", "lifecycle", "value", "frequency_class", "rfm_segment", "product", "loyalty"),
    *("credit_risk", "persona", "price_sensitivity", "home_station_id", "declining"),
)
TEXTS = ("as_of", "first_visit", "last_visit", "due_on", "why")
# What a day changes by itself, or one customer's news in others: no reason to write a row again.
DAILY = frozenset(
    (
        *("recency_days", "since_days", "overdue_days", "tenure_days"),
        *("typical_days", "limit_days", "dormant_days", "churned_days", "spread", "p_alive"),
    )
)
MIX = np.uint64(0x9E3779B97F4A7C15)
Row = tuple[Any, ...]  # the values of COLUMNS


@dataclass(frozen=True)
class Stored:
    run: int
    changed: int


@dataclass(frozen=True)
class Prepared:
    """What is to be written, made before the transaction so that it stays short.

    ``rows`` of those who differ from the kept ones, which are ``before``; ``moves``, the history of it;
    ``gone``, who are no customers any more; ``last`` is the run that was the last when they were compared.
    """

    last: int | None
    rows: dict[int, Row]
    before: dict[int, Row]
    moves: list[Move]
    gone: list[int]


def store(database: Database, outcome: Outcome, *, started_at: datetime) -> Stored | None:
    """Write what differs, in one short transaction. None if a newer run was stored already."""
    faces = face(outcome.frame)
    while True:
        with database.read() as session:
            one_state(session)
            if _newer_stored(session, outcome.as_of, started_at):
                return None
            prepared = prepare(session, outcome, faces)
        with database.write() as session:
            if not database.is_sqlite:
                session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": STORE_LOCK})
            if _last_run(session) == prepared.last:
                return _store(session, outcome, prepared, started_at)


def prepare(session: Session, outcome: Outcome, faces: Ints) -> Prepared:
    """Compare every face with the kept one; rows, with their reasons, only of those that differ."""
    keys = outcome.frame.index.to_numpy()
    kept = _kept_faces(session)
    place = kept.index.get_indexer(pd.Index(keys))
    same = (place >= 0) & (kept.to_numpy()[place] == faces) if len(kept) else np.zeros(len(keys), dtype=bool)
    places = np.flatnonzero(~same)
    differing = replace(
        outcome,
        frame=outcome.frame.iloc[places],
        beside={new: outcome.beside[old] for new, old in enumerate(places.tolist()) if old in outcome.beside},
    )
    before, moves = _before(session, keys[places]), list[Move]()
    codes = dict(zip(outcome.stations.index.tolist(), outcome.stations["code"].tolist(), strict=True))
    compare, rows = Moves(COLUMNS, codes), dict[int, Row]()
    written = _rows(differing, faces[places])
    for key, row, why in zip(keys[places].tolist(), written, explain(differing), strict=True):
        rows[key] = (*row, orjson.dumps(why).decode())
        moves += compare.of(key, before.get(key), row, why)
    gone = np.setdiff1d(kept.index.to_numpy(), keys).tolist()
    return Prepared(_last_run(session), rows, before, moves, gone)


def face(frame: pd.DataFrame) -> Ints:
    """One number per row that changes when anything does that is not made by the day alone."""
    total = np.zeros(len(frame), dtype=np.uint64)
    last_confirmed = np.where(frame["recency_days"] < 0, -1, frame["since_days"] - frame["recency_days"])
    columns = {name: frame[name].to_numpy() for name in frame.columns if name not in DAILY}
    told = frame["p_alive"].to_numpy() >= 0
    for values in (*columns.values(), last_confirmed, told, np.rint(frame["limit_days"].to_numpy())):
        if values.dtype == object:
            values = pd.util.hash_array(values)
        total = total * MIX + values.astype(np.int64 if values.dtype.kind != "u" else np.uint64).view(
            np.uint64
        )
    return total.view(np.int64)


def _rows(outcome: Outcome, faces: Ints) -> Iterator[Row]:
    """The values of COLUMNS but the last, why."""
    frame, as_of = outcome.frame, outcome.as_of.isoformat()
    days = {n: day_of(n).isoformat() for n in {*frame["first_day"], *frame["last_day"]} if n >= 0}
    lists = {name: frame[name].tolist() for name in frame.columns}
    came = [visits > 0 for visits in lists["visits"]]
    columns = (
        [as_of] * len(frame),
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
        *_dimensions(outcome),
        faces.tolist(),
    )
    return zip(*columns, strict=True)


def _dimensions(outcome: Outcome) -> Iterator[list[Any]]:
    """The columns from product to due_on."""
    frame = outcome.frame
    texts = ("product", "loyalty", "credit_risk", "persona")
    yield from ([value or None for value in frame[name].tolist()] for name in texts)
    yield frame["persona_inferred"].tolist()
    yield frame["price_sensitivity"].tolist()
    for name in ("home_station", "city", "region"):
        yield [value or None for value in frame[name].tolist()]
    yield frame["declining"].tolist()
    days = {n: day_of(n).isoformat() for n in set(frame["due_day"].tolist()) if n >= 0}
    yield [days.get(number) for number in frame["due_day"].tolist()]


def _store(session: Session, outcome: Outcome, prepared: Prepared, started_at: datetime) -> Stored:
    keep(session, outcome.criteria, started_at)
    merged = set(session.scalars(select(Customer.id).where(Customer.merged_into.is_not(None))))
    rows = {key: row for key, row in prepared.rows.items() if key not in merged}
    changed = [key for key, row in rows.items() if _segment(prepared.before.get(key)) != _segment(row)]
    run = SegmentRun(
        as_of=outcome.as_of,
        started_at=started_at,
        ended_at=started_at,
        criteria=outcome.criteria.version,
        customers=len(outcome.frame),
        changed=len(changed),
        cutoffs=outcome.facts(),
    )
    session.add(run)
    session.flush()
    written = [(key, *row) for key, row in rows.items()]
    upsert(session, "customer_segments", ("customer_id", *COLUMNS), written)
    _forget(session, {*prepared.gone, *(merged & prepared.rows.keys())})
    store_accounts(session, outcome)
    append(session, run.id, [move for move in prepared.moves if move[0] in rows])
    _record(session, run, [(key, prepared.before.get(key), rows[key]) for key in changed])
    return Stored(run.id, len(changed))


def _newer_stored(session: Session, as_of: date, started_at: datetime) -> bool:
    latest = session.execute(
        select(SegmentRun.as_of, SegmentRun.started_at)
        .order_by(SegmentRun.as_of.desc(), SegmentRun.started_at.desc())
        .limit(1)
    ).first()
    return latest is not None and (latest[0], latest[1]) > (as_of, started_at)


def _segment(row: Row | None) -> str | None:
    return row[COLUMNS.index("segment")] if row else None


def _last_run(session: Session) -> int | None:
    return session.scalar(select(func.max(SegmentRun.id)))


def _kept_faces(session: Session) -> pd.Series[int]:
    asked = select(CustomerSegment.customer_id, CustomerSegment.face).order_by(CustomerSegment.customer_id)
    flat = chain.from_iterable(chain.from_iterable(chunks(session, asked)))
    table = np.fromiter(flat, dtype=np.int64).reshape(-1, 2)
    return pd.Series(table[:, 1], index=table[:, 0])


def _before(session: Session, keys: Ints) -> dict[int, Row]:
    """The kept rows of these customers."""
    columns = [
        cast(column, Text) if name in TEXTS else column
        for name in COLUMNS
        for column in (getattr(CustomerSegment, name),)
    ]
    rows: dict[int, Row] = {}
    for begin in range(0, len(keys), AT_ONCE):
        some = among(session, CustomerSegment.customer_id, keys[begin : begin + AT_ONCE])
        for chunk in chunks(session, select(CustomerSegment.customer_id, *columns).where(some)):
            rows.update((row[0], tuple(row[1:])) for row in chunk)
    return rows


def _forget(session: Session, keys: set[int]) -> None:
    for key in sorted(keys):
        session.execute(delete(CustomerSegment).where(CustomerSegment.customer_id == key))


def _record(session: Session, run: SegmentRun, changes: list[tuple[int, Row | None, Row]]) -> None:
    if not changes:
        return
    table = SegmentChange.__table__
    assert isinstance(table, Table)
    session.execute(
        insert(table),
        [
            {
                "run_id": run.id,
                "customer_id": key,
                "as_of": run.as_of,
                "at": run.started_at,
                "before": _segment(before),
                "after": _segment(after),
                "criteria": run.criteria,
                "why": reason(before, after),
            }
            for key, before, after in changes
        ],
    )


def reason(before: Row | None, after: Row) -> Facts:
    """Why a segment changed: the rule that fits now, what moved from what to what, and the numbers."""
    moved = {}
    for name in MOVES:
        place = COLUMNS.index(name)
        old, new = (before[place] if before else None), after[place]
        if old != new:
            moved[name] = [old, new]
    facts: Facts = orjson.loads(after[COLUMNS.index("why")])
    life = facts["lifecycle"]
    return {
        "rule": facts["segment"]["rule"],
        "moved": moved,
        "days_since": life["days_since"],
        "limit_days": life["limit_days"],
        "frequency": facts["rfm"]["frequency"],
        "monetary": facts["rfm"]["monetary"],
        "currency": facts["rfm"]["currency"],
        "vip_months_since": facts["vip"]["months_since"],
    }
