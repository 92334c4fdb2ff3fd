"""A file of fill-ups from the till: read, cleaned, matched and loaded, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic

import orjson
from sqlalchemy import Connection, select

from crm.db import Database
from crm.stations import Station
from intake import bulk, load, match, report
from intake.columns import FILLUPS
from intake.read import Table, open_table
from intake.report import Report
from intake.sales import Cleaner, Place, Refused, Sale

ROWS_AT_ONCE = 10_000
Progress = Callable[[str, int, int | None], None]  # what is being done, how far, of how much


@dataclass(frozen=True)
class Options:
    """How a file is taken. ``country`` reads phones; ``default`` is for stations that lack their own."""

    now: datetime
    country: str
    default: Place
    create_stations: bool = False
    dry_run: bool = False
    encoding: str | None = None
    most_bytes: int | None = None
    rejects: Path | None = None


def silent(_what: str, _done: int, _total: int | None) -> None:
    """Progress that nobody watches."""


def import_fillups(database: Database, path: Path, options: Options, progress: Progress = silent) -> Report:
    """Take a file of fill-ups. Raises Unreadable or WrongColumns when it cannot be taken at all."""
    began = monotonic()
    result = Report("fillups", dry_run=options.dry_run)
    with (
        bulk.scratch(database, load.staged, load.refused, match.refs) as connection,
        open_table(path, FILLUPS, encoding=options.encoding, most_bytes=options.most_bytes) as table,
    ):
        result.notes = table.notes
        _stage(connection, table, options, result, progress)
        progress("comparing", 0, None)
        load.compare_within(connection)
        progress("saving", 0, None)
        default = options.default if options.create_stations else None
        load.settle(connection, result, options.now, default=default, dry_run=options.dry_run)
        if options.rejects and (result.rejected or result.conflicts):
            report.write_rejects(options.rejects, table.header, load.refusals(connection))
            result.rejects_file = str(options.rejects)
    if result.conflicts:
        result.reasons["conflict"] = result.conflicts
    result.seconds = monotonic() - began
    return result


def _stage(
    connection: Connection, table: Table, options: Options, result: Report, progress: Progress
) -> None:
    references = match.References(options.country)
    with connection.begin():
        rows = connection.execute(select(Station.code, Station.timezone, Station.currency))
        stations = {row.code: Place(row.timezone, row.currency) for row in rows}
    default = options.default if options.create_stations else None
    cleaner = Cleaner(table.places, len(table.header), stations, default, references.canonical, options.now)
    sales: list[Sale] = []
    faults: list[tuple[int, str, str, str]] = []
    for line, cells in table.rows:
        result.read += 1
        original = orjson.dumps(cells).decode()
        try:
            sales.append(cleaner.sale(line, cells, original))
        except Refused as error:
            faults.append((line, error.code, str(error), original))
            result.refuse(error.code)
        if len(sales) + len(faults) >= ROWS_AT_ONCE:
            _pour(connection, references, sales, faults, result)
            progress("reading", table.done() if table.total else result.read, table.total)
    _pour(connection, references, sales, faults, result)


def _pour(
    connection: Connection,
    references: match.References,
    sales: list[Sale],
    faults: list[tuple[int, str, str, str]],
    result: Report,
) -> None:
    result.rejected += len(faults)
    load.stage(connection, sales, faults)
    with connection.begin():
        match.add(connection, references, {sale.given for sale in sales if sale.given is not None})
    sales.clear()
    faults.clear()
