"""A file of stations: added, or brought up to date, by their code."""

from __future__ import annotations

from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.db import Database
from crm.fillups import Fillup
from crm.stations import Station
from intake import clean, report
from intake.columns import STATIONS
from intake.faults import Fault
from intake.fillups import Options, Progress, silent
from intake.read import open_table
from intake.report import Refusal, Report

_PARSE: dict[str, clean.Parse] = {
    "code": clean.words("code", 64, required=True),
    "name": clean.words("name", 200),
    "city": clean.words("city", 120),
    "region": clean.words("region", 120),
    "latitude": clean.degrees("latitude", 90),
    "longitude": clean.degrees("longitude", 180),
    "timezone": clean.zone_name,
    "currency": clean.currency,
}
Row = tuple[int, list[str], dict[str, Any]]


def import_stations(database: Database, path: Path, options: Options, progress: Progress = silent) -> Report:
    """Take a file of stations. An empty cell changes nothing; Raises Unreadable or WrongColumns."""
    began = monotonic()
    result = Report("stations", dry_run=options.dry_run)
    refusals: list[Refusal] = []
    with open_table(path, STATIONS, encoding=options.encoding, most_bytes=options.most_bytes) as table:
        result.notes = table.notes
        rows: list[Row] = []
        for line, cells in table.rows:
            result.read += 1
            try:
                rows.append((line, cells, _clean(table.places, cells)))
            except Fault as fault:
                refusals.append((line, fault.code, str(fault), cells))
        progress("saving", 0, None)
        with database.write() as session:
            for row in _without_doubles(rows, result, refusals):
                _take(session, row, options, result, refusals)
            if options.dry_run:
                session.rollback()
        result.rejected = sum(1 for each in refusals if each[1] != "conflict")
        result.conflicts = len(refusals) - result.rejected
        for _, code, _, _ in refusals:
            result.refuse(code)
        if options.rejects and refusals:
            report.write_rejects(options.rejects, table.header, sorted(refusals))
            result.rejects_file = str(options.rejects)
    result.seconds = monotonic() - began
    return result


def _clean(places: dict[str, int], cells: list[str]) -> dict[str, Any]:
    faults, value = [], {}
    for name, place in places.items():
        try:
            value[name] = _PARSE[name](clean.tidy(cells[place] if place < len(cells) else ""))
        except Fault as fault:
            faults.append(fault)
    if faults:
        raise Fault(faults[0].code, "; ".join(map(str, faults)))
    return {name: each for name, each in value.items() if each is not None}


def _without_doubles(rows: list[Row], result: Report, refusals: list[Refusal]) -> list[Row]:
    """One row per code; equal copies are duplicates, differing ones a conflict for each of them."""
    by_code: dict[str, list[Row]] = {}
    for row in rows:
        by_code.setdefault(row[2]["code"], []).append(row)
    single = []
    for code, same in sorted(by_code.items()):
        if all(row[2] == same[0][2] for row in same):
            single.append(same[0])
            result.duplicates += len(same) - 1
        else:
            sentence = f"the code '{code}' is in this file more than once, with other details; keep one"
            refusals.extend((line, "conflict", sentence, cells) for line, cells, _ in same)
    return single


def _take(session: Session, row: Row, options: Options, result: Report, refusals: list[Refusal]) -> None:
    line, cells, value = row
    station = session.scalar(select(Station).where(Station.code == value["code"]))
    if station is None:
        session.add(Station(**{"name": value["code"], **options.default._asdict(), **value}))
        result.imported += 1
        result.stations_created += 1
        return
    changes = {name: each for name, each in value.items() if getattr(station, name) != each}
    if not changes:
        result.duplicates += 1
    elif {"timezone", "currency"} & changes.keys() and _has_fillups(session, station):
        sentence = (
            "the station has fill-ups, whose days and sums hang on its time zone and currency; leave both"
        )
        refusals.append((line, "conflict", sentence, cells))
    else:
        for name, each in changes.items():
            setattr(station, name, each)
        result.imported += 1
        result.updated += 1


def _has_fillups(session: Session, station: Station) -> bool:
    return session.scalar(select(Fillup.id).where(Fillup.station_id == station.id).limit(1)) is not None
