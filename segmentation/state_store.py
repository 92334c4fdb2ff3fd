"""The state in the database: reading all of it fast, and writing what changed in short transactions.

Readers of a state that is being written see no day and do not use it. Of two runs at once the one that
comes second to the version leaves the state to the other; a run that is killed leaves no day, and the next
one makes the state anew from the log.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import CursorResult, delete, func, insert, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.db import Database
from crm.state import CustomerSides, CustomerState, LogChange, MonthEnd, SegmentState
from segmentation.packing import WIDE, bytes_to_groups, bytes_to_rows, groups_to_bytes, rows_to_bytes, unpack
from segmentation.reading import among
from segmentation.state import NUMBERS
from segmentation.visits import Ints

RANGE = 100_000  # customers read at once
AT_ONCE = 10_000  # rows written in one transaction: a tenth of a second on SQLite
ONLY = 1  # the id of the one row of segment_state
MONTH_NAMES, PLACE_NAMES = ("month", "visits", "millilitres"), ("station", "visits")


class OtherRun(Exception):
    """Another run writes the state now."""


@dataclass(frozen=True)
class Head:
    version: int
    day: date | None
    signature: str


@dataclass
class Writing:
    """What a run changes: numbers and side tables of ``numbers.index``, and of ``gone``, who never came."""

    seen: Head
    day: date
    signature: str
    numbers: pd.DataFrame
    months: pd.DataFrame
    places: pd.DataFrame
    gone: Ints
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
    """Every customer's numbers: index their ids, sorted; columns NUMBERS. Raises ValueError where broken."""
    count = session.scalar(select(func.count()).select_from(CustomerState)) or 0
    table = np.empty((count, len(NUMBERS)), dtype=np.int64, order="F")
    keys, place = np.empty(count, dtype=np.int64), 0
    for ids, part in _read(session, CustomerState.customer_id, CustomerState.numbers):
        table[place : place + len(ids)] = bytes_to_rows(part, len(NUMBERS))
        keys[place : place + len(ids)] = ids
        place += len(ids)
    return pd.DataFrame(table, columns=list(NUMBERS), index=pd.Index(keys, name="customer"), copy=False)


def broken(session: Session) -> list[int]:
    """Customers whose row has not the length of a row."""
    length = len(NUMBERS) * WIDE.itemsize
    return list(
        session.scalars(select(CustomerState.customer_id).where(func.length(CustomerState.numbers) != length))
    )


def keys(session: Session) -> Ints:
    return np.array(session.scalars(select(CustomerState.customer_id)).all(), dtype=np.int64)


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


def months(session: Session) -> Iterator[pd.DataFrame]:
    """The table of months, range after range of customers."""
    for ids, part in _read(session, CustomerSides.customer_id, CustomerSides.months):
        yield bytes_to_groups(ids, part, "customer", MONTH_NAMES)


def sides(session: Session, customers: Ints) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Months and places of some customers."""
    rows = session.execute(
        select(CustomerSides.customer_id, CustomerSides.months, CustomerSides.places)
        .where(among(session, CustomerSides.customer_id, customers))
        .order_by(CustomerSides.customer_id)
    ).all()
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    return (
        bytes_to_groups(ids, [row[1] for row in rows], "customer", MONTH_NAMES),
        bytes_to_groups(ids, [row[2] for row in rows], "customer", PLACE_NAMES),
    )


def _read(
    session: Session, key: InstrumentedAttribute[int], value: InstrumentedAttribute[bytes]
) -> Iterator[tuple[Ints, list[bytes]]]:
    """Keys and bytes in the order of the keys, a range at a time."""
    least, most = session.execute(select(func.min(key), func.max(key))).one()
    for begin in range(least or 0, (most or -1) + 1, RANGE):
        asked = select(key, value).where(key.between(begin, begin + RANGE - 1)).order_by(key)
        if session.get_bind().dialect.name == "sqlite":
            found = session.connection().execute(asked).cursor.fetchall()
        else:
            found = list(_copied(session, asked))
        if found:
            ids, parts = zip(*found, strict=True)
            yield np.array(ids, dtype=np.int64), list(parts)


def _copied(session: Session, asked: Any) -> Iterator[tuple[int, bytes]]:
    """COPY in PostgreSQL's binary format: the driver makes no Python object of a number."""
    compiled = asked.compile(session.connection(), compile_kwargs={"literal_binds": True})
    raw: Any = session.connection().connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY ({compiled}) TO STDOUT (FORMAT BINARY)") as copy:
        data = b"".join(bytes(part) for part in copy)
    place = 19  # the header
    while True:
        (columns,) = struct.unpack_from(">h", data, place)
        if columns < 0:
            return
        key, length = struct.unpack_from(">qi", data, place + 6)
        yield key, data[place + 18 : place + 18 + length]
        place += 18 + length


def write(database: Database, work: Writing) -> None:
    """Raises OtherRun when another run has begun to write since ``work.seen``."""
    version = _claim(database, work.seen)
    made = work.numbers
    month_keys, month_bytes = groups_to_bytes(work.months, "customer")
    place_keys, place_bytes = groups_to_bytes(work.places, "customer")
    at_month = dict(zip(month_keys.tolist(), month_bytes, strict=True))
    at_place = dict(zip(place_keys.tolist(), place_bytes, strict=True))
    for begin in range(0, len(made), AT_ONCE):
        part = made.iloc[begin : begin + AT_ONCE]
        ids = part.index.tolist()
        rows = list(zip(ids, rows_to_bytes(part.to_numpy()), strict=True))
        beside = [(key, at_month[key], at_place.get(key, b"")) for key in ids if key in at_month]
        with _mine(database, version) as session:
            upsert(session, "customer_state", ("customer_id", "numbers"), rows)
            upsert(session, "customer_sides", ("customer_id", "months", "places"), beside)
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
    for table in (CustomerState, CustomerSides):
        for begin in range(0, len(work.gone), AT_ONCE):
            some = work.gone[begin : begin + AT_ONCE]
            session.execute(delete(table).where(among(session, table.customer_id, some)))
    for begin in range(0, len(work.changes), AT_ONCE):
        some = work.changes[begin : begin + AT_ONCE]
        session.execute(delete(LogChange).where(among(session, LogChange.id, some)))
    for row in work.month_ends:
        session.execute(delete(MonthEnd).where(MonthEnd.day == row["day"]))
        session.execute(insert(MonthEnd).values(row))
    if work.forgotten:
        session.execute(delete(MonthEnd).where(MonthEnd.day.in_(work.forgotten)))


def upsert(session: Session, table: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows or replace those with the same first column, fast on both databases."""
    if not rows:
        return
    names = ", ".join(columns)
    kept = ", ".join(f"{name} = excluded.{name}" for name in columns[1:])
    clash = f"ON CONFLICT ({columns[0]}) DO UPDATE SET {kept}"
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks}) {clash}", list(rows))
        return
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE coming ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0")
        with cursor.copy(f"COPY coming ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM coming {clash}")
        cursor.execute("DROP TABLE coming")
