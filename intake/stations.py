"""A file of stations: added, or brought up to date, by their code."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.db import Database
from crm.fillups import Fillup
from crm.stations import Station
from intake import clean
from intake.columns import STATIONS
from intake.faults import Fault
from intake.fillups import Options, Progress, silent
from intake.records import Kind, Parsers, Refuse, Row, import_records
from intake.report import Report

_PARSE: Parsers = {
    "code": clean.words("code", 64, required=True),
    "name": clean.words("name", 200),
    "city": clean.words("city", 120),
    "region": clean.words("region", 120),
    "latitude": clean.degrees("latitude", 90),
    "longitude": clean.degrees("longitude", 180),
    "timezone": clean.zone_name,
    "currency": clean.currency,
}
_FIXED = "the station has fill-ups, whose days and sums hang on its time zone and currency; leave both"


def import_stations(database: Database, path: Path, options: Options, progress: Progress = silent) -> Report:
    """Take a file of stations. Raises Unreadable or WrongColumns."""
    return import_records(Kind(STATIONS, _prepare, _take), database, path, options, progress)


def _prepare(_session: Session, _options: Options) -> tuple[Parsers, Callable[[Row], Hashable]]:
    return _PARSE, lambda row: str(row.value["code"])


def _take(session: Session, rows: list[Row], options: Options, result: Report, refuse: Refuse) -> None:
    known = {station.code: station for station in session.scalars(select(Station))}
    for row in rows:
        station = known.get(row.value["code"])
        if station is None:
            session.add(Station(**{"name": row.value["code"], **options.default._asdict(), **row.value}))
            result.imported += 1
            result.stations_created += 1
            continue
        changes = {name: each for name, each in row.value.items() if getattr(station, name) != each}
        if not changes:
            result.duplicates += 1
        elif {"timezone", "currency"} & changes.keys() and _has_fillups(session, station):
            refuse(row, Fault("conflict", _FIXED))
        else:
            for name, each in changes.items():
                setattr(station, name, each)
            result.imported += 1
            result.updated += 1


def _has_fillups(session: Session, station: Station) -> bool:
    return session.scalar(select(Fillup.id).where(Fillup.station_id == station.id).limit(1)) is not None
