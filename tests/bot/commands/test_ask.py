"""`forecourt ask --export` as an operator sees it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import openpyxl
import pytest
import typer
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from bot.commands.ask import ask
from crm.audit import Audit
from crm.db import Database
from segmentation.refresh import refresh
from tests.conftest import NOON
from tests.segmentation.logs import TODAY, fill, regulars

app = typer.Typer()
app.command()(ask)


@pytest.fixture
def folder(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A database with forty customers, named by the environment; returns a folder for exports."""
    fill(database, regulars(40))
    refresh(database, as_of=TODAY, now=NOON)
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database.url)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--as-of", TODAY.isoformat()])


def test_a_list_as_a_workbook_and_as_csv(folder: Path, database: Database) -> None:
    assert call("list customers", "--export", str(folder / "all.xlsx")).exit_code == 0
    sheet = openpyxl.load_workbook(folder / "all.xlsx").active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:2] == ("Number", "Name")
    assert len(rows) == 41
    assert call("列出客户", "--export", str(folder / "all.csv")).exit_code == 0
    told = list(csv.reader((folder / "all.csv").read_text("utf-8-sig").splitlines()))
    assert told[0][0] == "编号"
    assert {row[0] for row in told[1:]} == {row[0] for row in rows[1:]}
    with database.read() as session:
        exported = select(func.count()).where(Audit.action == "export", Audit.actor == 0)
        assert session.scalar(exported) == 80


def test_what_cannot_be_a_file_is_said(folder: Path, database: Database) -> None:
    wrong = call("how many customers", "--export", str(folder / "a.xlsx"))
    assert wrong.exit_code == 1
    assert "a count is no list" in wrong.stderr
    assert "there is no folder" in call("list customers", "--export", str(folder / "no" / "a.csv")).stderr
    assert "is a folder" in call("list customers", "--export", str(folder)).stderr
    assert call("zorblax of blorp", "--json").exit_code == call("zorblax of blorp").exit_code == 1
    assert call("zorblax of blorp", "--export", str(folder / "b.csv")).exit_code == 1
    assert not list(folder.glob("*.csv"))
    with database.read() as session:
        assert session.scalar(select(func.count()).where(Audit.action == "export")) == 0


def test_a_day_before_the_last_run_says_whose_classes_are_told(folder: Path) -> None:
    assert folder.is_dir()
    assert "note:" not in call("how many VIPs").stderr
    earlier = CliRunner().invoke(app, ["how many VIPs", "--as-of", "2026-01-31", "--json"])
    assert f"are those of {TODAY}" in earlier.stderr.replace("\n", " ")


@pytest.mark.parametrize("text", ["what if VIP needs 5000000", "如果VIP门槛提高到5000000会怎样"])
def test_what_if_is_answered_and_names_nobody(folder: Path, text: str) -> None:
    told = json.loads(call(text, "--json").stdout.splitlines()[-1])
    assert told["understood"]
    assert told["kind"] == "what_if"
    assert told["question"] == "what if value.high_spend=5000000"
    assert told["value"] == sum(row["count"] for row in told["rows"]) > 0
    assert "40 → 0" in told["said"]
    assert all(set(row) == {"before", "after", "count"} for row in told["rows"])
    assert call(text, "--export", str(folder / "moved.csv")).exit_code == 1


def test_what_if_that_cannot_be_says_why(folder: Path) -> None:
    told = json.loads(call("what if VIP is the top 400%", "--json").stdout.splitlines()[-1])
    assert not told["understood"]
    assert (told["question"], told["kind"]) == (None, None)
    assert told["not_understood"]
    assert "at most" in told["said"] or "below" in told["said"]
    assert call("what if VIP needs 9000 zorblax").exit_code == 1
