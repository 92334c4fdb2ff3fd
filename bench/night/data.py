"""The log of the segmentation benchmark: made once as columns, then poured into each database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.schema import CreateIndex, DropIndex

from crm.db import Base, Database

TODAY = date(2026, 6, 15)
DAYS, STATIONS, EACH = 730, 40, 25
EPOCH = date(1970, 1, 1)
PRODUCTS, PAYMENTS = ("92", "95", "98", "diesel"), ("wechat", "alipay", "card", "cash")
SLICE = 250_000
HURRY_SQLITE = tuple(
    f"PRAGMA {setting}"
    for setting in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-500000")
)
HURRY_POSTGRESQL = tuple(
    f"SET {setting}"
    for setting in (
        "session_replication_role = replica",
        "synchronous_commit = off",
        "maintenance_work_mem = '1GB'",
    )
)


def make(folder: Path, customers: int, seed: int = 20260615) -> int:
    """Writes ``log.npz``, in the order of time, and says how many rows it has."""
    chance = np.random.default_rng(seed)
    rate = chance.gamma(1.2, EACH / 1.2, customers)
    count = chance.poisson(rate)
    customer = np.repeat(np.arange(1, customers + 1), count)
    rows = len(customer)
    gone = np.where(chance.random(customers) < 0.3, chance.integers(30, DAYS, customers), DAYS)
    last = (TODAY - EPOCH).days
    day = last - DAYS + 1 + (chance.random(rows) * gone[customer - 1]).astype(np.int64)
    # A slot of a quarter of an hour holds one fill-up of a customer, so every row is a visit.
    slot = chance.integers(24, 88, rows)
    _, first = np.unique((customer * 40_000 + day) * 100 + slot, return_index=True)
    customer, day, slot = customer[first], day[first], slot[first]
    order = np.lexsort((slot, day))
    customer, day, slot = customer[order], day[order], slot[order]
    rows = len(customer)
    np.savez(
        folder / "log.npz",
        customers=customers,
        customer=customer,
        day=day,
        at=day * 86_400 + slot * 900,
        station=(customer % STATIONS + (chance.random(rows) < 0.2)) % STATIONS + 1,
        amount=chance.integers(5_000, 60_000, rows),
        millilitres=chance.integers(8_000, 60_000, rows),
        product=chance.integers(0, len(PRODUCTS), rows),
        payment=chance.integers(0, len(PAYMENTS), rows),
    )
    return rows


def fill(database: Database, folder: Path) -> None:
    log = np.load(folder / "log.npz")
    now = datetime(2026, 6, 16, tzinfo=UTC)
    stations = [(n, f"S{n}", f"S{n}", "UTC", "CNY") for n in range(1, STATIONS + 1)]
    known = _moment(datetime(2024, 1, 1, tzinfo=UTC), database.is_sqlite)
    people = [
        # A third is in chat, a tenth named a home station, one in fifty says what they drive.
        (
            *(n, f"M{n:08}", "", "", "import", known, known if n % 3 == 0 else None),
            *(n % STATIONS + 1 if n % 10 == 0 else None, "taxi" if n % 50 == 0 else None),
            *(False, False, True),
        )
        for n in range(1, int(log["customers"]) + 1)
    ]
    names = ("id", "member", "name", "name_folded", "source", "known_at", "registered_at")
    flags = ("service_consent", "marketing_consent", "reachable")
    pour(database, "stations", ("id", "code", "name", "timezone", "currency"), iter(stations))
    pour(database, "customers", (*names, "home_station_id", "persona", *flags), iter(people))
    columns = ("customer_id", "station_id", "at", "day", "product", "millilitres", "amount", "currency")
    rest = ("payment", "source", "confirmed", "recorded_at")
    indexes = _dropped(database, "fillups")
    pour_slices(database, "fillups", ("id", *columns, *rest), _rows(log, now, database.is_sqlite))
    with hurried(database) as raw:
        for index in indexes:
            raw.execute(index)
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SELECT setval('fillups_id_seq', (SELECT max(id) FROM fillups))")
            connection.exec_driver_sql("ANALYZE")


def _dropped(database: Database, table: str) -> list[str]:
    """Drop the indexes of a table; how to make them again, which is faster when the rows are there.

    In the order of the migration: between two that would do, SQLite takes the later.
    """
    indexes = sorted(Base.metadata.tables[table].indexes, key=lambda index: str(index.name))
    with database.engine.begin() as connection:
        for index in indexes:
            connection.execute(DropIndex(index))
    return [str(CreateIndex(index).compile(database.engine)) for index in indexes]


def _rows(log: Any, now: datetime, sqlite: bool) -> Iterator[list[tuple[Any, ...]]]:
    """Slices of the log as the rows of the table; every text and moment is made once."""
    table = {name: log[name] for name in log.files if name != "customers"}
    days = {n: (EPOCH + timedelta(days=n)).isoformat() for n in np.unique(table["day"]).tolist()}
    start = datetime(1970, 1, 1, tzinfo=UTC)
    moments = {n: _moment(start + timedelta(seconds=n), sqlite) for n in np.unique(table["at"]).tolist()}
    recorded = _moment(now, sqlite)
    for begin in range(0, len(table["customer"]), SLICE):
        part = {name: values[begin : begin + SLICE].tolist() for name, values in table.items()}
        count = len(part["customer"])
        yield list(
            zip(
                *(range(begin + 1, begin + count + 1), part["customer"], part["station"]),
                *(map(moments.__getitem__, part["at"]), map(days.__getitem__, part["day"])),
                *(map(PRODUCTS.__getitem__, part["product"]), part["millilitres"], part["amount"]),
                *(repeat("CNY", count), map(PAYMENTS.__getitem__, part["payment"])),
                *(repeat("pos", count), repeat(True, count), repeat(recorded, count)),
                strict=True,
            )
        )


def _moment(moment: datetime, sqlite: bool) -> str:
    """As SQLAlchemy stores it in SQLite; PostgreSQL is told the zone."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}" if sqlite else moment.isoformat()


@contextmanager
def hurried(database: Database) -> Iterator[Any]:
    """The driver's connection in a transaction, without the care that only records somebody lives by need:
    no log to roll back by, and no key looked up that was made here.
    """
    held = database.engine.raw_connection()
    held.detach()
    raw: Any = held.dbapi_connection
    for setting in HURRY_SQLITE if database.is_sqlite else HURRY_POSTGRESQL:
        raw.execute(setting)
    if database.is_sqlite:
        raw.execute("BEGIN")
    yield raw
    raw.commit()
    held.close()


def pour(database: Database, table: str, names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows of texts and numbers, as the database takes them, into a table."""
    pour_slices(database, table, names, iter([list(rows)]))


def pour_slices(
    database: Database, table: str, names: tuple[str, ...], rows: Iterator[list[tuple[Any, ...]]]
) -> None:
    listed = ", ".join(names)
    with hurried(database) as raw:
        if database.is_sqlite:
            marks = ", ".join("?" * len(names))
            for some in rows:
                raw.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks})", some)
            return
        with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
            for some in rows:
                lines = ("\t".join("\\N" if value is None else str(value) for value in row) for row in some)
                copy.write("\n".join(lines) + "\n")
