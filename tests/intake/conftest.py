"""What the tests of intake share: a file from rows, and an import of it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from crm.db import Database
from intake.accounts import import_accounts
from intake.customers import import_customers
from intake.fillups import Options, import_fillups
from intake.prices import import_prices
from intake.report import Report
from intake.sales import Place
from intake.stations import import_stations
from tests.conftest import NOON

FILLUPS = "receipt,station,pump,time,customer,product,litres,unit_price,amount,payment,odometer"
SHANGHAI = Place("Asia/Shanghai", "CNY")
TAKE = {
    "fillups": import_fillups,
    "customers": import_customers,
    "stations": import_stations,
    "accounts": import_accounts,
    "prices": import_prices,
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A file of the given lines; bytes stand as they are."""

    def make(content: str | bytes | Sequence[str], name: str = "file.csv") -> Path:
        path = tmp_path / name
        if not isinstance(content, str | bytes):
            content = "\n".join(content) + "\n"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return make


def take(database: Database, path: Path, kind: str = "fillups", **options: Any) -> Report:
    """Import a file as the command does, stations created as they come."""
    chosen: dict[str, Any] = {
        "now": NOON,
        "country": "CN",
        "default": SHANGHAI,
        "create_stations": True,
        "rejects": path.with_name(path.stem + ".rejected.csv"),
    }
    return TAKE[kind](database, path, Options(**(chosen | options)))


def rejects(path: Path) -> list[dict[str, str]]:
    """The rows that an import of ``path`` refused."""
    with path.with_name(path.stem + ".rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def workbook(path: Path, rows: Iterable[list[Any]]) -> Path:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path
