"""XLSX: opened only after the archive is known to be small, plain and without surprises.

Read by ``intake.apart`` in a process of its own, for what a look from outside cannot know.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, count
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from openpyxl import load_workbook
from openpyxl.worksheet.formula import ArrayFormula

from intake.faults import Unreadable

MOST_UNPACKED = 200_000_000  # bytes
MOST_RATIO = 200
SMALL = 10_000_000  # below this no ratio is alarming
MOST_PARTS = 2_000
MOST_COLUMNS = 500
MOST_ROWS = 1 << 20  # of a worksheet, and the signs of a cell: the format's own limits
MOST_SIGNS = 32_767
BLOCK = 1 << 20
DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")


@dataclass
class Sheet:
    rows: Iterator[tuple[int, list[str]]]
    notes: list[str] = field(default_factory=list)


@contextmanager
def open_sheet(path: Path) -> Iterator[Sheet]:
    """The first worksheet that has a cell. A formula counts as the value it shows, else as its text."""
    formulas = _check(path)
    with ExitStack() as stack, path.open("rb") as file:
        with _damage_named():
            books = [_book(stack, file, data_only=True)]
            if formulas:
                books.append(_book(stack, file, data_only=False))
        yield _first_sheet(books)


def unpacked(path: Path) -> int:
    """How many bytes the archive says that it holds. Raises Unreadable."""
    with _damage_named(), ZipFile(path) as archive:
        return sum(part.file_size for part in archive.infolist())


def _book(stack: ExitStack, file: BinaryIO, *, data_only: bool) -> Any:
    # An open file, not a path: the library refuses workbooks by their names.
    book = load_workbook(file, read_only=True, data_only=data_only, keep_links=False)
    stack.callback(book.close)
    return book


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except Unreadable:
        raise
    except (
        ArithmeticError,
        LookupError,
        OSError,
        SyntaxError,
        TypeError,
        ValueError,
        BadZipFile,
        zlib.error,
    ) as error:
        raise Unreadable(
            f"the workbook is damaged or is no XLSX ({type(error).__name__}); save it anew as .xlsx"
        ) from error


def _check(path: Path) -> bool:
    """Refuse archives that are large, strange or hostile, before anything is unpacked. True: has formulas."""
    with _damage_named(), ZipFile(path) as archive:
        parts = archive.infolist()
        for part in parts:
            _check_name(part.filename)
        unpacked = sum(part.file_size for part in parts)
        packed = max(path.stat().st_size, 1)
        if unpacked > MOST_UNPACKED or len(parts) > MOST_PARTS:
            raise Unreadable(
                f"the workbook unpacks to {unpacked // 1_000_000} MB, more than "
                f"{MOST_UNPACKED // 1_000_000} MB; save the table as CSV"
            )
        if unpacked > SMALL and unpacked > packed * MOST_RATIO:
            raise Unreadable("the workbook is packed suspiciously tight; save the table as CSV")
        if "xl/workbook.xml" not in {part.filename.lower() for part in parts}:
            raise Unreadable("the file is a zip archive, not an XLSX workbook; save the table as CSV or XLSX")
        sheets = [
            _check_xml(archive, part) for part in parts if part.filename.lower().endswith((".xml", ".rels"))
        ]
        return any(sheets)


def _check_name(name: str) -> None:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name:
        raise Unreadable("the workbook holds a file name that leads out of it; save the table anew as .xlsx")
    if parts[-1].lower().startswith("vbaproject"):
        raise Unreadable("the workbook holds macros; save it as .xlsx without them")


def _check_xml(archive: ZipFile, part: ZipInfo) -> bool:
    """Refuse document types and entities. True: a worksheet with a formula."""
    is_sheet, found, tail = part.filename.lower().startswith("xl/worksheets/"), False, b""
    with archive.open(part) as file:
        head = file.read(BLOCK)
        if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head[:64] or DOCTYPE.search(head):
            raise Unreadable("the workbook's XML declares entities or a document type; save it anew as .xlsx")
        while is_sheet and head and not found:
            found = FORMULA.search(tail + head) is not None
            tail, head = head[-16:], file.read(BLOCK)
    return found


def _first_sheet(books: list[Any]) -> Sheet:
    names = [sheet.title for sheet in books[0].worksheets]
    for name in names:
        rows = _rows([book[name] for book in books])
        first = next(rows, None)
        if first is not None:
            notes = [f"only the sheet '{name}' is read, of {len(names)}"] if len(names) > 1 else []
            return Sheet(chain([first], rows), notes)
    return Sheet(iter(()))


def _rows(sheets: list[Any]) -> Iterator[tuple[int, list[str]]]:
    for sheet in sheets:
        sheet.reset_dimensions()  # what a file declares about its size need not be true
    iterators = [sheet.iter_rows(values_only=True) for sheet in sheets]
    width = 0
    for line in count(1):
        with _damage_named():
            values = [next(iterator, None) for iterator in iterators]
        if values[0] is None:
            return
        if line > MOST_ROWS:
            raise Unreadable(f"the sheet has more than {MOST_ROWS} rows; save the table as CSV")
        cells = [_text(*each) for each in zip(*values, strict=True)]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        if len(cells) > MOST_COLUMNS:
            raise Unreadable(
                f"row {line} has a cell in column {len(cells)}; remove what stands beside the table"
            )
        if any(len(cell) > MOST_SIGNS for cell in cells):
            raise Unreadable(f"row {line} has a cell of more than {MOST_SIGNS} signs; shorten it")
        width = width or len(cells)
        yield line, cells + [""] * (width - len(cells))


def _text(value: Any, formula: Any = None) -> str:
    if value is None:
        return "" if formula is None else _formula(formula)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, datetime):
        # A sheet keeps days as fractions: half a second of rounding is its error, not the till's time.
        return (value + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _formula(value: Any) -> str:
    return str(value.text) if isinstance(value, ArrayFormula) else str(value)


def _decimal(value: float) -> str:
    """As the sheet shows it: fifteen digits. A longer number has lost digits and says so by its exponent."""
    if abs(value) >= 1e15:
        return f"{value:.14E}"
    return f"{value:.0f}" if value.is_integer() else format(Decimal(f"{value:.15g}"), "f")
