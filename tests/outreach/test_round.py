"""Rounds: from the records to the ledger, each occurrence once, each skip with its reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm import meta
from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.outbox import Outbound
from crm.segments import CustomerSegment
from outreach import campaigns, candidates, people, status
from outreach import round as round_
from outreach.plan import plan_person
from tests.conftest import NOON
from tests.outreach.people import (
    DAY,
    assert_all_accounted_for,
    away,
    became_vip,
    customer,
    ledger,
    plan_round,
    segment,
    station,
    visit,
)

pytestmark = pytest.mark.slow


def test_a_lapsed_driver_a_vip_and_a_newcomer_each_get_their_own(database: Database) -> None:
    with database.write() as session:
        meta.put(session, "demo", "1")
        away(session, 1)
        good = customer(session, 2)
        visit(session, good, NOON - 40 * DAY)
        visit(session, good, NOON - 3 * DAY)
        segment(session, good, "active", "vip")
        fresh = customer(session, 3, registered_at=NOON - timedelta(hours=2))
        visit(session, fresh, NOON - timedelta(hours=1))
        quiet = customer(session, 4)
        visit(session, quiet, NOON - 40 * DAY)
        visit(session, quiet, NOON - 3 * DAY)
        segment(session, quiet, "active", "regular")
    report = plan_round(database)
    assert sorted(ledger(database)) == [
        ("vip", "month:2026-06", "queued", None),
        ("welcome", "first_fillup", "queued", None),
        ("win_back", "dormant:2026-04-16", "queued", None),
    ]
    assert report.added == 3
    assert [each["due"] for each in report.campaigns()] == [1, 1, 1]
    assert_all_accounted_for(database, 3)


def test_a_message_knows_its_person(database: Database) -> None:
    with database.write() as session:
        north = station(session)
        away(session, 1, home_station_id=north.id, name="  李雷 ")
    plan_round(database)
    with database.read() as session:
        facts = session.scalars(select(Outbound.facts)).one()
    assert facts["name"] == "李雷"
    assert (facts["station"], facts["fuel"], facts["days_away"]) == ("North Gate", "95", 60)
    assert facts["away"] == {"unit": "months", "n": 2}
    assert facts["offer"] == {"value": 1500, "currency": "CNY", "days": 30, "again_after_days": 30}


def test_a_second_round_adds_nothing(database: Database) -> None:
    with database.write() as session:
        away(session, 1)
        away(session, 2, marketing_consent=False)
        away(session, 3, chat_id=None)
    first, second = plan_round(database), plan_round(database, NOON + timedelta(minutes=1))
    assert (first.added, second.added, second.changed) == (3, 0, 0)
    assert first.counts == second.counts
    assert_all_accounted_for(database, 3)


def test_each_skip_has_its_reason(database: Database) -> None:
    with database.write() as session:
        away(session, 1, marketing_consent=False)
        away(session, 2, reachable=False)
        away(session, 3, chat_id=None)
        good = customer(session, 4)
        visit(session, good, NOON - 40 * DAY)
        visit(session, good, NOON - 3 * DAY)
        segment(session, good, "active", "vip")
        unsure = customer(session, 5, registered_at=NOON - DAY)
        visit(session, unsure, NOON - timedelta(hours=1), source="driver", confirmed=False)
    plan_round(database)
    assert [(state, why) for _, _, state, why in ledger(database)] == [
        ("skipped", "no_consent"),
        ("skipped", "unreachable"),
        ("skipped", "not_in_chat"),
        ("skipped", "nothing_to_say"),
        ("skipped", "not_confirmed"),
    ]


def test_a_chain_that_trusts_its_drivers_welcomes_at_once(database: Database) -> None:
    with database.write() as session:
        driver = customer(session, 1, registered_at=NOON - DAY)
        visit(session, driver, NOON - timedelta(hours=1), source="driver", confirmed=False)
    plan_round(database, trust_self_reported=True)
    assert ledger(database) == [("welcome", "first_fillup", "queued", None)]


def _active(database: Database, _now: datetime) -> None:
    """A segmentation that has seen the visit."""
    with database.write() as session:
        session.execute(update(CustomerSegment).values(lifecycle="reactivated", last_visit=NOON.date()))


def test_who_came_back_before_the_round_is_skipped_and_the_ledger_says_why(database: Database) -> None:
    with database.write() as session:
        visit(session, away(session, 1), NOON - timedelta(minutes=5))
    plan_round(database, refresh=_active)
    assert ledger(database) == [("win_back", "dormant:2026-04-16", "skipped", "visited")]
    with database.read() as session:
        assert [line.reason for line in status.lines(session, number="M1")] == ["visited"]


def test_who_comes_back_while_the_message_waits_does_not_get_it(database: Database) -> None:
    with database.write() as session:
        who = away(session, 1)
    plan_round(database)
    with database.write() as session:
        visit(session, who, NOON + timedelta(minutes=5))
    plan_round(database, NOON + timedelta(minutes=10), refresh=_active)
    assert ledger(database) == [("win_back", "dormant:2026-04-16", "skipped", "visited")]


def test_consent_withdrawn_while_the_message_waits_and_given_again(database: Database) -> None:
    with database.write() as session:
        away(session, 1)
    plan_round(database)
    with database.write() as session:
        session.execute(update(Customer).values(marketing_consent=False))
    plan_round(database)
    assert ledger(database) == [("win_back", "dormant:2026-04-16", "skipped", "no_consent")]
    with database.write() as session:
        session.execute(update(Customer).values(marketing_consent=True))
    plan_round(database)
    assert ledger(database) == [("win_back", "dormant:2026-04-16", "queued", None)]


def test_an_undone_first_fillup_takes_its_welcome_along(database: Database) -> None:
    with database.write() as session:
        visit(session, customer(session, 1, registered_at=NOON - DAY), NOON - timedelta(hours=1))
    plan_round(database)
    with database.write() as session:
        session.execute(update(Fillup).values(voided_at=NOON))
    plan_round(database)
    assert ledger(database) == [("welcome", "first_fillup", "skipped", "no_longer")]


def test_the_next_stage_follows_the_one_that_was_sent(database: Database) -> None:
    with database.write() as session:
        who = away(session, 1, days=20, lifecycle="lapsing")
    plan_round(database)
    later = NOON + 30 * DAY
    with database.write() as session:
        session.execute(update(Outbound).values(state="sent", claimed_at=NOON, claimed_by="me"))
        session.execute(
            update(CustomerSegment)
            .where(CustomerSegment.customer_id == who.id)
            .values(lifecycle="dormant", as_of=later.date())
        )
    plan_round(database, later)
    assert ledger(database) == [
        ("win_back", "lapsing:2026-05-26", "sent", None),
        ("win_back", "dormant:2026-05-26", "queued", None),
    ]


def test_what_was_sent_to_a_merged_customer_is_not_said_again(database: Database) -> None:
    with database.write() as session:
        who = away(session, 1)
        twin = customer(session, 2)
    plan_round(database)
    with database.write() as session:
        session.execute(
            update(Outbound).values(customer_id=twin.id, state="sent", claimed_at=NOON - DAY, claimed_by="me")
        )
        session.execute(update(Customer).where(Customer.id == twin.id).values(merged_into=who.id))
    report = plan_round(database)
    assert len(ledger(database)) == 1
    assert [each["reasons"] for each in report.campaigns()] == [{"already_sent": 1}]


def test_a_new_vip_is_told(database: Database) -> None:
    with database.write() as session:
        good = customer(session, 1)
        visit(session, good, NOON - 40 * DAY)
        visit(session, good, NOON - 3 * DAY)
        segment(session, good, "active", "vip")
        became_vip(session, good)
    plan_round(database)
    assert ("vip", "became:2026-06-14", "queued", None) in ledger(database)


def test_a_deferred_row_goes_when_its_time_comes_and_speaks_of_that_day(database: Database) -> None:
    evening = NOON.replace(hour=14)
    with database.write() as session:
        away(session, 1)
    plan_round(database, evening)
    assert ledger(database) == [("win_back", "dormant:2026-04-16", "queued", "quiet_hours")]
    plan_round(database, evening + timedelta(hours=12))
    assert ledger(database) == [("win_back", "dormant:2026-04-16", "queued", None)]
    with database.read() as session:
        row = session.scalars(select(Outbound)).one()
        assert row.facts["days_away"] == 61
        assert row.expires_at == evening + DAY


def test_quiet_hours_are_those_of_the_person(database: Database) -> None:
    with database.write() as session:
        away(session, 1, timezone="America/New_York")  # midnight there
        away(session, 2, timezone="No/Such_Zone")
    plan_round(database)
    assert [why for *_, why in ledger(database)] == ["quiet_hours", None]


def test_a_dry_run_changes_nothing(database: Database) -> None:
    with database.write() as session:
        away(session, 1)
    report = plan_round(database, dry_run=True)
    assert report.added == 1
    assert ledger(database) == []


def test_one_campaign_alone_leaves_the_others(database: Database) -> None:
    with database.write() as session:
        away(session, 1)
        visit(session, customer(session, 2, registered_at=NOON - DAY), NOON - timedelta(hours=1))
    plan_round(database)
    plan_round(database, campaigns=campaigns.shipped().only("welcome"))
    assert {state for _, _, state, _ in ledger(database)} == {"queued"}
    assert_all_accounted_for(database, 2)


def test_the_tallies_are_the_ledger(database: Database) -> None:
    with database.write() as session:
        away(session, 1)
        away(session, 2, marketing_consent=False)
    plan_round(database)
    with database.read() as session:
        tally = status.tallies(session)["win_back"]
        lines = status.lines(session)
    assert tally.facts() == {
        "due": 2,
        "states": {"queued": 1, "skipped": 1},
        "reasons": {"no_consent": 1},
    }
    assert {(line.customer, line.state) for line in lines} == {("M1", "queued"), ("M2", "skipped")}


def test_people_in_chat_are_listed_before_those_of_the_till(database: Database) -> None:
    with database.write() as session:
        away(session, 1, marketing_consent=False)
        away(session, 2, chat_id=None)
        away(session, 3)
    plan_round(database)
    with database.read() as session:
        reasons = [line.reason for line in status.lines(session)]
    assert reasons[-1] == "not_in_chat"
    assert set(reasons[:-1]) == {"no_consent", None}


def _several(session: Session) -> None:
    for number in range(1, 7):
        away(session, number, marketing_consent=number % 3 > 0)
    fresh = customer(session, 7, registered_at=NOON - timedelta(hours=2))
    visit(session, fresh, NOON - timedelta(hours=1))
    visit(session, away(session, 8), NOON - timedelta(minutes=5))


@pytest.mark.parametrize("at_once", [1, 2, 50_000])
def test_people_are_planned_in_parts_as_they_would_be_together(
    database: Database, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(candidates, "AT_ONCE", at_once)
    monkeypatch.setattr(people, "SOME", at_once)
    monkeypatch.setattr(round_, "AT_ONCE", at_once)
    with database.write() as session:
        _several(session)
    first, second = plan_round(database), plan_round(database, NOON + timedelta(minutes=1))
    assert sorted(ledger(database)) == [
        ("welcome", "first_fillup", "queued", None),
        *[("win_back", "dormant:2026-04-16", "queued", None)] * 4,
        *[("win_back", "dormant:2026-04-16", "skipped", "no_consent")] * 2,
        ("win_back", "dormant:2026-04-16", "skipped", "visited"),
    ]
    assert (first.people, first.added, second.added, second.changed) == (8, 7, 0, 0)
    assert_all_accounted_for(database, 8)


def test_nobody_waits_for_the_writer_while_a_round_plans(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan_and_write(*arguments: Any) -> Any:
        with database.write() as session:  # on SQLite this waits for whoever holds the one writer
            meta.put(session, "written", "1")
        return plan_person(*arguments)

    monkeypatch.setattr(round_, "plan_person", plan_and_write)
    with database.write() as session:
        _several(session)
    assert plan_round(database, refresh=_active).people
    with database.read() as session:
        assert meta.get(session, "written") == "1"


def test_a_taxi_driver_reads_words_of_their_own_and_anybody_else_the_common_ones(database: Database) -> None:
    with database.write() as session:
        for number, persona in enumerate(("taxi", "heavy", "eco", None), start=1):
            who = away(session, number, lifecycle="lapsing")
            row = session.get_one(CustomerSegment, who.id)
            row.persona = persona
    plan_round(database)
    with database.read() as session:
        found = session.scalars(select(Outbound.template).order_by(Outbound.customer_id)).all()
    plain = "outreach/win_back_lapsing"
    assert found == [f"{plain}_taxi", f"{plain}_heavy", plain, plain]
