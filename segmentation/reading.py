"""The log -> frames, as it is known now or was known at a moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    any_,
    cast,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.fillups import Fillup
from segmentation.classes import EPOCH
from segmentation.visits import ROWS, Ints, receipt_codes

Moment = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
Day = InstrumentedAttribute[date]
Read = Callable[[int], None]  # told how many rows have been read
CHUNK = 50_000
_TEXTS = ("currency", "product", "payment", "source")
_NONE = np.zeros(0, dtype=np.int64)


def log(
    session: Session,
    people: pd.DataFrame,
    as_of: date,
    *,
    trust: bool,
    known_at: datetime | None = None,
    only: ColumnElement[bool] | None = None,
    read: Read = lambda _rows: None,
) -> pd.DataFrame:
    """The rows that count, up to the end of ``as_of``: columns visits.ROWS, merged customers resolved.

    ``trust`` takes a driver's own word as confirmed; ``known_at`` leaves out what was not yet known;
    ``only`` is a condition on Fillup.
    """
    columns = _Columns()
    total = 0
    statement = _statement(session, as_of, trust, known_at)
    for chunk in chunks(session, statement if only is None else statement.where(only)):
        columns.add(chunk)
        total += len(chunk)
        read(total)
    frame = columns.frame()
    place = np.searchsorted(people.index.to_numpy(), frame["customer"].to_numpy())
    frame["customer"] = people["survivor"].to_numpy()[place]
    return frame


def among(session: Session, column: InstrumentedAttribute[Any], keys: Ints) -> ColumnElement[bool]:
    """``column`` is one of any number of keys."""
    if session.get_bind().dialect.name == "sqlite":
        each = func.json_each(json.dumps(keys.tolist())).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(cast(keys.tolist(), ARRAY(BigInteger)))


def one_state(session: Session) -> None:
    """Everything read in this transaction is of one moment. To be said first."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def counting() -> ColumnElement[bool]:
    """What is known now and counts."""
    return and_(Fillup.customer_id.is_not(None), _counts(None))


def chunks(session: Session, statement: Select[*tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Plain tuples of the driver: SQLAlchemy's own rows cost several times more at millions."""
    with closing(_cursor(session, statement)) as cursor:
        while chunk := cursor.fetchmany(CHUNK):
            yield chunk


def whole_numbers(session: Session, asked: Select[*tuple[Any, ...]]) -> list[Ints]:
    """The answer by columns, in no order; a value that is missing is left out of its column.

    The database writes each column as one text of numbers: a tuple for each row costs ten times as much.
    """
    texts = [func.aggregate_strings(cast(column, String), ",") for column in asked.selected_columns]
    said = session.execute(asked.with_only_columns(*texts)).one()
    return [numbered(text) for text in said]


def numbered(listed: str | None) -> Ints:
    """The numbers of such a text."""
    return np.fromstring(listed, dtype=np.int64, sep=",") if listed else _NONE.copy()


def _cursor(session: Session, statement: Select[*tuple[Any, ...]]) -> Any:
    """A cursor of the driver that does not hold the whole answer in memory."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return connection.execute(statement).cursor
    compiled = statement.compile(connection, compile_kwargs={"render_postcompile": True})
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor(name="forecourt_log")  # on the server: a plain one fetches everything at once
    cursor.execute(compiled.string, compiled.params)
    return cursor


def _statement(
    session: Session, as_of: date, trust: bool, known_at: datetime | None
) -> Select[*tuple[Any, ...]]:
    sqlite = session.get_bind().dialect.name == "sqlite"
    confirmed = literal(1) if trust else cast(Fillup.confirmed, Integer)
    columns: dict[str, ColumnElement[Any] | InstrumentedAttribute[Any]] = {
        "customer": Fillup.customer_id,
        "station": Fillup.station_id,
        "at": seconds(sqlite, Fillup.at),
        "day": days(sqlite, Fillup.day),
        "receipt": Fillup.receipt,
        "amount": func.coalesce(Fillup.amount, 0),
        "millilitres": func.coalesce(Fillup.millilitres, 0),
        "confirmed": confirmed,
        "currency": Fillup.currency,
        "product": Fillup.product,
        "payment": Fillup.payment,
        "source": Fillup.source,
    }
    return select(*(columns[name] for name in ROWS)).where(
        Fillup.customer_id.is_not(None), Fillup.day <= as_of, _counts(known_at)
    )


def _counts(known_at: datetime | None) -> ColumnElement[bool]:
    if known_at is None:
        return and_(Fillup.voided_at.is_(None), Fillup.same_as.is_(None))
    return and_(
        Fillup.recorded_at <= known_at,
        or_(Fillup.voided_at.is_(None), Fillup.voided_at > known_at),
        or_(Fillup.same_as.is_(None), Fillup.merged_at > known_at),
    )


def seconds(sqlite: bool, moment: Moment) -> ColumnElement[int]:
    """Whole seconds since 1970."""
    if sqlite:
        return cast(func.strftime("%s", moment), Integer)
    return cast(func.floor(func.extract("epoch", moment)), BigInteger)


def days(sqlite: bool, day: Day) -> ColumnElement[int]:
    """Days since 1970."""
    if sqlite:
        return cast(func.julianday(day) - func.julianday(EPOCH.isoformat()), Integer)
    return cast(day - literal(EPOCH), Integer)


@dataclass
class _Columns:
    """Chunks of tuples -> narrow arrays, so that the log is never held as Python objects."""

    parts: dict[str, list[Ints]] = field(default_factory=lambda: {name: [] for name in ROWS})
    names: dict[str, dict[str, int]] = field(default_factory=lambda: {name: {} for name in _TEXTS})

    def add(self, chunk: list[tuple[Any, ...]]) -> None:
        for name, values in zip(ROWS, zip(*chunk, strict=True), strict=True):
            if name in _TEXTS:
                part = self._codes(name, values)
            elif name == "receipt":
                part = receipt_codes(np.array(values, dtype=object))
            else:
                part = np.array(values, dtype=np.int64)
            self.parts[name].append(part)

    def _codes(self, name: str, values: tuple[str | None, ...]) -> Ints:
        codes, texts = pd.factorize(np.array(values, dtype=object))
        known = self.names[name]
        mine = np.array([known.setdefault(text, len(known)) for text in texts] + [-1], dtype=np.int64)
        return mine[codes]

    def frame(self) -> pd.DataFrame:
        none = np.zeros(0, dtype=np.int64)
        frame: dict[str, Any] = {}
        for name in ROWS:
            values = np.concatenate([none, *self.parts.pop(name)])
            if name in _TEXTS:
                texts = pd.Index(list(self.names[name]), dtype=object)
                frame[name] = pd.Categorical.from_codes(values, texts)
            else:
                frame[name] = values
        return pd.DataFrame(frame, copy=False)


def start_of(day: date) -> datetime:
    """A moment before that day begins anywhere on Earth."""
    return datetime.combine(day, time(0), UTC) - timedelta(hours=14)


def today_has_begun(as_of: date, now: datetime) -> bool:
    """False for a day that has begun nowhere on Earth yet."""
    return as_of <= (now + timedelta(hours=14)).date()
