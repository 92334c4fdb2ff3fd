"""The holdout: the same tenth for ever, recorded with the others at one moment, and the sums still add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crm import meta
from crm.db import Database
from crm.outbox import Outbound
from outreach import campaigns, holdout
from outreach.campaigns import CampaignFault, Campaigns, read
from outreach.holdout import Holdout
from tests.conftest import NOON
from tests.outreach.people import DAY, assert_all_accounted_for, away, customer, plan_round, visit

PEOPLE = 80


def shipped(at_least: int = 1, share: float = 0.5) -> Campaigns:
    """The shipped campaigns with a holdout large enough to see."""
    found = campaigns.shipped()
    held = tuple(replace(each, holdout=share if each.holdout else 0.0) for each in found.situations)
    return replace(found, situations=held, contact=replace(found.contact, holdout_from=at_least))


def rows(database: Database) -> list[Any]:
    with database.read() as session:
        columns = (Outbound.customer_id, Outbound.occurrence, Outbound.state, Outbound.reason, Outbound.arm)
        return list(session.execute(select(*columns, Outbound.planned_at).order_by(Outbound.id)))


def test_a_tenth_whatever_the_salt() -> None:
    for salt in ("a", "b", "c"):
        held = sum(Holdout(salt).holds(number, 0.1) for number in range(20_000))
        assert 1_850 <= held <= 2_150
    assert {n for n in range(999) if Holdout("a").holds(n, 0.1)} < {
        n for n in range(999) if Holdout("a").holds(n, 0.2)
    }
    assert not any(Holdout("a").holds(n, 0.0) for n in range(999))


def test_both_arms_are_recorded_at_one_moment(database: Database) -> None:
    with database.write() as session:
        for n in range(PEOPLE):
            away(session, n)
    plan_round(database, campaigns=shipped())
    found = rows(database)
    assert {(row.state, row.reason, row.arm) for row in found} == {
        ("queued", None, "treated"),
        ("skipped", "holdout", "holdout"),
    }
    assert {row.planned_at for row in found} == {NOON}
    plan_round(database, NOON + timedelta(hours=1), campaigns=shipped())
    assert rows(database) == found
    assert_all_accounted_for(database, PEOPLE)


def test_the_salt_is_drawn_once(database: Database) -> None:
    plan_round(database, dry_run=True)
    with database.read() as session:
        assert meta.get(session, holdout.SALT) is None
    salts = set()
    for _ in range(2):
        plan_round(database)
        with database.read() as session:
            salts.add(meta.get(session, holdout.SALT))
    assert len(salts) == 1
    assert len(salts.pop() or "") == 32


def test_the_same_people_in_every_campaign_and_absence(database: Database) -> None:
    with database.write() as session:
        people = [away(session, n, lifecycle="lapsing") for n in range(PEOPLE)]
        ids = [who.id for who in people]
    plan_round(database, campaigns=shipped())
    first = {row.customer_id for row in rows(database) if row.arm == "holdout"}
    with database.write() as session:
        session.connection().exec_driver_sql("UPDATE customer_segments SET lifecycle = 'dormant'")
    plan_round(database, NOON + DAY, campaigns=shipped())
    later = {row.customer_id for row in rows(database) if row.occurrence.startswith("dormant")}
    assert later == set(ids)
    held = {row.customer_id for row in rows(database) if row.arm == "holdout"}
    assert held == first


def test_off_below_the_least_audience(database: Database) -> None:
    with database.write() as session:
        for n in range(PEOPLE):
            away(session, n)
        away(session, PEOPLE, marketing_consent=False)
        away(session, PEOPLE + 1, reachable=False)
    plan_round(database, campaigns=shipped(at_least=PEOPLE + 1))
    assert {row.arm for row in rows(database)} == {None}
    assert "holdout" not in {row.reason for row in rows(database)}


def test_who_waits_already_is_not_held_out_later(database: Database) -> None:
    with database.write() as session:
        for n in range(20):
            away(session, n)
    plan_round(database, campaigns=shipped(at_least=1000))
    plan_round(database, NOON + DAY, campaigns=shipped())
    assert {(row.state, row.arm) for row in rows(database)} == {("queued", None)}


def test_welcomes_are_owed_to_all(database: Database) -> None:
    with database.write() as session:
        for n in range(40):
            visit(session, customer(session, n, registered_at=NOON - DAY), NOON - timedelta(hours=2))
    plan_round(database, campaigns=shipped())
    assert {(row.state, row.arm) for row in rows(database)} == {("queued", None)}


@pytest.mark.parametrize(
    ("name", "before"), [("welcome", 'kind = "marketing"'), ("win_back", 'kind = "service"')]
)
def test_a_holdout_where_none_may_be_is_a_fault(name: str, before: str) -> None:
    text = campaigns.FILE.read_text(encoding="utf-8").replace("holdout_percent = 10", "")
    head = f"[campaigns.{name}]\n"
    broken = text.replace(f'{head}kind = "marketing"', f"{head}{before}\nholdout_percent = 10")
    with pytest.raises(CampaignFault, match="owed to all"):
        read(broken)


def test_who_said_no_and_yes_again_stays_in_the_arm(database: Database) -> None:
    """The moment of eligibility is the first: a row that returns keeps it."""
    with database.write() as session:
        for n in range(PEOPLE):
            away(session, n)
    plan_round(database, campaigns=shipped())
    before = {row.customer_id: (row.arm, row.planned_at) for row in rows(database)}
    for agreed in (False, True):
        with database.write() as session:
            value = "true" if agreed else "false"
            session.connection().exec_driver_sql(f"UPDATE customers SET marketing_consent = {value}")
        plan_round(database, NOON + timedelta(hours=2 + agreed), campaigns=shipped(at_least=0))
    found = rows(database)
    assert {row.customer_id: (row.arm, row.planned_at) for row in found} == before
    assert {row.state for row in found if row.arm == "treated"} == {"queued"}


def test_a_held_series_bars_the_next_like_a_sent_one(database: Database) -> None:
    """Both arms become eligible by the same rule, or the holdout would be eligible more often."""
    with database.write() as session:
        people = [away(session, n) for n in range(40)]
        plan = {who.id: who for who in people}
    plan_round(database, campaigns=shipped())
    with database.write() as session:
        session.connection().exec_driver_sql(
            "UPDATE outbox SET state = 'sent', claimed_at = planned_at WHERE state = 'queued'"
        )
        for who in session.scalars(select(type(people[0])).where(type(people[0]).id.in_(plan))):
            visit(session, who, NOON + DAY)
        session.connection().exec_driver_sql(
            "UPDATE customer_segments SET last_visit = '2026-06-16', as_of = '2026-08-20'"
        )
    plan_round(database, NOON + 66 * DAY, campaigns=shipped())
    second = {row.reason for row in rows(database) if row.occurrence == "dormant:2026-06-16"}
    assert second == {"recent_series"}
