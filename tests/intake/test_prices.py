"""A file of prices at the pump."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from crm import prices
from crm.db import Database
from crm.state import LogChange
from crm.stations import Station
from tests.intake.conftest import FILLUPS, rejects, take

Write = Callable[..., Path]
HEADER = "station,product,from,price"


@pytest.fixture
def station(database: Database, write: Write) -> None:
    take(database, write(["code,timezone,currency", "S1,Asia/Shanghai,CNY"], "stations.csv"), "stations")


def on(database: Database, product: str, day: str) -> int | None:
    with database.read() as session:
        (number,) = session.scalars(select(Station.id))
        return prices.on(session, number, product, date.fromisoformat(day))


@pytest.mark.usefixtures("station")
def test_a_price_stands_from_its_day_until_the_next(database: Database, write: Write) -> None:
    rows = ["S1,95#,2026-06-01,7.89", "S1,95,2026-06-15T00:00:00+08:00,7.65", 'S1,柴油,2026/6/1,"7,5"']
    report = take(database, write([HEADER, *rows]), "prices")
    assert (report.read, report.imported, report.rejected) == (3, 3, 0)
    assert on(database, "95", "2026-05-31") is None
    assert on(database, "95", "2026-06-01") == on(database, "95", "2026-06-14") == 7890
    assert on(database, "95", "2026-06-15") == 7650
    assert on(database, "diesel", "2026-07-01") == 7500


@pytest.mark.usefixtures("station")
def test_twice_is_as_once_and_a_correction_is_taken(database: Database, write: Write) -> None:
    take(database, write([HEADER, "S1,95,2026-06-01,7.89"]), "prices")
    report = take(database, write([HEADER, "S1,95,2026-06-01,7.89", "S1,95,2026-06-01 08:00,7.89"]), "prices")
    assert (report.imported, report.duplicates) == (0, 2)
    report = take(database, write([HEADER, "S1,95,2026-06-01,7.9"]), "prices")
    assert (report.imported, report.updated) == (1, 1)
    assert on(database, "95", "2026-06-02") == 7900


@pytest.mark.usefixtures("station")
@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("S9,95,2026-06-01,7.89", "unknown_station"),
        ("S1,,2026-06-01,7.89", "missing"),
        ("S1,95,,7.89", "missing"),
        ("S1,95,2026-06-01,", "missing"),
        ("S1,95,01/06/26,7.89", "not_a_time"),
        ("S1,95,2026-06-01,cheap", "not_a_number"),
        ("S1,95,2026-06-01,-7", "out_of_range"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(
    database: Database, write: Write, row: str, code: str
) -> None:
    path = write([HEADER, row, "S1,92,2026-06-01,7.1"])
    report = take(database, path, "prices")
    assert (report.imported, report.rejected, report.reasons) == (1, 1, {code: 1})
    assert rejects(path)[0]["reason"].startswith(f"{code}: ")


@pytest.mark.usefixtures("station")
def test_two_prices_of_one_day_are_a_conflict(database: Database, write: Write) -> None:
    report = take(database, write([HEADER, "S1,95,2026-06-01,7.89", "S1,95,2026-06-01 09:00,7.5"]), "prices")
    assert (report.imported, report.conflicts) == (0, 2)


@pytest.mark.usefixtures("station")
def test_whoever_filled_up_since_is_looked_at_again(database: Database, write: Write) -> None:
    rows = [f"R{n},S1,,2026-06-0{n},M{n % 2},95,40,,300,," for n in range(1, 7)]
    take(database, write([FILLUPS, *rows], "fillups.csv"))
    with database.write() as session:
        session.execute(delete(LogChange))
    take(database, write([HEADER, "S1,95,2026-06-04,7.5", "S1,95,2026-06-05,7.4"]), "prices")
    with database.read() as session:
        told = sorted(session.scalars(select(LogChange.day)))
    assert told == [date(2026, 6, 4), date(2026, 6, 5)]
    take(database, write([HEADER, "S1,95,2026-06-04,7.5"]), "prices")
    with database.read() as session:
        assert len(session.scalars(select(LogChange)).all()) == 2
