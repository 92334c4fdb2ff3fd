"""The export: text for text, sorted by public number, nothing a spreadsheet would run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from segmentation.export import COLUMNS, cells, csv_bytes, decimal, save
from tests.segmentation.logs import Line, ago, outcome


@pytest.mark.parametrize(
    ("units", "currency", "text"),
    [
        (2933, "USD", "29.33"),
        (-5, "CNY", "-0.05"),
        (-12345, "CNY", "-123.45"),
        (0, "CNY", "0.00"),
        (1500, "JPY", "1500"),
        (1500, "KWD", "1.500"),
        (0, "", ""),
    ],
)
def test_money_has_the_decimals_of_its_currency(units: int, currency: str, text: str) -> None:
    assert decimal(units, currency) == text


def rows(numbers: list[str]) -> list[tuple[str, ...]]:
    lines = [Line(key, ago(key), 100 * key) for key in range(1, len(numbers) + 1)]
    return cells(outcome(lines).frame, pd.Series(numbers))


def test_sorted_by_code_points_and_inert() -> None:
    found = rows(["b", "B", "00123", "=1+1", "+861380013", "-x", "＝1", "张"])
    assert [row[0] for row in found] == ["'-x", "'=1+1", "'＝1", "+861380013", "00123", "B", "b", "张"]


def test_two_customers_without_a_number_have_a_fixed_order() -> None:
    assert [row[1] for row in rows(["", ""])] == [row[1] for row in sorted(rows(["", ""]))] == ["1", "2"]


def test_bytes() -> None:
    text = csv_bytes(rows(["7", "a,b"])).decode()
    assert text.splitlines() == [
        ",".join(COLUMNS),
        "7,1,1,1.00,,,,insufficient_data,,,new,new",
        '"a,b",2,1,2.00,,,,insufficient_data,,,new,new',
    ]
    assert text.endswith("\n")
    assert "\r" not in text


def test_a_workbook_keeps_numbers_and_texts_apart(tmp_path: Path) -> None:
    save(rows(["007"]), tmp_path / "out.XLSX")
    sheet = load_workbook(tmp_path / "out.XLSX").active
    assert sheet is not None
    head, line = list(sheet.iter_rows(values_only=True))
    assert head == COLUMNS
    assert line[:5] == ("007", 1, 1, 1, None)
    save(rows(["007"]), tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == csv_bytes(rows(["007"]))
