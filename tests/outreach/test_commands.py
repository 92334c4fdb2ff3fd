"""`forecourt outreach` as an operator types it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from bot.commands.outreach import app
from crm import broadcasts, meta
from crm.audit import Audit
from crm.customers import Customer
from crm.db import Database, sqlite_url
from crm.schema import migrate
from outreach import standstill
from outreach.standstill import Mark
from tests.outreach.people import DAY, customer, queued, station, visit

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A chain in the data folder of the settings, where it is noon right now, at its stations too."""
    hour = (12 - NOW.hour) % 24
    zone = f"Etc/GMT{-hour:+d}" if hour <= 14 else f"Etc/GMT{24 - hour:+d}"
    monkeypatch.setenv("FORECOURT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FORECOURT_TIMEZONE", zone)
    monkeypatch.delenv("FORECOURT_DATABASE_URL", raising=False)
    monkeypatch.delenv("FORECOURT_TOKEN", raising=False)
    monkeypatch.chdir(tmp_path)
    database = Database(sqlite_url(tmp_path))
    migrate(database)
    with database.write() as session:
        station(session, timezone=zone)
    return database


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def run_json(*words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def lapsed(database: Database, number: int = 1, **facts: Any) -> None:
    """Came every ten days for most of a year, and then no more."""
    with database.write() as session:
        who: Customer = customer(session, number, **facts)
        for week in range(30):
            visit(session, who, NOW - (100 + 10 * week) * DAY)


def test_plan_says_who_is_due_and_why_not(chain: Database) -> None:
    lapsed(chain, 1)
    lapsed(chain, 2, marketing_consent=False)
    assert run_json("plan", "--dry-run")["campaigns"] == []
    found = run_json("plan")
    assert found["campaigns"] == [
        {
            "campaign": "win_back",
            "due": 2,
            "states": {"queued": 1, "skipped": 1},
            "reasons": {"no_consent": 1},
        }
    ]
    assert "2 due; 1 queued, 1 skipped (1 without consent)" in run("plan", "--campaign", "win_back").stdout


def test_status_names_the_reason_of_one_person(chain: Database) -> None:
    lapsed(chain, 2, marketing_consent=False)
    run("plan")
    out = run("status", "--customer", "M2").stdout
    assert "M2: win_back dormant:" in out
    assert "no_consent: without consent" in out
    rows = run_json("status", "--customer", "M2")["rows"]
    assert [(row["customer"], row["state"], row["reason"]) for row in rows] == [
        ("M2", "skipped", "no_consent")
    ]


def test_status_lists_one_state_or_one_reason(chain: Database) -> None:
    lapsed(chain, 1)
    lapsed(chain, 2, marketing_consent=False)
    run("plan")
    assert [row["customer"] for row in run_json("status", "--reason", "no_consent")["rows"]] == ["M2"]
    assert [row["customer"] for row in run_json("status", "--state", "queued")["rows"]] == ["M1"]
    assert run_json("status", "--state", "queued")["campaigns"][0]["due"] == 2
    assert "M2: nothing of that kind" in run("status", "--customer", "M2", "--state", "sent").stdout


def test_status_finds_a_person_as_why_not_does(chain: Database) -> None:
    lapsed(chain, 2, marketing_consent=False)
    with chain.write() as session:
        session.scalars(select(Customer).where(Customer.member == "M2")).one().phone = "+8613800138002"
    run("plan")
    assert "M2: win_back dormant:" in run("status", "--customer", "13800138002").stdout


def test_status_tells_who_came_back_before_the_round(chain: Database) -> None:
    lapsed(chain, 1)
    run("plan", "--campaign", "welcome")
    with chain.write() as session:
        visit(session, session.get_one(Customer, 1), NOW)
    run("plan")
    assert [row["reason"] for row in run_json("status")["rows"]] == ["visited"]


def test_status_always_lists_what_may_have_arrived(chain: Database) -> None:
    with chain.write() as session:
        queued(session, customer(session, 1), state="unknown", reason="sender_gone")
    assert "1 may have arrived or not" in run("status", "--limit", "0").stdout
    assert [row["customer"] for row in run_json("status", "--limit", "0")["unknown"]] == ["M1"]


def test_a_campaign_that_is_off_can_be_asked_for_and_is_planned_once_it_is_on(chain: Database) -> None:
    with chain.write() as session:
        who = customer(session, 1)
        queued(session, who, campaign="reminder", occurrence="due:1", state="sent", claimed_at=NOW)
        queued(session, who, 2)
        due = customer(session, 2)
        for week in range(1, 30):
            visit(session, due, NOW - 10 * week * DAY)
    (row,) = run_json("status", "--campaign", "reminder")["rows"]
    assert (row["campaign"], row["state"]) == ("reminder", "sent")
    assert run_json("results", "--campaign", "reminder")["campaigns"] == []
    assert run_json("plan", "--campaign", "reminder")["campaigns"] == []
    assert run("switch", "reminder", "on").exit_code == 0
    (planned,) = run_json("plan", "--campaign", "reminder")["campaigns"]
    assert (planned["campaign"], planned["due"]) == ("reminder", 1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("status", "--state", "lost"), "--state 'lost' is none; write one of queued,"),
        (("status", "--reason", "weather"), "--reason 'weather' is none; write one of restored,"),
        (("plan", "--campaign", "anniversary"), "no campaign is called anniversary; there are welcome"),
        (("status", "--campaign", "anniversary"), "birthday, coupon, regulars, reminder"),
        (("status", "--customer", "nobody"), "no customer has the number nobody"),
        (("send",), "FORECOURT_TOKEN is empty"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    chain: Database, words: tuple[str, ...], sentence: str
) -> None:
    result = run(*words)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_dry_send_counts_what_would_go(chain: Database) -> None:
    lapsed(chain, 1)
    run("plan")
    assert run_json("send", "--dry-run") == {"would_send": 1}


def test_what_nobody_knows_is_decided_one_by_one(chain: Database) -> None:
    with chain.write() as session:
        for number in (1, 2):
            facts: dict[str, Any] = {"state": "unknown", "claimed_at": NOW - 9 * DAY}
            queued(session, customer(session, number), number, **facts)
    assert [row["customer"] for row in run_json("unknown")["unknown"]] == ["M1", "M2"]
    assert "left as it is" in run("unknown", "--leave", "1").output
    assert "back in the queue" in run("unknown", "--resend", "2").output
    again = run("unknown", "--resend", "1")
    assert again.exit_code == 1
    assert "needs no decision" in again.output
    assert run("unknown", "--resend", "2", "--leave", "2").exit_code == 1
    assert run_json("unknown") == {"unknown": [], "total": 0}
    with chain.read() as session:
        told = [(row.action, row.customer_id) for row in session.scalars(select(Audit).order_by(Audit.id))]
    assert told == [("unknown_leave", 1), ("unknown_resend", 2)]


def test_a_restored_ledger_is_confirmed(chain: Database, tmp_path: Path) -> None:
    lapsed(chain, 2)
    with chain.write() as session:
        queued(session, customer(session, 1))
        meta.put(session, standstill.INSTALLATION, "one")
        meta.put(session, standstill.MARK, (NOW - DAY).isoformat(timespec="microseconds"))
    Mark(tmp_path).write("one", NOW)
    refused = run("plan")
    assert refused.exit_code == 1
    assert "the database looks restored" in refused.stderr
    assert "the database looks restored" in run("status").stdout
    assert run_json("status")["restored"]["sent"] == NOW.isoformat()
    assert run_json("plan", "--dry-run")["dry_run"]
    assert run_json("confirm-restore")["waited"] == 1
    assert run_json("status")["restored"] is None
    assert {(row["customer"], row["reason"]) for row in run_json("status")["rows"]} == {
        ("M1", "restored"),
        ("M2", "restored"),
    }
    assert "nothing to confirm" in run("confirm-restore").stderr
    assert run("plan").exit_code == 0


def test_a_campaign_is_switched_at_the_terminal_as_in_the_chat(chain: Database) -> None:
    with chain.write() as session:
        queued(session, customer(session, 1), expires_at=NOW + DAY, not_before=NOW - DAY)
    would = run_json("send", "--dry-run")["would_send"]
    assert run("switch", "win_back", "off").output == "win_back is off.\n"
    assert run("switch", "win_back", "off").output == "win_back was off already.\n"
    assert (would, run_json("send", "--dry-run")["would_send"]) == (1, 0)
    assert run("switch", "win_back", "on").output == "win_back is on.\n"
    assert run_json("send", "--dry-run")["would_send"] == 1
    assert run("switch", "reminder", "on").output == "reminder is on.\n"  # off as shipped
    with chain.read() as session:
        assert session.scalars(select(Audit.action).order_by(Audit.id)).all()[:2] == [
            "switch_off",
            "switch_on",
        ]


@pytest.mark.parametrize("words", [("nosuch", "off"), ("win_back", "maybe")])
def test_a_switch_that_is_none_is_named(chain: Database, words: tuple[str, str]) -> None:
    told = run("switch", *words)
    assert told.exit_code != 0
    assert words[0] in told.stderr if words[0] == "nosuch" else words[1] in told.stderr


def test_a_broadcast_is_called_by_its_short_name(chain: Database) -> None:
    with chain.write() as session:
        made = broadcasts.draft(session, by=1, stations=None, currency="CNY", now=NOW)
        who = customer(session, 1)
        queued(session, who, campaign=made.campaign, occurrence="broadcast", state="sent", claimed_at=NOW)
        queued(session, who, 2)
    for name in ("b1", "#1"):
        (row,) = run_json("status", "--campaign", name)["rows"]
        assert (row["customer"], row["campaign"], row["state"]) == ("M1", "b1", "sent")
        assert [one["campaign"] for one in run_json("results", "--campaign", name)["campaigns"]] == ["b1"]
    assert "no campaign is called b2" in run("status", "--campaign", "b2").stderr
    assert "no campaign is called b2" in run("results", "--campaign", "b2").stderr
    assert run_json("results", "--campaign", "welcome")["campaigns"] == []
