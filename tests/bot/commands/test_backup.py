"""backup as an operator types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import commands
from crm.db import Database


def call(*words: str) -> Result:
    return CliRunner().invoke(commands(), ["backup", *words])


def test_it_says_what_is_in_it_or_where_to_turn(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database.url)
    told = call(str(tmp_path / "b.sqlite3"))
    if database.is_sqlite:
        assert "0 customers, 0 fillups; checked." in told.output
        assert (tmp_path / "b.sqlite3").exists()
    else:
        assert told.exit_code == 1
        assert "pg_dump -Fc" in told.output


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("here.sqlite3", "is there already"),
        ("no/folder/b.sqlite3", "cannot write"),
        (".", "is there already"),
    ],
)
def test_where_it_cannot_go_is_said(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, target: str, sentence: str
) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL has pg_dump")
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database.url)
    (tmp_path / "here.sqlite3").write_text("older")
    told = call(str(tmp_path / target))
    assert told.exit_code == 1
    assert sentence in told.output


def test_without_a_database_nothing_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FORECOURT_DATA_DIR", str(tmp_path / "data"))
    told = call(str(tmp_path / "b.sqlite3"))
    assert told.exit_code == 1
    assert "there is no database" in told.output
    assert list(tmp_path.iterdir()) == []
