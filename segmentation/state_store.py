"""The state in the database: reading all of it fast, and writing what changed in short transactions.

Readers of a state that is being written see no day and do not use it. Of two runs at once the one that
comes second to the version leaves the state to the other; a run that is killed leaves no day, and the next
one makes the state anew from the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import CursorResult, delete, insert, select, text, update
from sqlalchemy.orm import Session

from crm.db import Database
from crm.state import LogChange, MonthEnd, SegmentState, StatePack
from segmentation import state_packs
from segmentation.packing import WIDE, unpack
from segmentation.reading import among
from segmentation.state import NUMBERS
from segmentation.state_packs import PLACES
from segmentation.visits import Ints

AT_ONCE = 10_000  # ids told to a database at once
ONLY = 1  # the id of the one row of segment_state


class OtherRun(Exception):
    """Another run writes the state now."""


@dataclass(frozen=True)
class Head:
    version: int
    day: date | None
    signature: str


@dataclass
class Writing:
    """What a run changes: numbers and places of ``numbers.index``, and of ``gone``, who never came; whole
    months of ranges (range, month, rows). ``anew``: nothing of what was kept before stays.
    """

    seen: Head
    day: date
    signature: str
    numbers: pd.DataFrame
    places: pd.DataFrame
    months: list[tuple[int, int, pd.DataFrame]]
    gone: Ints
    anew: bool
    changes: Ints  # ids of log_changes that it took in
    month_ends: list[dict[str, Any]] = field(default_factory=list)
    forgotten: list[date] = field(default_factory=list)


def head(session: Session) -> Head:
    row = session.get(SegmentState, ONLY, populate_existing=True)
    return Head(row.version, row.day, row.signature) if row else Head(0, None, "")


def changes(session: Session) -> pd.DataFrame:
    """``id``, ``customer``, ``day``: what the log went through since the state was written."""
    rows = session.execute(select(LogChange.id, LogChange.customer_id, LogChange.day)).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=["id", "customer", "day"])
    return frame.astype({"id": np.int64, "customer": np.int64, "day": object})


def numbers(session: Session) -> pd.DataFrame:
    """Every customer's numbers: index their ids, sorted; columns NUMBERS, narrow (packing.narrow).

    Raises ValueError where broken.
    """
    some: dict[str, list[npt.NDArray[Any]]] = {name: [np.zeros(0, np.int8)] for name in NUMBERS}
    keys = [np.zeros(0, dtype=np.int64)]
    for part in state_packs.parts(session, "numbers"):
        rows = state_packs.rows(session, "numbers", part)
        if rows is not None:
            keys.append(rows["customer"].to_numpy())
            for name, values in some.items():
                values.append(rows[name].to_numpy().copy())  # or all the bytes of the pack stay
    columns = {name: np.concatenate(some.pop(name)) for name in NUMBERS}
    return pd.DataFrame(columns, index=pd.Index(np.concatenate(keys), name="customer"), copy=False)


def month_end_days(session: Session) -> list[date]:
    return list(session.scalars(select(MonthEnd.day)))


def stood(session: Session, end: date) -> pd.DataFrame:
    """How everyone stood who had come by the end of that month: state.STOOD by customer."""
    customers, features, facts = session.execute(
        select(MonthEnd.customers, MonthEnd.features, MonthEnd.facts).where(MonthEnd.day == end)
    ).one()
    frame = unpack(features, facts["packed"])
    frame.index = pd.Index(np.frombuffer(customers, dtype=WIDE), name="customer")
    return frame


def write(database: Database, work: Writing) -> None:
    """Raises OtherRun when another run has begun to write since ``work.seen``."""
    version = _claim(database, work.seen)
    if work.anew:
        with _mine(database, version) as session:
            session.execute(delete(StatePack))
    made = work.numbers.reset_index(names="customer")
    keys = made["customer"].to_numpy()
    for part in np.unique(np.concatenate([keys, work.gone]) // state_packs.PART).tolist():
        low, high = part * state_packs.PART, (part + 1) * state_packs.PART
        gone = work.gone[(work.gone >= low) & (work.gone < high)]
        some = made[(keys >= low) & (keys < high)]
        place = work.places["customer"].to_numpy()
        places = work.places[(place >= low) & (place < high)]
        nowhere = np.setdiff1d(some["customer"].to_numpy(), places["customer"].to_numpy())
        with _mine(database, version) as session:
            state_packs.add(session, "numbers", part, some, gone)
            state_packs.add(session, "places", part, places[[*PLACES]], np.union1d(nowhere, gone))
            for of, month, rows in work.months:
                if of == part:
                    state_packs.replace_month(session, part, month, rows)
    with _mine(database, version) as session:
        _finish(session, work)
        session.execute(update(SegmentState).values(day=work.day, signature=work.signature))


def _claim(database: Database, seen: Head) -> int:
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO segment_state (id, version, day, signature) VALUES (1, 0, NULL, '') "
                "ON CONFLICT DO NOTHING"
            )
        )
        taken = session.execute(
            update(SegmentState)
            .where(SegmentState.version == seen.version)
            .values(version=seen.version + 1, day=None)
        )
        assert isinstance(taken, CursorResult)
        if taken.rowcount != 1:
            raise OtherRun
    return seen.version + 1


class _mine:  # noqa: N801 - reads as a verb
    """A transaction of the run that holds the state."""

    def __init__(self, database: Database, version: int) -> None:
        self._context, self._version = database.write(), version

    def __enter__(self) -> Session:
        session = self._context.__enter__()
        held = session.scalar(select(SegmentState.version).with_for_update())
        if held != self._version:
            self._context.__exit__(OtherRun, OtherRun(), None)
            raise OtherRun
        return session

    def __exit__(self, *error: Any) -> None:
        self._context.__exit__(*error)


def _finish(session: Session, work: Writing) -> None:
    for begin in range(0, len(work.changes), AT_ONCE):
        some = work.changes[begin : begin + AT_ONCE]
        session.execute(delete(LogChange).where(among(session, LogChange.id, some)))
    for row in work.month_ends:
        session.execute(delete(MonthEnd).where(MonthEnd.day == row["day"]))
        session.execute(insert(MonthEnd).values(row))
    if work.forgotten:
        session.execute(delete(MonthEnd).where(MonthEnd.day.in_(work.forgotten)))


def pour(session: Session, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows of values as the driver takes them, fast on both databases."""
    names = ", ".join(columns)
    connection = session.connection()
    raw: Any = connection.connection.driver_connection  # it takes rows as they are made, one at a time
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        raw.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
        return
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def upsert(
    session: Session,
    table: str,
    columns: tuple[str, ...],
    rows: Iterable[tuple[Any, ...]],
    same: tuple[str, ...] = (),
) -> None:
    """Insert rows or replace those with the same first column, fast on both databases.

    ``same``: columns that a row which stands there already has as they are given.
    """
    names = ", ".join(columns)
    kept = ", ".join(f"{name} = excluded.{name}" for name in columns[1:] if name not in same)
    clash = f"ON CONFLICT ({columns[0]}) DO UPDATE SET {kept}"
    connection = session.connection()
    raw: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        raw.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks}) {clash}", rows)
        return
    with raw.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE coming ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0")
        with cursor.copy(f"COPY coming ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM coming {clash}")
        cursor.execute("DROP TABLE coming")
