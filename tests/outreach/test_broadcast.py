"""Broadcasts: planned like every campaign, halted by the claim itself, and always adding up."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from crm import broadcasts, copies, erasure, identity, registration
from crm.broadcasts import Broadcast
from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from outreach import broadcast as plans
from outreach import outbox
from outreach.message import Words
from outreach.round import row_of
from outreach.running import advance
from outreach.samples import CODE, samples
from templates import label, render
from tests.conftest import NOON
from tests.outreach.broadcasts import (
    LIMITS,
    TERMS,
    approved,
    claim,
    counted,
    draft,
    settle,
    stands,
    started,
)
from tests.outreach.people import DAY, away, customer, queued, station

WORDS = Words(render, label, "zh")
PHONE = "+8613800130002"


def test_the_preview_counts_every_reason_and_the_start_decides_the_same(database: Database) -> None:
    with database.write() as session:
        for number in range(1, 6):
            customer(session, number)
        customer(session, 6, marketing_consent=False)
        customer(session, 7, reachable=False)
        customer(session, 8, chat_id=None)
        queued(session, customer(session, 9), 9, state="sent", claimed_at=NOON - DAY)
        customer(session, 10, timezone="America/New_York")  # midnight there
        away(session, 11)  # a win-back of their own goes first
        made = approved(session, offer_value=500, offer_days=7)
        found = plans.preview(session, made, TERMS, NOON).facts()
        people = found["people"]
    assert people == 11 == found["sent"] + sum(found["skipped"].values())
    assert found["skipped"] == {
        "no_consent": 1, "unreachable": 1, "not_in_chat": 1, "another_campaign_first": 1, "capped": 1,
    }  # fmt: skip
    assert found["waits"] == {"quiet_hours": 1}
    assert found["until"] == (NOON + timedelta(hours=9)).isoformat()
    assert found["cost"] == 6 * 500
    advance(database, TERMS, LIMITS, NOON)
    with database.read() as session:
        rows = session.execute(select(Outbound.state, Outbound.reason).where(Outbound.campaign == "b1"))
        ledger = Counter(tuple(row) for row in rows)
    assert ledger["queued", None] == 5
    assert ledger["queued", "quiet_hours"] == 1
    assert {reason: count for (state, reason), count in ledger.items() if state == "skipped"} == found[
        "skipped"
    ]


def test_what_the_sample_says_is_what_is_sent(database: Database) -> None:
    with database.write() as session:
        customer(session, 1, name="A" * 40, locale="en")
        customer(session, 2, name="", locale="en")
        made = approved(session, offer_value=1000, offer_days=7)
        shown = {
            each.person.customer_id: each.in_("en", WORDS) for each in samples(session, made, TERMS, NOON)
        }
    assert len(shown) == 2
    advance(database, TERMS, LIMITS, NOON)
    for row in claim(database):
        drawn_later = row.facts["coupon"] | {"code": CODE}
        assert row.facts["coupon"]["code"] in WORDS.of(row)[0]
        assert shown[row.customer_id] == WORDS.of(replace(row, facts=row.facts | {"coupon": drawn_later}))


def test_words_edited_while_it_runs_change_nothing(database: Database) -> None:
    started(database, 2)
    with database.write() as session:
        copies.save(
            session, campaign="b1", situation="broadcast", locale="en", body="other", by="b", now=NOON
        )
    assert all("wash day" in WORDS.of(row)[0] for row in claim(database))


def test_whoever_reads_a_language_without_words_gets_those_there_are(database: Database) -> None:
    with database.write() as session:
        customer(session, 1, locale="zh")
        approved(session)
    advance(database, TERMS, LIMITS, NOON)
    assert "wash day" in WORDS.of(claim(database)[0])[0]


def test_a_budget_ends_the_coupons(database: Database) -> None:
    number = started(database, 5, offer_value=1000, offer_days=3, budget=2500)
    assert counted(database, number)["skipped"] == {"over_budget": 3}
    assert len(claim(database)) == 2


def test_pause_resume_and_stop_hold_at_the_claim(database: Database) -> None:
    number = started(database)
    with database.write() as session:
        assert broadcasts.pause(session, number)
        assert not broadcasts.pause(session, number)
    assert claim(database) == []
    with database.write() as session:
        assert broadcasts.resume(session, number)
    assert len(claim(database, limit=2)) == 2
    with database.write() as session:
        assert broadcasts.stop(session, number, now=NOON)
        assert not broadcasts.resume(session, number)
    assert claim(database) == []
    advance(database, TERMS, LIMITS, NOON)
    found = counted(database, number)
    assert found["states"] == {"sending": 2, "skipped": 3}
    assert found["skipped"] == {"stopped": 3}


def test_a_row_put_back_into_a_stopped_broadcast_ends_too(database: Database) -> None:
    number = started(database, 1)
    (row,) = claim(database)
    with database.write() as session:
        broadcasts.stop(session, number, now=NOON)
        settle(session, row.id, row.customer_id, "queued")
    advance(database, TERMS, LIMITS, NOON)
    assert counted(database, number)["skipped"] == {"stopped": 1}


def test_it_is_done_when_nobody_waits(database: Database) -> None:
    number = started(database, 1)
    (row,) = claim(database)
    advance(database, TERMS, LIMITS, NOON)
    assert stands(database, number)[0] == "running"
    with database.write() as session:
        settle(session, row.id, row.customer_id, "sent")
    advance(database, TERMS, LIMITS, NOON)
    assert stands(database, number) == ("done", None)


def test_a_start_that_was_cut_off_goes_on_without_doubling(database: Database) -> None:
    with database.write() as session:
        for number in range(1, 4):
            customer(session, number)
        made = approved(session)
        plan = plans.plan_of(session, made, TERMS, NOON)
        (known, decision), *_ = plan.people(session, [1])
        outbox.enqueue(session, [row_of(plan.round, known[0], decision)])
    assert claim(database) == [], "nothing leaves before everyone is decided"
    advance(database, TERMS, LIMITS, NOON)
    assert len(claim(database)) == 3


def test_the_hour_and_what_comes_too_late(database: Database) -> None:
    with database.write() as session:
        customer(session, 1)
        soon = approved(session, send_at=NOON + timedelta(hours=1), lasts_hours=6)
    assert advance(database, TERMS, LIMITS, NOON) == []
    assert advance(database, TERMS, LIMITS, NOON + timedelta(hours=8)) == []
    assert stands(database, soon.id) == ("stopped", "late")


def test_whoever_changes_between_plan_and_send(database: Database) -> None:
    number = started(database, 5)
    with database.write() as session:
        session.execute(update(Customer).where(Customer.id == 2).values(phone=PHONE))
        keep, gone = (session.get_one(Customer, each) for each in (2, 1))
        identity.join(session, keep, gone, NOON)
        registration.register(  # with the same number, from another account of Telegram
            session, chat_id=9002, phone=PHONE, name="", locale="zh", origin=registration.Origin(), now=NOON
        )
        session.execute(update(Customer).where(Customer.id == 3).values(reachable=False))
        session.execute(update(Customer).where(Customer.id == 4).values(marketing_consent=False))
        erasure.erase(session, session.get_one(Customer, 5), by=0, now=NOON)
    (row,) = claim(database)
    assert (row.customer_id, row.chat_id) == (2, 9002)
    with database.write() as session:
        outbox.sweep(session, now=NOON)
    found = counted(database, number)
    assert found["people"] == 5
    assert found["skipped"] == {"merged": 1, "unreachable": 1, "no_consent": 1, "erased": 1}


def test_whom_the_night_caught_goes_the_next_morning(database: Database) -> None:
    number = started(database, 1, lasts_hours=72)
    night, morning = NOON + timedelta(hours=10), NOON + timedelta(hours=22)
    assert claim(database, now=night) == []
    advance(database, TERMS, LIMITS, night)
    assert claim(database, now=night) == []
    assert counted(database, number, night)["later"] == 1
    assert len(claim(database, now=morning)) == 1


def test_a_holdout_of_a_large_audience(database: Database) -> None:
    few = replace(TERMS.campaigns.contact, holdout_from=20)
    terms = replace(TERMS, campaigns=replace(TERMS.campaigns, contact=few))
    with database.write() as session:
        for number in range(1, 121):
            customer(session, number)
        made = approved(session, size=200)
    advance(database, terms, LIMITS, NOON)
    held = counted(database, made.id)["skipped"]["holdout"]
    assert 0 < held < 40
    with database.read() as session:
        arms = Counter(session.scalars(select(Outbound.arm)))
    assert arms == {"treated": 120 - held, "holdout": held}


def test_the_scope_is_the_drafters(database: Database) -> None:
    with database.write() as session:
        north = station(session, "North")
        customer(session, 1, home_station_id=north.id)
        customer(session, 2)
        made = draft(session)
        session.execute(update(Broadcast).values(stations=[north.id]))
        session.refresh(made)
        assert plans.preview(session, made, TERMS, NOON).people == 1


STEPS = st.lists(
    st.tuples(st.sampled_from(["claim", "settle", "pause", "resume", "stop", "leave", "sweep", "tick"]),
              st.integers(0, 7)),
    max_size=14,
)  # fmt: skip


@given(STEPS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_the_audience_is_the_sum_of_the_states_whatever_happens(
    database: Database, steps: list[tuple[str, int]]
) -> None:
    with database.write() as session:
        for table in ("outbox", "broadcast_looks", "broadcasts", "copies", "customers", "staff"):
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
        for number in range(1, 9):
            customer(session, number, marketing_consent=number != 8)
        made = approved(session)
        campaign, number = made.campaign or "", made.id
    advance(database, TERMS, LIMITS, NOON)
    for what, which in steps:
        _step(database, number, what, which)
        found = counted(database, number)
        assert found["people"] == 8 == sum(found["states"].values())
        with database.read() as session:
            mine = select(Outbound.customer_id).where(Outbound.campaign == campaign)
            assert len(set(session.scalars(mine))) == 8


def _step(database: Database, number: int, what: str, which: int) -> None:
    if what == "claim":
        claim(database, limit=which)
    elif what == "tick":
        advance(database, TERMS, LIMITS, NOON)
    else:
        with database.write() as session:
            sending = session.scalars(select(Outbound).where(Outbound.state == "sending")).all()
            if what == "settle" and sending:
                ends = ("sent", "failed", "blocked", "unknown")
                settle(session, sending[0].id, sending[0].customer_id, ends[which % 4])
            elif what == "leave":
                session.execute(update(Customer).values(reachable=Customer.id % 8 != which))
            elif what == "sweep":
                outbox.sweep(session, now=NOON)
            elif what == "pause":
                broadcasts.pause(session, number)
            elif what == "resume":
                broadcasts.resume(session, number)
            elif what == "stop":
                broadcasts.stop(session, number, now=NOON)
