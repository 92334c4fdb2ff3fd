"""The export: one row per customer, sorted by public number, the same bytes from every database."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
from babel.numbers import get_currency_precision

from crm.cells import runs

COLUMNS = (
    "customer",
    "recency_days",
    "frequency",
    "monetary",
    "r",
    "f",
    "m",
    "rfm_segment",
    "value",
    "frequency_class",
    "lifecycle",
    "segment",
)
NUMBERS = frozenset(("recency_days", "frequency", "monetary", "r", "f", "m"))


def cells(frame: pd.DataFrame, numbers: pd.Series[str]) -> list[tuple[str, ...]]:
    """The export's rows as text; ``numbers`` are the public numbers, in the order of ``frame``.

    Sorted by code points; where two customers share a number, by the rest of the row.
    """
    columns: dict[str, list[str]] = {
        "customer": [_inert(number) for number in numbers.tolist()],
        "recency_days": ["" if days < 0 else str(days) for days in frame["recency_days"].tolist()],
        "frequency": [str(visits) for visits in frame["frequency"].tolist()],
        "monetary": [
            decimal(units, currency)
            for units, currency in zip(frame["monetary"].tolist(), frame["currency"].tolist(), strict=True)
        ],
    }
    for score in ("r", "f", "m"):
        columns[score] = [str(value) if value else "" for value in frame[score].tolist()]
    for name in COLUMNS[len(columns) :]:
        columns[name] = frame[name].tolist()
    return sorted(zip(*(columns[name] for name in COLUMNS), strict=True))


def decimal(units: int, currency: str) -> str:
    """Minor units -> the major unit with the currency's decimals: 2933, "CNY" -> "29.33"."""
    if not currency:
        return ""
    places = get_currency_precision(currency)
    if places == 0:
        return str(units)
    whole, part = divmod(abs(units), 10**places)
    return f"{'-' if units < 0 else ''}{whole}.{part:0{places}}"


def _inert(text: str) -> str:
    """A spreadsheet would run a text that begins like a formula; a plain signed number is none."""
    signed = text[:1] in ("+", "-") and text[1:].isdecimal()
    return "'" + text if runs(text) and not signed else text


def csv_bytes(rows: list[tuple[str, ...]]) -> bytes:
    """UTF-8 with plain newlines, quoted only where needed."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()


def save(rows: list[tuple[str, ...]], path: Path) -> None:
    """Write an .xlsx workbook or, for any other ending, CSV. Raises OSError."""
    if path.suffix.lower() == ".xlsx":
        _save_workbook(rows, path)
    else:
        path.write_bytes(csv_bytes(rows))


def _save_workbook(rows: list[tuple[str, ...]], path: Path) -> None:
    # 15 MB of memory that a night without a workbook should not pay.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("segments")
    sheet.append(COLUMNS)
    numeric = np.array([name in NUMBERS for name in COLUMNS])
    for row in rows:
        line = []
        for text, is_number in zip(row, numeric, strict=True):
            cell = WriteOnlyCell(sheet, value=None)
            if text:
                cell.value = text
                cell.data_type = "n" if is_number else "s"
            line.append(cell)
        sheet.append(line)
    book.save(path)
