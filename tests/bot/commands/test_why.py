"""`forecourt why` and `forecourt segment --criteria` as an operator sees them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import typer
from sqlalchemy import select, update
from typer.testing import CliRunner, Result

from bot.commands.segment import segment
from bot.commands.why import why
from crm.accounts import Account
from crm.customers import Customer
from crm.db import Database
from crm.forecasts import Forecast
from crm.segments import CriteriaVersion, SegmentRun
from questions.why import DIMENSIONS, OF_AN_ACCOUNT
from segmentation.criteria import DEFAULT
from tests.segmentation.logs import NOW, Line, ago, fill, regulars

pytestmark = pytest.mark.slow

app = typer.Typer()
app.command()(segment)
app.command()(why)
DAY = ("segment", "--as-of", "2026-06-15")


@pytest.fixture
def said(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A database with 41 customers, named by the environment; returns a folder for criteria."""
    fill(database, [*regulars(40), Line(1, ago(2), 2933)])
    monkeypatch.setenv("FORECOURT_DATABASE_URL", database.url)
    return tmp_path


@pytest.mark.usefixtures("said")
def test_why_says_what_is_expected_where_a_forecast_holds(database: Database) -> None:
    call(*DAY)
    assert json.loads(call("why", "M00001", "--json").stdout)["forecast"] is None
    with database.write() as session:
        number = session.scalars(select(Customer.id).where(Customer.member == "M00001")).one()
        session.add(
            Forecast(customer_id=number, month=date(2026, 5, 31), visits=4.2449, value=23_456, currency="CNY")
        )
    told = json.loads(call("why", "M00001", "--json").stdout)["forecast"]
    assert (told["visits"], told["value"], told["month"]) == (4.2449, 23_456, "2026-05-31")
    sentence = "Next 90 days: about 4.2 visits and CN¥234.56 expected (model of 31 May 2026)"
    assert call("why", "M00001").stdout.splitlines()[-1] == f"- {sentence}"
    assert "消费约 ¥234.56" in call("why", "M00001", "--locale", "zh").stdout.splitlines()[-1]


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def changed(folder: Path, *pairs: tuple[str, str]) -> str:
    """A file of criteria in which some words are others."""
    text = DEFAULT.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "criteria.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.usefixtures("said")
def test_why_says_each_dimension_in_words_and_numbers() -> None:
    call(*DAY)
    lines = call("why", "M00001").stdout.splitlines()
    assert lines[0] == "M00001 as of 2026-06-15"
    assert len(lines) == 1 + len(DIMENSIONS)
    assert lines[2].startswith("- Lifecycle new: last visit 2 days ago; lapsing beyond")
    assert not any("<" in line or "&" in line for line in lines)
    facts = json.loads(call("why", "M00001", "--json", "--locale", "zh").stdout.splitlines()[-1])
    assert (facts["customer"], list(facts["dimensions"])) == ("M00001", list(DIMENSIONS))
    product = facts["dimensions"]["product"]
    assert product == {
        "sentence": "油品95号汽油：占消费的 100%，需要 60%。",
        "preference": "95",
        "share_percent": 100,
        "share_of": "spend",
        "least_percent": 60,
    }


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nobody"], "nobody has this member number, card, phone or plate, and no account this code"),
        (["M00001"], "this customer is newer than the last run; run `forecourt segment` first"),
        (["M00001", "--locale", "fr"], "--locale 'fr' is not a language of the bot; it speaks zh and en"),
    ],
)
def test_a_mistake_is_one_plain_line(arguments: list[str], sentence: str) -> None:
    result = call("why", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"forecourt: {sentence}\n")


@pytest.mark.usefixtures("said")
def test_why_says_it_of_an_account_too(database: Database) -> None:
    with database.write() as session:
        account = Account(code="F1", name="Wheat & Co", industry="food", currency="CNY", known_at=NOW)
        account.credit_limit, account.balance, account.days_overdue = 10_000, 9_000, 3
        session.add(account)
        session.flush()
        session.execute(update(Customer).where(Customer.member != "M00001").values(account_id=account.id))
    assert call("why", "F1").stderr.endswith("newer than the last run; run `forecourt segment` first\n")
    call(*DAY)
    lines = call("why", "F1").stdout.splitlines()
    assert lines[:2] == ["F1 as of 2026-06-15", "- Account Wheat & Co: food; 40 drivers."]
    assert lines[2].startswith(
        "- Tier key account: the first rule that fits; value high; lifecycle active or"
    )
    assert lines[6].startswith(
        "- Credit risk medium, account F1: 3 days overdue (medium from 8, high from 30), 90 %"
    )
    facts = json.loads(call("why", "F1", "--json", "--locale", "zh").stdout.splitlines()[-1])
    assert (facts["account"], list(facts["dimensions"])) == ("F1", list(OF_AN_ACCOUNT))


@pytest.mark.usefixtures("said")
def test_segment_counts_every_dimension() -> None:
    facts = json.loads(call(*DAY, "--json").stdout.splitlines()[-1])
    for name in ("product", "loyalty", "credit_risk", "persona", "persona_from", "price_sensitivity"):
        assert sum(facts[name].values()) == 41, name
    assert facts["home_station"] == {"S1": 41}
    tiers = {"watch": 0, "key": 0, "major": 0, "standard": 0}  # what nobody is, is counted too
    assert (facts["declining"], facts["accounts"]["tier"]) == (0, tiers)


def test_other_criteria_give_another_answer_and_are_kept(said: Path, database: Database) -> None:
    assert call(*DAY).exit_code == 0
    path = changed(
        said, ('version = "', 'version = "mine-'), ("high = 70", "high = 5"), ("medium = 45", "medium = 4")
    )
    result = call(*DAY, "--criteria", path, "--json")
    facts = json.loads(result.stdout.splitlines()[-1])
    assert (facts["loyalty"], facts["criteria"][:5]) == ({"high": 41, "medium": 0, "low": 0}, "mine-")
    with database.read() as session:
        kept = {row.version: row.content for row in session.scalars(select(CriteriaVersion))}
        used = set(session.scalars(select(SegmentRun.criteria)))
    assert set(kept) == used
    assert {content["loyalty"]["high"] for content in kept.values()} == {70, 5}


def test_one_version_is_one_set_of_thresholds(said: Path, database: Database) -> None:
    assert call(*DAY).exit_code == 0
    result = call(*DAY, "--criteria", changed(said, ("high = 70", "high = 71")))
    assert result.exit_code == 1
    assert "had another loyalty before; give it a new version" in result.stderr
    with database.read() as session:
        assert len(session.scalars(select(SegmentRun)).all()) == 1


def test_criteria_with_holes_are_refused_before_anything_is_read(said: Path) -> None:
    path = changed(said, ('name = "lost"\nr = [1, 1]\nf = [1, 1]', 'name = "lost"\nr = [2, 2]\nf = [1, 1]'))
    result = call(*DAY, "--criteria", path)
    assert result.exit_code == 1
    assert "rfm: no name covers R 1, F 1; rfm: hibernating and lost both cover R 2, F 1" in result.stderr
    assert call(*DAY, "--criteria", str(said / "none.toml")).exit_code == 1


@pytest.mark.usefixtures("said")
def test_the_history_has_every_dimension_the_latest_first() -> None:
    call("segment", "--as-of", "2026-06-11")
    call("segment", "--as-of", "2026-10-01")
    facts = json.loads(call("why", "M01001", "--history", "--json").stdout.splitlines()[-1])
    assert facts["customer"] == "M01001"
    changes = facts["changes"]
    assert [change["as_of"] for change in changes] == sorted(
        (change["as_of"] for change in changes), reverse=True
    )
    assert {"segment", "lifecycle"} <= {change["dimension"] for change in changes}
    (stage,) = [change for change in changes if change["dimension"] == "lifecycle"]
    assert (stage["before"], stage["after"]) == ("active", stage["why"]["stage"])
    lines = call("why", "M01001", "--history").stdout.splitlines()
    assert lines[0] == f"M01001: {len(changes)} changes"
    assert len(lines) == 1 + len(changes)
    told = [line for line in lines if " lifecycle active -> " in line]
    assert len(told) == 1
    assert f"days_since {stage['why']['days_since']}" in told[0]
    assert f"limit_days {stage['why']['limit_days']}" in told[0]


@pytest.mark.usefixtures("said")
def test_the_history_of_nobody_is_refused_in_one_line() -> None:
    call(*DAY)
    refused = call("why", "nobody", "--history")
    assert refused.exit_code != 0
    assert "nobody has this" in refused.output
    assert "Traceback" not in refused.output
