"""The log of the segmentation benchmark: made once as columns, then poured into each database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from crm.db import Database

TODAY = date(2026, 6, 15)
DAYS, STATIONS, EACH = 730, 40, 25
EPOCH = date(1970, 1, 1)
PRODUCTS, PAYMENTS = ("92", "95", "98", "diesel"), ("wechat", "alipay", "card", "cash")
SLICE = 250_000


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
    known = datetime(2024, 1, 1, tzinfo=UTC)
    people: Iterator[tuple[Any, ...]] = (
        (n, f"M{n:08}", "", "", "import", known, False, False, True)
        for n in range(1, int(log["customers"]) + 1)
    )
    names = ("id", "member", "name", "name_folded", "source", "known_at")
    flags = ("service_consent", "marketing_consent", "reachable")
    pour(database, "stations", ("id", "code", "name", "timezone", "currency"), iter(stations))
    pour(database, "customers", (*names, *flags), people)
    columns = ("customer_id", "station_id", "at", "day", "product", "millilitres", "amount", "currency")
    rest = ("payment", "source", "confirmed", "recorded_at")
    pour(database, "fillups", ("id", *columns, *rest), _rows(log, now))
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")


def _rows(log: Any, now: datetime) -> Iterator[tuple[Any, ...]]:
    table = {name: log[name] for name in log.files if name != "customers"}
    days = {int(n): EPOCH + timedelta(days=int(n)) for n in np.unique(table["day"])}
    start = datetime(1970, 1, 1, tzinfo=UTC)
    for begin in range(0, len(table["customer"]), SLICE):
        part = {name: values[begin : begin + SLICE].tolist() for name, values in table.items()}
        for number, row in enumerate(zip(*(part[name] for name in sorted(part)), strict=True)):
            amount, at, customer, day, millilitres, payment, product, station = row
            yield (
                *(begin + number + 1, customer, station, start + timedelta(seconds=at), days[day]),
                *(PRODUCTS[product], millilitres, amount, "CNY", PAYMENTS[payment], "pos", True, now),
            )


def pour(database: Database, table: str, names: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    listed = ", ".join(names)
    with database.engine.connect() as connection, connection.begin():
        raw: Any = connection.connection.driver_connection
        if database.is_sqlite:
            marks = ", ".join("?" * len(names))
            raw.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks})", map(_plain, rows))
            return
        with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """As SQLAlchemy stores times and days in SQLite."""
    return tuple(
        f"{value:%Y-%m-%d %H:%M:%S.%f}"
        if isinstance(value, datetime)
        else value.isoformat()
        if isinstance(value, date)
        else value
        for value in row
    )
