"""Tables as files: XLSX and CSV with typed columns, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from crm.cells import runs
from questions.table import Cell, Column
from templates import label, words

FORMATS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
WIDTHS = {"text": 18, "integer": 12, "decimal": 14, "day": 12}
SHOWN = {"day": "yyyy-mm-dd", "decimal": "#,##0.00", "integer": "#,##0", "text": "@"}
TOLD_EVERY = 1000  # lines
Lines = Iterable[Sequence[Cell]]
Tell = Callable[[int], None]


def write(
    to: IO[bytes], kind: str, columns: Sequence[Column], lines: Lines, locale: str, tell: Tell | None = None
) -> None:
    """Write ``lines`` as ``kind`` (of FORMATS). ``tell`` hears how many lines there are so far."""
    heads = [label(column.name, locale) for column in columns]
    rows = _named(columns, _told(lines, tell), locale)
    (_workbook if kind == "xlsx" else _text)(to, columns, heads, rows)


def _told(lines: Lines, tell: Tell | None) -> Iterator[Sequence[Cell]]:
    for number, line in enumerate(lines):
        if tell and number % TOLD_EVERY == 0:
            tell(number)
        yield line


def _named(columns: Sequence[Column], lines: Iterable[Sequence[Cell]], locale: str) -> Iterator[list[Cell]]:
    """Codes by their names in this language."""
    tables = [[words(name, locale) for name in column.names] for column in columns]
    for line in lines:
        made: list[Cell] = list(line)
        for place, names in enumerate(tables):
            for table in names:
                if isinstance(code := made[place], str):
                    made[place] = table.get(code, code)
        yield made


def _text(to: IO[bytes], columns: Sequence[Column], heads: list[str], rows: Iterable[list[Cell]]) -> None:
    """UTF-8 with a mark at the front, without which spreadsheets misread Chinese."""
    stream = io.TextIOWrapper(to, "utf-8-sig", newline="", write_through=True)
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(heads)
    kinds = [column.type for column in columns]
    for row in rows:
        writer.writerow(_inert(cell, kind) for cell, kind in zip(row, kinds, strict=True))
    stream.detach()


def _inert(cell: Cell, kind: str) -> Cell:
    """A text that begins like a formula, behind a quote: spreadsheets then take it for the text it is."""
    if kind == "text" and isinstance(cell, str) and runs(cell):
        return f"'{cell}"
    return cell


def _workbook(to: IO[bytes], columns: Sequence[Column], heads: list[str], rows: Iterable[list[Cell]]) -> None:
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("Forecourt")
    sheet.freeze_panes = "A2"
    for place, column in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = WIDTHS[column.type]
    titles = [WriteOnlyCell(sheet, value=head) for head in heads]
    for title in titles:
        title.font = Font(bold=True)
    sheet.append(titles)
    cells = [WriteOnlyCell(sheet) for _ in columns]  # written at once, so that each serves for all rows
    for cell, column in zip(cells, columns, strict=True):
        cell.number_format = SHOWN[column.type]
        cell.quotePrefix = column.type == "text"
    for row in rows:
        for cell, column, value in zip(cells, columns, row, strict=True):
            _fill(cell, column.type, value)
        sheet.append(cells)
    book.save(to)


def _fill(cell: Any, kind: str, value: Cell) -> None:
    if value is None:
        cell.value = None
    elif kind == "day":
        cell.value = date.fromisoformat(str(value))
        cell.number_format = SHOWN[kind]
    elif kind == "text":
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", str(value))
        cell.data_type = "s"  # a text is a text, whatever it begins with
    else:
        cell.value = value
