"""What is said about one person is what a round then writes, and what the ledger holds of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from bot.cli import commands
from crm.db import Database, sqlite_url
from crm.outbox import HELD, Outbound
from crm.schema import migrate
from crm.segments import CustomerSegment
from outreach import campaigns, variants
from outreach.why_not import Chain, why_not
from templates import LOCALES, render, words
from tests.conftest import NOON
from tests.outreach.people import (
    DAY,
    SHANGHAI,
    away,
    became_vip,
    customer,
    plan_round,
    queued,
    segment,
    visit,
)

pytestmark = pytest.mark.slow

CHAIN = Chain(campaigns.shipped(), ZoneInfo(SHANGHAI), trust_self_reported=False)
NIGHT = NOON + timedelta(hours=11)


def town(database: Database) -> int:
    """Somebody for every reason; how many they are."""
    with database.write() as session:
        away(session, 1)
        away(session, 2, marketing_consent=False)
        away(session, 3, chat_id=None)
        away(session, 4, reachable=False)
        capped = away(session, 5)
        queued(
            session, capped, campaign="vip", occurrence="month:2026-06", state="sent", claimed_at=NOON - DAY
        )
        visit(session, away(session, 6), NOON - timedelta(hours=1))
        new = customer(session, 7, registered_at=NOON - DAY)
        visit(session, new, NOON - timedelta(hours=3), confirmed=False, source="driver")
        vip = customer(session, 8)
        visit(session, vip, NOON - 10 * DAY)
        segment(session, vip, "active", "vip")
        became_vip(session, vip)
        customer(session, 9, registered_at=NOON - 8 * DAY)
        customer(session, 10)
        sent = away(session, 11)
        queued(session, sent, occurrence="dormant:2026-04-16", state="sent", claimed_at=NOON - DAY)
        both = away(session, 12)
        session.get_one(CustomerSegment, both.id).segment = "vip"
        became_vip(session, both)
    return 12


@pytest.mark.parametrize("now", [NOON, NIGHT])
def test_it_says_what_the_next_round_writes(database: Database, now: Any) -> None:
    people = town(database)
    said: dict[tuple[int, str, str], tuple[str, str | None]] = {}
    with database.read() as session:
        for number in range(1, people + 1):
            for campaign in CHAIN.campaigns.names:
                for each in why_not(session, number, campaign, CHAIN, now)["now"]:
                    said[number, campaign, each["occurrence"]] = (each["state"], each["reason"])
    plan_round(database, now)
    columns = (Outbound.customer_id, Outbound.campaign, Outbound.occurrence, Outbound.state, Outbound.reason)
    with database.read() as session:
        rows = session.execute(select(*columns).where(Outbound.state.in_(("queued", "skipped")))).all()
    assert {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows} == said
    assert len({reason for _state, reason in said.values()}) >= 6


def test_the_words_of_every_case(database: Database) -> None:
    people = town(database)
    plan_round(database, NIGHT)
    with database.read() as session:
        for number in range(1, people + 1):
            for campaign in CHAIN.campaigns.names:
                facts = why_not(session, number, campaign, CHAIN, NIGHT)
                json.dumps(facts)
                for locale in LOCALES:
                    said = render("replies/whynot", locale, facts)
                    for code in ("None", "no_consent", "quiet_hours", "another_campaign", "not_confirmed"):
                        assert code not in said


def test_nothing_is_written(database: Database) -> None:
    town(database)
    with database.read() as session:
        why_not(session, 1, "win_back", CHAIN, NOON)
        assert len(session.scalars(select(Outbound)).all()) == 2


def test_a_campaign_that_is_off_says_so(database: Database) -> None:
    town(database)
    off = replace(CHAIN, campaigns=replace(CHAIN.campaigns, off=("season",)))
    with database.read() as session:
        assert why_not(session, 1, "season", off, NOON)["off"]
        with pytest.raises(KeyError):
            why_not(session, 1, "nothing", off, NOON)


def test_every_reason_has_words() -> None:
    """The codes stand in outreach/*.py as plain strings; the words know all of them and no others."""
    text = "".join(path.read_text("utf-8") for path in campaigns.FILE.parent.glob("*.py"))
    given = re.findall(r'(?:reason=|reason = |return |Skipped\(found, )"([a-z_]+)"', text)
    for locale in LOCALES:
        known = words("reason", locale)
        assert {code for code in given if "_" in code} - {*known, *get_args(variants.Code)} == set()
        assert [code for code in known if f'"{code}"' not in text and code != HELD] == []


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECOURT_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("FORECOURT_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    database = Database(sqlite_url(tmp_path))
    migrate(database)
    town(database)
    database.close()
    told = CliRunner().invoke(commands(), ["why-not", "M2", "win_back"])
    assert told.exit_code == 0
    assert "Win-back" in told.output
    assert "<b>" not in told.output
    facts = json.loads(CliRunner().invoke(commands(), ["why-not", "M11", "win_back", "--json"]).output)
    assert [past["state"] for past in facts["past"]] == ["sent"]
    for words_ in (["why-not", "nobody", "vip"], ["why-not", "M1", "nothing"]):
        refused = CliRunner().invoke(commands(), words_)
        assert refused.exit_code == 1
        assert "Traceback" not in refused.output
    assert CliRunner().invoke(commands(), ["outreach", "results"]).exit_code == 0
    told = CliRunner().invoke(commands(), ["outreach", "results", "--json", "--campaign", "vip"])
    assert json.loads(told.output)["campaigns"][0]["verdict"]["code"] == "no_holdout"
