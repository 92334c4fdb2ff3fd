"""The log and the customers -> frames, as they are known now or were known at a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, Integer, Select, and_, cast, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.customers import Customer
from crm.fillups import Fillup
from segmentation.classes import EPOCH
from segmentation.visits import ROWS, Ints, receipt_codes

Read = Callable[[int], None]  # told how many rows have been read
CHUNK = 50_000
NOT_YET = 2**20  # a day after all days
_TEXTS = ("currency", "product", "payment", "source")


def customers(session: Session, zone: tzinfo, known_at: datetime | None) -> pd.DataFrame:
    """Every customer, merged ones too. Index: id, sorted.

    ``number`` public number ("" where there is none), ``persona`` as declared ("unknown"), ``survivor``
    the id of who they were merged into (their own where not), ``known_on`` the day in ``zone`` from
    which the chain can have known them, if only from the record itself.
    """
    columns = (
        Customer.id,
        func.coalesce(Customer.member, Customer.reference, ""),
        func.coalesce(Customer.persona, "unknown"),
        Customer.merged_into,
        Customer.merged_at,
        Customer.joined_at,
        Customer.registered_at,
        Customer.known_at,
    )
    rows = session.execute(select(*columns).order_by(Customer.id)).all()
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    into = {row[0]: row[3] for row in rows if row[3] is not None and _by(row[4], known_at)}
    frame = pd.DataFrame(index=pd.Index(ids, name="customer"))
    frame["number"] = np.array([row[1] for row in rows], dtype=object)
    frame["persona"] = np.array([row[2] for row in rows], dtype=object)
    frame["survivor"] = np.array([_survivor(row[0], into) for row in rows], dtype=np.int64)
    frame["known_on"] = np.array([_known_on(row[5:8], zone, known_at) for row in rows], dtype=np.int64)
    return frame


def _by(moment: datetime | None, known_at: datetime | None) -> bool:
    return known_at is None or moment is None or moment <= known_at


def _survivor(customer: int, into: dict[int, int]) -> int:
    while customer in into:
        customer = into[customer]
    return customer


def _known_on(moments: Any, zone: tzinfo, known_at: datetime | None) -> int:
    first: datetime = min(moment for moment in moments if moment is not None)
    if known_at is not None and first > known_at:
        return NOT_YET
    return (first.astimezone(zone).date() - EPOCH).days


def present(people: pd.DataFrame, rows: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Who is a customer on that day: not merged away, and either came by then or was known by then."""
    came = np.isin(people.index.to_numpy(), rows["customer"].unique())
    known = people["known_on"].to_numpy() <= (as_of - EPOCH).days
    alone = people["survivor"].to_numpy() == people.index.to_numpy()
    there: pd.DataFrame = people.loc[alone & (came | known)]
    return there


def log(
    session: Session, people: pd.DataFrame, as_of: date, *, trust: bool, known_at: datetime | None, read: Read
) -> pd.DataFrame:
    """The rows that count, up to the end of ``as_of``: columns visits.ROWS, merged customers resolved.

    ``trust`` takes a driver's own word as confirmed; ``known_at`` leaves out what was not yet known.
    """
    columns = _Columns()
    total = 0
    for chunk in _chunks(session, _statement(session, as_of, trust, known_at)):
        columns.add(chunk)
        total += len(chunk)
        read(total)
    frame = columns.frame()
    place = np.searchsorted(people.index.to_numpy(), frame["customer"].to_numpy())
    frame["customer"] = people["survivor"].to_numpy()[place]
    return frame


def _chunks(session: Session, statement: Select[*tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Plain tuples of the driver: SQLAlchemy's own rows cost several times more at millions."""
    with closing(_cursor(session, statement)) as cursor:
        while chunk := cursor.fetchmany(CHUNK):
            yield chunk


def _cursor(session: Session, statement: Select[*tuple[Any, ...]]) -> Any:
    """A cursor of the driver that does not hold the whole answer in memory."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return connection.execute(statement).cursor
    compiled = statement.compile(connection)
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
        "at": _seconds(sqlite),
        "day": _days(sqlite),
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


def _seconds(sqlite: bool) -> ColumnElement[int]:
    if sqlite:
        return cast(func.strftime("%s", Fillup.at), Integer)
    return cast(func.floor(func.extract("epoch", Fillup.at)), BigInteger)


def _days(sqlite: bool) -> ColumnElement[int]:
    if sqlite:
        return cast(func.julianday(Fillup.day) - func.julianday(EPOCH.isoformat()), Integer)
    return cast(Fillup.day - literal(EPOCH), Integer)


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


def today_has_begun(as_of: date, now: datetime) -> bool:
    """False for a day that has begun nowhere on Earth yet."""
    return as_of <= (now + timedelta(hours=14)).date()
