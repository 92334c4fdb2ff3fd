"""Everyone who was ever due stands in exactly one state: random people, random days, random ends."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from crm import erasure
from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from outreach import campaigns, outbox, settling
from outreach.plan import GONE_OUT_OR_OVER
from outreach.round import Report
from outreach.settling import Ended
from tests.conftest import NOON
from tests.outreach.people import (
    DAY,
    assert_all_accounted_for,
    became_vip,
    customer,
    plan_round,
    segment,
    states,
    visit,
)

pytestmark = pytest.mark.slow

CAPS = campaigns.shipped().contact.caps
EMPTIED = (
    *("answers", "button_taps", "coupons", "outbox", "segment_changes", "segment_runs", "customer_segments"),
    *("fillups", "consents", "audit", "erased", "log_changes", "vehicles", "customers"),
)
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "lifecycle": st.sampled_from(["prospect", "new", "active", "lapsing", "dormant", "churned"]),
            "vip": st.booleans(),
            "days": st.integers(0, 300),
            "in_chat": st.booleans(),
            "marketing_consent": st.booleans(),
            "reachable": st.booleans(),
            "confirmed": st.booleans(),
            "birthday": st.sampled_from([None, "06-15", "02-29"]),
            "timezone": st.sampled_from([None, "America/New_York"]),
        }
    ),
    max_size=10,
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["round", "claim", "settle", "sweep", "opt_out", "erase", "visit", "back"]),
        st.integers(0, 9),
    ),
    max_size=10,
)


def live(database: Database, people: list[dict[str, Any]]) -> None:
    with database.write() as session:
        for table in EMPTIED:
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
        for number, each in enumerate(people, 1):
            given = {name: each[name] for name in ("marketing_consent", "reachable", "birthday", "timezone")}
            since = NOON - (each["days"] + 9) * DAY
            chat = {"chat_id": 1000 + number if each["in_chat"] else None, "registered_at": since}
            who = customer(session, number, **given, **chat)
            if each["lifecycle"] != "prospect":
                visit(session, who, NOON - each["days"] * DAY, confirmed=each["confirmed"])
            segment(session, who, each["lifecycle"], "vip" if each["vip"] else None)
            if each["vip"]:
                became_vip(session, who)


def step(database: Database, what: str, which: int, now: datetime) -> None:
    if what == "round":
        agrees(plan_round(database, now))
        return
    with database.write() as session:
        who = session.scalars(select(Customer).order_by(Customer.id).offset(which).limit(1)).first()
        sending = session.scalars(select(Outbound).where(Outbound.state == "sending")).first()
        if what == "claim":
            outbox.claim(session, owner="a", limit=which, caps=CAPS, now=now)
        elif what == "settle" and sending is not None:
            state = ("sent", "failed", "blocked", "unknown", "queued")[which % 5]
            ended = Ended(sending.id, sending.customer_id, state, not_before=now)
            settling.settle(session, [ended], owner="a", now=now)
        elif what == "sweep":
            outbox.sweep(session, now=now)
        elif what == "opt_out" and who is not None:
            session.execute(update(Customer).where(Customer.id == who.id).values(marketing_consent=False))
        elif what == "erase" and who is not None and who.erased_at is None:
            erasure.erase(session, who, by=0, now=now)
        elif what == "visit" and who is not None and who.erased_at is None:
            visit(session, who, now)


def agrees(report: Report) -> None:
    """What a round reports adds up by itself: everyone due is queued or has one reason."""
    for each in report.campaigns():
        assert each["due"] == sum(each["states"].values())
        assert each["states"].get("skipped", 0) <= sum(each["reasons"].values()) <= each["due"]


@given(PEOPLE, STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_the_states_add_up_to_everyone_who_was_due_whatever_happens(
    database: Database, people: list[dict[str, Any]], steps: list[tuple[str, int]]
) -> None:
    live(database, people)
    now = NOON
    first = plan_round(database, now)
    agrees(first)
    audience = sum(each["due"] for each in first.campaigns())
    assert_all_accounted_for(database, audience)
    over: Counter[int] = Counter()
    for what, which in steps:
        now += -DAY / 24 if what == "back" else DAY / 8
        step(database, what, which, now)
        with database.read() as session:
            rows = session.scalars(select(Outbound)).all()
            assert_all_accounted_for(database, len(rows))
            assert len(rows) >= audience
            assert all(row.reason for row in rows if row.state in ("skipped", "expired"))
            ended = {row.id for row in rows if row.state in GONE_OUT_OR_OVER and row.state != "sending"}
        audience, over = len(rows), Counter(ended)
    again = states(database)
    plan_round(database, now)
    with database.read() as session:
        kept = session.scalars(select(Outbound.id).where(Outbound.state.in_(GONE_OUT_OR_OVER))).all()
    assert set(over) <= set(kept)  # what went out or failed is never taken back
    assert states(database).total() >= again.total()
