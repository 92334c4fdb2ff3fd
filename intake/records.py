"""A short file of records that have a key (stations, accounts, prices): cleaned, compared, taken."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from crm.db import Database
from intake import clean, report
from intake.columns import Columns
from intake.faults import Fault
from intake.fillups import Options, Progress
from intake.read import Table, open_table
from intake.report import Refusal, Report


class Row(NamedTuple):
    """``value`` holds what the file tells of it; what is empty or has no column is not in it."""

    line: int
    cells: list[str]
    value: dict[str, Any]


Parsers = dict[str, clean.Parse]
Refuse = Callable[[Row, Fault], None]


class Kind(NamedTuple):
    """How one kind of file is taken.

    ``prepare`` gives the parsers; ``key`` what makes two rows the same record, and may refuse the row;
    ``take`` stores rows of distinct keys in the order of their keys, counts in the report, and may refuse.
    """

    columns: Columns
    prepare: Callable[[Session, Options], tuple[Parsers, Callable[[Row], Hashable]]]
    take: Callable[[Session, list[Row], Options, Report, Refuse], None]


def import_records(
    kind: Kind, database: Database, path: Path, options: Options, progress: Progress
) -> Report:
    """Take a file. An empty cell changes nothing. Raises Unreadable or WrongColumns."""
    began = monotonic()
    result = Report(kind.columns.kind, dry_run=options.dry_run)
    refusals: list[Refusal] = []

    def refuse(row: Row, fault: Fault) -> None:
        refusals.append((row.line, fault.code, str(fault), row.cells))

    with open_table(path, kind.columns, encoding=options.encoding, most_bytes=options.most_bytes) as table:
        result.notes = table.notes
        with database.read() as session:
            parsers, key = kind.prepare(session, options)
            found = _by_key(_rows(table, parsers, result, refuse, progress), key, refuse)
        rows = list(_single(found, result, refuse))
        progress("saving", 0, None)
        with database.write() as session:
            kind.take(session, rows, options, result, refuse)
            if options.dry_run:
                session.rollback()
        _finish(result, refusals, options, table)
    result.seconds = monotonic() - began
    return result


def _rows(
    table: Table, parsers: Parsers, result: Report, refuse: Refuse, progress: Progress
) -> Iterator[Row]:
    for line, cells in table.rows:
        result.read += 1
        if result.read % 1000 == 0:
            progress("reading", table.done() if table.total else result.read, table.total)
        row, faults = Row(line, cells, {}), []
        for name, place in table.places.items():
            try:
                value = parsers[name](clean.tidy(cells[place] if place < len(cells) else ""))
            except Fault as fault:
                faults.append(fault)
            else:
                if value is not None:
                    row.value[name] = value
        if faults:
            refuse(row, Fault(faults[0].code, "; ".join(map(str, faults))))
        else:
            yield row


def _by_key(rows: Iterator[Row], key: Callable[[Row], Hashable], refuse: Refuse) -> dict[Hashable, list[Row]]:
    found: dict[Hashable, list[Row]] = {}
    for row in rows:
        try:
            found.setdefault(key(row), []).append(row)
        except Fault as fault:
            refuse(row, fault)
    return found


def _single(found: dict[Hashable, list[Row]], result: Report, refuse: Refuse) -> Iterator[Row]:
    """One row per key; equal copies are duplicates, differing ones a conflict for each of them."""
    for _, same in sorted(found.items(), key=lambda each: str(each[0])):
        if all(row.value == same[0].value for row in same):
            result.duplicates += len(same) - 1
            yield same[0]
            continue
        for row in same:
            refuse(row, Fault("conflict", "this is in the file more than once, with other details; keep one"))


def _finish(result: Report, refusals: list[Refusal], options: Options, table: Table) -> None:
    result.conflicts = sum(1 for each in refusals if each[1] == "conflict")
    result.rejected = len(refusals) - result.conflicts
    for _, code, _, _ in refusals:
        result.refuse(code)
    if options.rejects and refusals:
        report.write_rejects(options.rejects, table.header, sorted(refusals))
        result.rejects_file = str(options.rejects)
