"""`forecourt segment` as an operator sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from sqlalchemy import select, update
from typer.testing import CliRunner, Result

from bot.commands.segment import segment
from crm import erasure
from crm.customers import Customer
from crm.db import Database
from crm.state import StatePack
from tests.segmentation.logs import NOW, TODAY, Line, ago, fill, regulars

pytestmark = pytest.mark.slow

app = typer.Typer()
app.command()(segment)


@pytest.fixture
def said(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A database with 41 customers, named by the environment; returns a folder for exports."""
    fill(database, [*regulars(40), Line(1, ago(2), 2933)])
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database.url)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_late_rows_are_in_or_out_as_the_caller_says(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everyone became known at noon of 15 June, with all their visits."""
    fill(database, regulars(30))
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database.url)
    seen = {}
    for day in ("2026-06-14", "2026-06-15"):
        for words in ((), ("--as-known-then",)):
            result = CliRunner().invoke(app, ["--as-of", day, *words, "--json"])
            facts = json.loads(result.stdout.splitlines()[-1])
            seen[day, words] = facts["lifecycle"]["active"]
            assert not (words and facts["stored"])
    assert list(seen.values()) == [30, 0, 30, 30]


def test_json_is_the_last_line(said: Path) -> None:
    first, second = call("--as-of", "2026-06-15", "--json"), call("--as-of", "2026-06-15", "--json")
    facts = json.loads(first.stdout.splitlines()[-1])
    assert {"as_of", "customers", "changed", "segments", "seconds"} <= facts.keys()
    assert (facts["as_of"], facts["customers"], facts["changed"]) == ("2026-06-15", 41, 41)
    assert sum(facts["segments"].values()) == sum(facts["lifecycle"].values()) == 41
    assert facts["stored"] is True
    assert json.loads(second.stdout.splitlines()[-1])["changed"] == 0


def test_the_export_is_of_the_day_asked_for_whatever_is_stored(said: Path) -> None:
    assert call("--as-of", "2026-06-15").exit_code == 0
    result = call("--as-of", "2025-12-31", "--export", str(said / "then.csv"), "--json")
    assert json.loads(result.stdout)["stored"] is False
    text = (said / "then.csv").read_text(encoding="utf-8").splitlines()
    assert len(text) == 41  # the header, and those who came by then
    assert call("--as-of", "2026-06-15", "--export", str(said / "now.csv")).exit_code == 0
    now = (said / "now.csv").read_text(encoding="utf-8").splitlines()
    assert now[1] == "M00001,2,1,29.33,4,1,1,promising,low,low,new,new"


def test_words_for_people(said: Path) -> None:
    lines = call("--as-of", "2026-06-15").stdout.splitlines()
    assert lines[0].startswith("41 customers as of 2026-06-15, 41 changed, in ")
    assert call("--as-of", "2026-06-14").stdout.splitlines()[-1].startswith("Not stored: ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--as-of", "15.6.2026"], "--as-of '15.6.2026' is not a day; write it like 2026-06-30"),
        (["--as-of", "2026-02-30"], "--as-of '2026-02-30' is not a day; write it like 2026-06-30"),
        (["--export", "{folder}"], "is a folder; name a file in it"),
        (["--export", "{folder}/no/x.csv"], "there is no folder {folder}/no"),
    ],
)
def test_a_mistake_is_one_plain_line(said: Path, arguments: list[str], sentence: str) -> None:
    result = call(*(argument.format(folder=said) for argument in arguments))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert sentence.format(folder=said) in result.stderr


def test_who_was_erased_is_nobody_and_the_state_knows(said: Path, database: Database) -> None:
    assert call("--as-of", TODAY.isoformat()).exit_code == 0
    with database.write() as session:
        someone = session.scalars(select(Customer).order_by(Customer.id)).first()
        assert someone is not None
        erasure.erase(session, someone, by=0, now=NOW)
    assert call("--as-of", TODAY.isoformat()).exit_code == 0
    assert f"40 customers as of {TODAY}, 0 differ" in call("--verify").output


def test_verify_compares_the_state_with_the_log(said: Path, database: Database) -> None:
    assert "no state yet" in call("--verify").output
    call("--as-of", TODAY.isoformat())
    kept = call("--verify")
    assert kept.exit_code == 0
    assert f"41 customers as of {TODAY}, 0 differ" in kept.output
    with database.write() as session:
        session.execute(update(StatePack).where(StatePack.kind == "numbers").values(data=b"1"))
    broken = call("--verify", "--json")
    assert broken.exit_code == 1
    differing = json.loads(broken.stdout.splitlines()[-1])["differing"]
    assert {"customer": 2, "differs": ["length"]} in differing
