"""What a run leaves behind: the run, the current row of each customer that differs, and every change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, delete, insert, select, text
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.segments import CustomerSegment, SegmentChange, SegmentRun
from segmentation.classes import day_of
from segmentation.criteria_store import keep
from segmentation.explain import Facts, explain
from segmentation.fleet_store import store_accounts
from segmentation.segments import Outcome

STORE_LOCK = 0x5345474D  # PostgreSQL advisory lock: of two runs that end together, one waits
COLUMNS = (
    *("as_of", "recency_days", "frequency", "monetary", "currency", "r", "f", "m", "rfm_segment"),
    *("value", "frequency_class", "lifecycle", "segment", "first_visit", "last_visit"),
    *("typical_gap_days", "limit_days", "product", "loyalty", "credit_risk", "persona", "persona_inferred"),
    *("price_sensitivity", "home_station_id", "city", "region", "declining", "due_on", "why"),
)
MOVES = (
    *("segment", "lifecycle", "value", "frequency_class", "rfm_segment", "product", "loyalty"),
    *("credit_risk", "persona", "price_sensitivity", "home_station_id", "declining"),
)
Row = tuple[Any, ...]  # the values of COLUMNS


@dataclass(frozen=True)
class Stored:
    run: int
    changed: int


def prepare(outcome: Outcome) -> dict[int, Row]:
    """The outcome as rows of the table by customer, made before the transaction so that it stays short."""
    return dict(zip(outcome.frame.index.tolist(), _rows(outcome), strict=True))


def _rows(outcome: Outcome) -> Iterator[Row]:
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
        (json.dumps(sheet) for sheet in explain(outcome)),
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


def store(
    session: Session, outcome: Outcome, prepared: dict[int, Row], *, started_at: datetime
) -> Stored | None:
    """Write what differs, in the caller's one transaction. None if a newer run was stored already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": STORE_LOCK})
    if _newer_stored(session, outcome.as_of, started_at):
        return None
    keep(session, outcome.criteria, started_at)
    before = _current(session)
    alone = set(session.scalars(select(Customer.id).where(Customer.merged_into.is_(None))))
    rows = {key: row for key, row in prepared.items() if key in alone}
    changed = [key for key, row in rows.items() if _segment(before.get(key)) != _segment(row)]
    run = SegmentRun(
        as_of=outcome.as_of,
        started_at=started_at,
        ended_at=started_at,
        criteria=outcome.criteria.version,
        customers=len(rows),
        changed=len(changed),
        cutoffs=outcome.facts(),
    )
    session.add(run)
    session.flush()
    _write(session, [(key, *row) for key, row in rows.items() if before.get(key) != row])
    _forget(session, before.keys() - rows.keys())
    store_accounts(session, outcome)
    _record(session, run, [(key, before.get(key), rows[key]) for key in changed])
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


def _current(session: Session) -> dict[int, Row]:
    texts = ("as_of", "first_visit", "last_visit", "due_on", "why")
    columns = ", ".join(f"CAST({name} AS TEXT)" if name in texts else name for name in COLUMNS)
    found = session.connection().exec_driver_sql(f"SELECT customer_id, {columns} FROM customer_segments")
    cursor = found.cursor
    assert cursor is not None
    rows = {row[0]: tuple(row[1:]) for row in cursor.fetchall()}
    found.close()
    return rows


def _write(session: Session, rows: list[Row]) -> None:
    if not rows:
        return
    mark = "%s" if session.get_bind().dialect.name == "postgresql" else "?"
    places = ", ".join([mark] * (len(COLUMNS) + 1))
    updates = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
    session.connection().exec_driver_sql(
        f"INSERT INTO customer_segments (customer_id, {', '.join(COLUMNS)}) VALUES ({places}) "
        f"ON CONFLICT (customer_id) DO UPDATE SET {updates}",
        rows,
    )


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
    facts: Facts = json.loads(after[COLUMNS.index("why")])
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
