"""The ledger at work: a claim looks again, two senders never share a row, nothing is lost or doubled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session

from bot.soak.outreach import settle as settle_soak
from crm import outbox as ledger_rows
from crm.coupons import Coupon
from crm.customers import Customer
from crm.db import Database
from crm.outbox import Answer, Outbound
from outreach import campaigns, outbox, settling
from outreach.outbox import Claimed
from outreach.settling import Ended
from sandbox.state import State
from tests.conftest import NOON
from tests.outreach.people import DAY, SHANGHAI, assert_all_accounted_for, customer, queued, states, visit

CAPS = campaigns.shipped().contact.caps
OFFER = {"value": 1500, "currency": "CNY", "days": 30, "again_after_days": 30}


def claim(database: Database, owner: str = "a", limit: int = 100, now: Any = NOON) -> list[Claimed]:
    with database.write() as session:
        return outbox.claim(session, owner=owner, limit=limit, caps=CAPS, now=now)


def settle(session: Session, row: Claimed, state: str, *, owner: str, **more: Any) -> None:
    settling.settle(session, [Ended(row.id, row.customer_id, state, **more)], owner=owner, now=NOON)


def test_a_claimed_row_is_ours_and_gone_for_others(database: Database) -> None:
    with database.write() as session:
        queued(session, customer(session, 1, locale="en"))
    (row,) = claim(database, "a")
    assert (row.chat_id, row.locale, row.campaign) == (1001, "en", "win_back")
    assert claim(database, "b") == []
    assert states(database) == {"sending": 1}


@pytest.mark.parametrize(
    ("person", "row", "reason"),
    [
        ({"marketing_consent": False}, {}, "no_consent"),
        ({"reachable": False}, {}, "unreachable"),
        ({"chat_id": None}, {}, "not_in_chat"),
        ({"service_consent": False}, {"kind": "service"}, "no_consent"),
        ({}, {"expires_at": NOON}, "expired"),
        ({}, {"expires_at": NOON, "reason": "capped"}, "capped"),
    ],
)
def test_the_claim_looks_again_and_the_sweep_says_why(
    database: Database, person: dict[str, Any], row: dict[str, Any], reason: str
) -> None:
    with database.write() as session:
        who = customer(session, 1)
        queued(session, who, **row)
        session.execute(update(Customer).values(**{"member": "M1", **person}))
    assert claim(database) == []
    with database.write() as session:
        assert outbox.sweep(session, now=NOON) == 1
        assert session.scalars(select(Outbound.reason)).one() == reason
    assert_all_accounted_for(database, 1)


@pytest.mark.parametrize(
    "row",
    [
        {"not_before": NOON + timedelta(seconds=1)},
        {"window_end": NOON},
    ],
)
def test_a_row_waits_for_its_time(database: Database, row: dict[str, Any]) -> None:
    with database.write() as session:
        queued(session, customer(session, 1), **row)
    assert claim(database) == []
    with database.write() as session:
        assert outbox.sweep(session, now=NOON) == 0
    assert states(database) == {"queued": 1}


def test_a_visit_takes_the_ground_away(database: Database) -> None:
    with database.write() as session:
        who = customer(session, 1)
        queued(session, who, unless_visit_after=NOON - DAY)
        visit(session, who, NOON - 2 * DAY)
        undone = visit(session, who, NOON - timedelta(hours=3), voided_at=NOON)
    with database.write() as session:
        assert outbox.sweep(session, now=NOON) == 0
        session.execute(update(type(undone)).values(voided_at=None))
    assert claim(database) == []
    with database.write() as session:
        outbox.sweep(session, now=NOON)
        assert session.scalars(select(Outbound.reason)).one() == "visited"


def test_the_caps_hold_at_the_claim(database: Database) -> None:
    with database.write() as session:
        who = customer(session, 1)
        queued(session, who, 1, state="unknown", claimed_at=NOON - 3 * DAY)
        queued(session, who, 2)
        queued(session, who, 3, kind="service")
    assert [row.kind for row in claim(database)] == ["service"]
    with database.write() as session:
        session.execute(update(Outbound).where(Outbound.state == "sending").values(state="sent"))
        queued(session, who, 4, kind="service")
    assert claim(database) == []
    assert len(claim(database, now=NOON + 8 * DAY)) == 1


def test_two_rows_of_one_person_never_leave_together(database: Database) -> None:
    with database.write() as session:
        who = customer(session, 1)
        queued(session, who, 1, priority=3)
        queued(session, who, 2, priority=1)
    (row,) = claim(database)
    assert row.occurrence == "dormant:2"
    assert claim(database) == []


def test_the_important_ones_go_first(database: Database) -> None:
    with database.write() as session:
        for number, priority in enumerate((3, 1, 2), start=1):
            queued(session, customer(session, number), number, priority=priority)
    assert [row.occurrence for row in claim(database, limit=2)] == ["dormant:2", "dormant:3"]


def test_two_senders_take_disjoint_rows(database: Database) -> None:
    with database.write() as session:
        for number in range(1, 121):
            queued(session, customer(session, number), number)
    taken: dict[str, list[int]] = {"a": [], "b": []}
    barrier = threading.Barrier(2)

    def work(owner: str) -> None:
        barrier.wait()
        while rows := claim(database, owner, limit=5):
            taken[owner] += [row.id for row in rows]

    threads = [threading.Thread(target=work, args=(owner,)) for owner in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    both = taken["a"] + taken["b"]
    assert len(both) == len(set(both)) == 120
    assert_all_accounted_for(database, 120)


def test_two_rows_of_one_person_and_two_senders(database: Database) -> None:
    """The caps hold across senders: of one person's two rows, one goes out."""
    with database.write() as session:
        for number in range(1, 41):
            who = customer(session, number)
            queued(session, who, 1)
            queued(session, who, 2)
    barrier = threading.Barrier(2)

    def work(owner: str) -> None:
        barrier.wait()
        while claim(database, owner, limit=3):
            pass

    threads = [threading.Thread(target=work, args=(owner,)) for owner in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states(database) == {"sending": 40, "queued": 40}


def test_a_settled_row_tells_what_became_of_it_and_a_late_truth_counts(database: Database) -> None:
    with database.write() as session:
        queued(session, customer(session, 1))
    (row,) = claim(database, "a")
    with database.write() as session:
        settle(session, row, "sent", owner="b", message_id=1)
    assert states(database) == {"sending": 1}
    with database.write() as session:
        outbox.recover(session, owner="b", flying=(), now=NOON)
        settle(session, row, "sent", owner="a", message_id=7)
        done = session.scalars(select(Outbound)).one()
        assert (done.state, done.message_id, done.reason) == ("sent", 7, None)
        settle(session, row, "queued", owner="a", not_before=NOON)
    assert states(database) == {"sent": 1}


def test_blocked_marks_the_person(database: Database) -> None:
    with database.write() as session:
        queued(session, customer(session, 1))
    (row,) = claim(database)
    with database.write() as session:
        settle(session, row, "blocked", owner="a", error="Forbidden " * 50)
    with database.read() as session:
        assert session.scalars(select(Customer.reachable)).one() is False


def test_what_was_surely_not_sent_goes_back_and_may_go_again(database: Database) -> None:
    with database.write() as session:
        queued(session, customer(session, 1))
    (row,) = claim(database)
    later = NOON + timedelta(seconds=30)
    with database.write() as session:
        settle(session, row, "queued", owner="a", not_before=later)
    assert claim(database) == []
    assert [again.id for again in claim(database, now=later)] == [row.id]


def test_what_a_dead_sender_left_becomes_unknown_and_is_never_claimed(database: Database) -> None:
    with database.write() as session:
        for number in (1, 2):
            queued(session, customer(session, number), number)
    rows = claim(database, "dead")
    with database.write() as session:
        assert outbox.recover(session, owner="me", flying={row.id for row in rows}, now=NOON) == 2
    assert claim(database, "me", now=NOON + DAY) == []
    assert states(database) == {"unknown": 2}


def test_our_own_rows_under_way_are_not_lost_ones(database: Database) -> None:
    with database.write() as session:
        for number in (1, 2):
            queued(session, customer(session, number), number)
    first, _forgotten = claim(database, "me")
    with database.write() as session:
        assert outbox.recover(session, owner="me", flying={first.id}, now=NOON) == 1
    assert states(database) == {"sending": 1, "unknown": 1}


def test_the_coupon_is_issued_with_the_claim_and_once(database: Database) -> None:
    with database.write() as session:
        who = customer(session, 1)
        facts = {"offer": OFFER, "coupon": None, "zone": SHANGHAI}
        queued(session, who, 1, facts=facts)
        queued(session, who, 2, facts=facts, not_before=NOON + 10 * DAY)
    with database.read() as session:
        assert session.scalars(select(Coupon)).all() == []
    (row,) = claim(database)
    code = row.facts["coupon"]["code"]
    assert len(code) == 10
    assert row.facts["coupon"]["until"] == "2026-07-15"
    with database.write() as session:
        kept = session.scalars(select(Outbound.facts).where(Outbound.id == row.id)).one()
        assert kept["coupon"]["code"] == code
        session.execute(update(Outbound).where(Outbound.id == row.id).values(state="sent"))
    (second,) = claim(database, now=NOON + 10 * DAY)
    assert second.facts["coupon"] == row.facts["coupon"]


def test_an_answer_is_kept_from_the_one_who_was_asked(database: Database) -> None:
    with database.write() as session:
        row = queued(session, customer(session, 1))
        customer(session, 2)
        asked: dict[str, Any] = {"outbound_id": row.id, "question": "left", "now": NOON}
        assert ledger_rows.answer(session, chat_id=1001, said="price", **asked)
        assert ledger_rows.answer(session, chat_id=1001, said="moved", **asked)
        assert not ledger_rows.answer(session, chat_id=1002, said="car", **asked)
    with database.read() as session:
        assert session.scalars(select(Answer.answer)).all() == ["moved"]


def test_a_claim_does_not_walk_through_the_queue(database: Database) -> None:
    """However long the queue is, a claim finds its rows by their keys."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by its own statistics")
    seen: list[str] = []
    with database.write() as session:
        queued(session, customer(session, 1))
        event.listen(session.connection(), "before_cursor_execute", lambda *each: seen.append(each[2]))
        outbox.claim(session, owner="a", limit=1, caps=CAPS, now=NOON)
        (claiming,) = [line for line in seen if line.startswith("UPDATE outbox")]
        blank = dict.fromkeys(range(claiming.count("?")), "").values()
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {claiming}", tuple(blank)).all()
    assert "SEARCH outbox USING INTEGER PRIMARY KEY" in plan[0][3]


def test_a_claim_walks_along_a_queue_of_which_nothing_is_known(database: Database) -> None:
    """A queue just filled has no statistics: PostgreSQL would test and sort all of it for each claim."""
    if database.is_sqlite:
        return
    settle_soak(database, State(), 3000)
    now = datetime.now(UTC)
    seen: list[float] = []

    def explained(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> tuple[str, Any]:
        if not statement.startswith("UPDATE outbox"):
            return statement, values
        return f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values

    def rows(node: dict[str, Any]) -> Iterator[float]:
        yield node["Actual Rows"]
        for child in node.get("Plans", ()):
            yield from rows(child)

    with database.read() as session:
        session.connection().execute(text(f"SELECT {outbox.IN_ORDER.format('off')}"))
        event.listen(database.engine, "before_cursor_execute", explained, retval=True)
        try:
            values = {"claimer": "me", "most": 10} | outbox._moments(CAPS, now)
            told: Any = session.connection().execute(outbox._claiming(CAPS, None), values).scalar_one()
            seen.extend(rows(told[0]["Plan"]))
        finally:
            event.remove(database.engine, "before_cursor_execute", explained)
    assert max(seen) <= 20, "ten are claimed; no step looks at all three thousand"
    with database.write() as session:
        assert len(outbox.claim(session, owner="me", limit=10, caps=CAPS, now=now)) == 10
        assert session.scalar(text("SHOW enable_sort")) == "on", "the next statement sorts as it likes"
