"""Any CSV or XLSX file -> its header and its rows, every cell as the text that stands there.

Nothing is guessed from a cell's looks: ``00123``, ``NA`` and ``1E5`` stay what they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from intake import apart, delimited
from intake.columns import Columns, places
from intake.faults import Unreadable

MAGIC = {
    b"%PDF": "a PDF",
    b"MZ": "a Windows program",
    b"\x7fELF": "a program",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "a gzip archive still to be unpacked",
}
OLE = b"\xd0\xcf\x11\xe0"
ZIP = b"PK\x03\x04"


@dataclass
class Table:
    """An open file. ``rows`` yields each row's line (a sheet's row number) and its cells, once."""

    header: list[str]
    places: dict[str, int]
    rows: Iterator[tuple[int, list[str]]]
    total: int | None  # bytes, when ``done`` can say how many of them are read
    done: Callable[[], int]
    notes: list[str] = field(default_factory=list)


@contextmanager
def open_table(
    path: Path, columns: Columns, *, encoding: str | None = None, most_bytes: int | None = None
) -> Iterator[Table]:
    """Open a file of canonical columns. Raises Unreadable or WrongColumns, each with a plain sentence."""
    kind = _kind(path, most_bytes)
    if kind == "xlsx":
        with apart.open_sheet(path) as sheet:
            yield _table(columns, sheet.rows, None, lambda: 0, sheet.notes)
    else:
        with delimited.open_text(path, columns, encoding) as lines:
            yield _table(columns, lines.rows, lines.total, lines.done, lines.notes)


def _table(
    columns: Columns,
    rows: Iterator[tuple[int, list[str]]],
    total: int | None,
    done: Callable[[], int],
    notes: list[str],
) -> Table:
    header = next(rows, None)
    if header is None:
        raise Unreadable(
            f"the file is empty; its first line must name the columns: {', '.join(columns.known)}"
        )
    titles = header[1]
    while titles and not titles[-1].strip():
        titles = titles[:-1]
    found, ignored = places(columns, titles)
    if ignored:
        notes = [*notes, f"columns ignored: {', '.join(title[:40] for title in ignored[:30])}"]
    return Table(titles, found, rows, total, done, notes)


def _kind(path: Path, most_bytes: int | None) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(8)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise Unreadable(f"cannot read {path}: {error.strerror}") from None
    if most_bytes is not None and size > most_bytes:
        raise Unreadable(f"the file is larger than {most_bytes // 1_000_000} MB; split it into smaller ones")
    suffix = path.suffix.lower()
    if head.startswith(OLE):
        raise Unreadable(
            "the workbook has a password or is of the old .xls kind; save it as .xlsx without a password"
        )
    for magic, what in MAGIC.items():
        if head.startswith(magic):
            raise Unreadable(f"the file is {what}, not a table; save the table as CSV or XLSX")
    if suffix == ".xlsm":
        raise Unreadable("workbooks with macros (.xlsm) are not taken; save it as .xlsx")
    if head.startswith(ZIP):
        return "xlsx"
    if suffix in (".xlsx", ".xls") and size:
        raise Unreadable(f"the file is named {suffix} but is no workbook; if it is a CSV, name it .csv")
    return "csv"
