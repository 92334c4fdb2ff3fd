"""what-if, migration, cohorts, clusters, lifetime and backtest as an operator types them."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from bot.cli import commands
from crm.db import Database
from crm.fillups import Fillup
from crm.segments import SegmentRun
from segmentation.criteria import DEFAULT
from tests.segmentation.logs import Line, ago, fill, regulars

pytestmark = pytest.mark.slow

PNG = b"\x89PNG\r\n\x1a\n"
DAY = "2026-06-15"


def lines() -> list[Line]:
    """Regulars, and people who come and go at random."""
    dice = random.Random(6)
    found = regulars(30, every=9)
    for customer in range(1, 131):
        day, gap = float(dice.randrange(100, 500)), dice.choice((4, 9, 20))
        until = dice.choice((0, 0, day - 60))
        while day > until:
            found.append(Line(customer, ago(day), dice.randrange(8_000, 60_000)))
            day -= dice.expovariate(1 / gap)
    return found


@pytest.fixture
def chain(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A database named by the environment; returns a folder for files."""
    fill(database, lines(), known_at=datetime(2020, 1, 1, tzinfo=UTC))
    return named(database, monkeypatch, tmp_path)


@pytest.fixture
def nobody(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return named(database, monkeypatch, tmp_path)


def named(database: Database, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database.url)
    monkeypatch.setenv("FORECOURT_DATA_DIR", str(folder))
    monkeypatch.setenv("FORECOURT_LOCALE", "en")
    return folder


def call(*words: str) -> Result:
    return CliRunner().invoke(commands(), [*words])


def told(*words: str) -> dict[str, Any]:
    result = call(*words, "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout.splitlines()[-1])
    assert isinstance(facts, dict)
    return facts


def other_criteria(folder: Path) -> Path:
    text = DEFAULT.read_text(encoding="utf-8").replace("spread_factor = 1.645", "spread_factor = 0.4")
    path = folder / "other.toml"
    path.write_text(text.replace('version = "', 'version = "other-', 1), encoding="utf-8")
    return path


def test_what_if(chain: Path, database: Database) -> None:
    path, image = other_criteria(chain), chain / "moves.png"
    found = told("what-if", str(path), "--as-of", DAY, "--picture", str(image))
    assert found["changed_settings"]["rhythm.spread_factor"] == [1.645, 0.4]
    assert found["moved"] > 0
    assert image.read_bytes().startswith(PNG)
    words = call("what-if", str(path), "--as-of", DAY).stdout
    assert "rhythm.spread_factor: 1.645 -> 0.4" in words
    assert f"{found['moved']} in another segment by other.toml" in words
    assert "M00" in words  # member numbers, no names
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SegmentRun)) == 0


def test_migration_by_computing_and_as_stored(chain: Path) -> None:
    for day in ("2026-01-31", DAY):
        assert call("segment", "--as-of", day).exit_code == 0
    computed = told("migration", "2026-01-31", DAY, "--picture", str(chain / "moved.png"))
    stored = told("migration", "2026-01-31", DAY, "--as-stored")
    assert computed["matrix"] == stored["matrix"]
    assert computed["moved"] == stored["moved"] > 0
    assert (chain / "moved.png").read_bytes().startswith(PNG)
    first = call("migration", "2026-01-31", DAY).stdout.splitlines()[0]
    assert first.endswith("in another segment between 2026-01-31 and 2026-06-15")


def test_cohorts(chain: Path) -> None:
    found = told("cohorts", "--as-of", DAY, "--picture", str(chain / "cohorts.png"))
    assert found["customers"] == 160
    assert (chain / "cohorts.png").read_bytes().startswith(PNG)
    words = call("cohorts", "--as-of", DAY).stdout.splitlines()
    assert words[0].startswith("160 customers by month of their first visit")
    assert words[1].split()[:3] == ["month", "people", "0"]
    assert words[-1].startswith("The last month is not over")


def test_clusters_keep_their_numbers(chain: Path) -> None:
    first = call("clusters", "--as-of", DAY, "--json")
    before = json.loads(first.stdout.splitlines()[-1])
    for group in before["groups"]:
        group["group"] += 100
    (chain / "before.json").write_text(json.dumps(before), encoding="utf-8")
    again = told("clusters", "--as-of", DAY, "--previous", str(chain / "before.json"))
    sizes = {group["group"]: group["customers"] for group in before["groups"]}
    assert {group["group"]: group["customers"] for group in again["groups"]} == sizes
    words = call("clusters", "--as-of", DAY).stdout.splitlines()
    assert len(words) == 1 + len(sizes)
    assert all(group["name"] in words[1 + place] for place, group in enumerate(before["groups"]))


def test_lifetime(chain: Path, database: Database) -> None:
    found = told("lifetime", "--as-of", DAY, "--picture", str(chain / "life.png"))
    assert (found["month"], found["visits"]["customers"]) == ("2026-05-31", 160)
    assert (chain / "life.png").read_bytes().startswith(PNG)
    with database.write() as session:
        for row in session.scalars(select(Fillup).where(Fillup.customer_id == 40)):
            session.delete(row)
    assert told("lifetime", "--as-of", DAY)["visits"]["customers"] == 160  # as it was kept
    assert told("lifetime", "--as-of", DAY, "--again")["visits"]["customers"] == 159
    words = call("lifetime", "--as-of", DAY).stdout
    assert words.startswith("Fit of 2026-05-31: 159 customers, ")


def test_backtest_on_the_database(chain: Path) -> None:
    found = told("backtest", "--picture", str(chain / "back.png"))
    (log,) = found["logs"]
    assert (log["log"], log["customers"]) == ("database", 160)
    assert (chain / "back.png").read_bytes().startswith(PNG)
    stands = log["lines"]["two"]["rules"]["ours"]["as_it_stands"]
    words = call("backtest").stdout
    row = [line for line in words.splitlines() if line.startswith("  ours")][-1]  # two lines come last
    assert row.split()[1:3] == [str(stands["false_alarms"]), str(stands["misses"])]


def test_backtest_on_a_file_and_on_a_demo_leaves_the_database_alone(nobody: Path, database: Database) -> None:
    file = nobody / "fills.csv"
    rows = [f"S1,{line.at:%Y-%m-%d %H:%M},{line.customer},30,{(line.amount or 0) / 100}" for line in lines()]
    file.write_text("\n".join(["station,time,customer,litres,amount", *rows, "S1,never,1,30,200"]), "utf-8")
    found = told("backtest", "--demo", "--customers", "60", "--log", str(file))
    demo, log = found["logs"]
    assert (demo["log"], log["log"], log["customers"]) == ("demo", "fills", 160)
    assert demo["month_ends"] > 12
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Fillup)) == 0


@pytest.mark.parametrize("words", [("cohorts",), ("migration", "2026-01-31"), ("backtest",), ("lifetime",)])
def test_nobody_at_all(nobody: Path, words: tuple[str, ...]) -> None:
    told(*words)
    assert call(*words).exit_code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("what-if", "nowhere.toml"), "there is no file nowhere.toml"),
        (("what-if", "{wrong}"), "wrong.toml: "),
        (("migration", "yesterday"), "FROM 'yesterday' is not a day; write it like 2026-06-30"),
        (("migration", "2026-06-15", "2026-01-31"), "FROM 2026-06-15 is after TO 2026-01-31"),
        (("cohorts", "--as-of", "June"), "--as-of 'June' is not a day; write it like 2026-06-30"),
        (("cohorts", "--picture", "/nowhere/at/all.png"), "there is no folder /nowhere/at"),
        (("cohorts", "--picture", "."), "is a folder; name a file in it"),
        (("clusters",), "fewer than 50 customers came within the window"),
        (("clusters", "--previous", "nowhere.json"), "cannot read nowhere.json"),
        (("clusters", "--previous", "{wrong}"), "holds no output of forecourt clusters --json"),
        (("lifetime", "--as-of", "2999-01-01"), "is still to come"),
        (("lifetime", "--picture", "{folder}/x.png"), "no picture: the log is too short"),
        (("backtest", "--log", "nowhere.csv"), "there is no file nowhere.csv"),
        (("backtest", "--log", "{wrong}"), "wrong.toml: "),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(nobody: Path, words: tuple[str, ...], sentence: str) -> None:
    (nobody / "wrong.toml").write_text("version = 3\n", encoding="utf-8")
    filled = [word.format(wrong=nobody / "wrong.toml", folder=nobody) for word in words]
    result = call(*filled)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("forecourt: ")
    assert sentence in result.stderr
