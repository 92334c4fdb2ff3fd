"""A stations file: added and brought up to date by code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from crm.db import Database
from crm.stations import Station
from tests.intake.conftest import FILLUPS, rejects, take

Write = Callable[..., Path]
HEADER = "code,name,city,region,latitude,longitude,timezone,currency"
BERLIN = "B1,Alexanderplatz,Berlin,Berlin,52.5219,13.4132,Europe/Berlin,eur"


def stations(database: Database) -> list[Station]:
    with database.read() as session:
        found = list(session.scalars(select(Station).order_by(Station.code)))
        session.expunge_all()
    return found


def test_a_station_is_what_the_file_says(database: Database, write: Write) -> None:
    report = take(database, write([HEADER, BERLIN, "C1,,,,,,,"]), "stations")
    assert (report.read, report.imported, report.stations_created) == (2, 2, 2)
    berlin, bare = stations(database)
    assert (berlin.name, berlin.latitude, berlin.timezone, berlin.currency) == (
        "Alexanderplatz",
        52.5219,
        "Europe/Berlin",
        "EUR",
    )
    assert (bare.name, bare.latitude, bare.timezone, bare.currency) == ("C1", None, "Asia/Shanghai", "CNY")


def test_twice_is_as_once_and_changes_are_taken(database: Database, write: Write) -> None:
    take(database, write([HEADER, BERLIN]), "stations")
    assert take(database, write([HEADER, BERLIN, BERLIN]), "stations").duplicates == 2
    report = take(database, write([HEADER, "B1,Alex,,,,,,"]), "stations")
    assert (report.imported, report.updated, report.stations_created) == (1, 1, 0)
    (berlin,) = stations(database)
    assert (berlin.name, berlin.city) == ("Alex", "Berlin")


def test_a_code_twice_with_other_details_is_a_conflict(database: Database, write: Write) -> None:
    path = write([HEADER, BERLIN, BERLIN.replace("52.", "53."), "C1,,,,,,,"])
    report = take(database, path, "stations")
    assert (report.imported, report.conflicts) == (1, 2)
    assert [each["line"] for each in rejects(path)] == ["2", "3"]


def test_zone_and_currency_stay_once_there_are_fillups(database: Database, write: Write) -> None:
    take(database, write([FILLUPS, "R1,B1,,2026-06-01,,95,40,,300,,"], "fillups.csv"))
    path = write([HEADER, BERLIN])
    assert take(database, path, "stations").conflicts == 1
    assert "time zone and currency" in rejects(path)[0]["reason"]


def test_wrong_cells_are_refused_by_name(database: Database, write: Write) -> None:
    cases = {
        ",x,,,,,,": "missing: code",
        "A,,,,91,0,,": "out_of_range: latitude: 91 is not from -90 to 90",
        "B,,,,,x,,": "not_a_number: longitude",
        "C,,,,,,Mars/Base,": "not_a_zone: timezone: 'Mars/Base'",
        "D,,,,,,,Taler": "not_a_currency: currency: 'Taler'",
    }
    path = write([HEADER, *cases])
    report = take(database, path, "stations")
    assert (report.imported, report.rejected) == (0, len(cases))
    for refused, reason in zip(rejects(path), cases.values(), strict=True):
        assert reason in refused["reason"]


def test_a_dry_run_changes_nothing(database: Database, write: Write) -> None:
    assert take(database, write([HEADER, BERLIN]), "stations", dry_run=True).imported == 1
    assert stations(database) == []
