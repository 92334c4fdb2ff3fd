"""Reading segments: now, on a day, and one customer's own history."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from crm import segments
from crm.customers import Customer
from crm.db import Database
from crm.segments import CustomerSegment, SegmentChange, SegmentRun
from tests.conftest import NOON

FIRST, SECOND = date(2026, 5, 31), date(2026, 6, 15)


def told(database: Database) -> None:
    """Three customers, two runs: 1 stays regular, 2 lapses at the second, 3 is new at the second."""
    moves = [
        (1, FIRST, 1, None, "regular"),
        (1, FIRST, 2, None, "vip"),
        (2, SECOND, 2, "vip", "at_risk_vip"),
        (2, SECOND, 3, None, "new"),
    ]
    with database.write() as session:
        session.add_all(Customer(id=key, member=f"M{key}", known_at=NOON) for key in (1, 2, 3))
        for key, day in ((1, FIRST), (2, SECOND)):
            session.add(SegmentRun(id=key, as_of=day, started_at=NOON, criteria="t", cutoffs={}))
        session.flush()
        for key, name in ((1, "regular"), (2, "at_risk_vip"), (3, "new")):
            session.add(CustomerSegment(customer_id=key, as_of=SECOND, lifecycle="active", segment=name))
        for run, day, key, before, after in moves:
            session.add(
                SegmentChange(
                    run_id=run,
                    customer_id=key,
                    as_of=day,
                    at=NOON,
                    before=before,
                    after=after,
                    criteria="t",
                    why={},
                )
            )


def test_counts_now_and_before(database: Database) -> None:
    told(database)
    with database.read() as session:
        assert segments.counts(session) == {"regular": 1, "at_risk_vip": 1, "new": 1}
        assert segments.counts(session, Customer.id < 3) == {"regular": 1, "at_risk_vip": 1}
        assert segments.counts_on(session, FIRST) == {"regular": 1, "vip": 1}
        assert segments.counts_on(session, FIRST, Customer.id == 1) == {"regular": 1}
        assert segments.counts_on(session, FIRST - timedelta(days=1)) == {}
        assert segments.counts_on(session, SECOND) == segments.counts(session)


def test_one_customer(database: Database) -> None:
    told(database)
    with database.read() as session:
        run = segments.last_run(session)
        assert run is not None
        assert run.id == 2
        row = segments.of(session, 2)
        assert row is not None
        assert row.segment == "at_risk_vip"
        assert segments.of(session, 99) is None
        assert [change.after for change in segments.changes(session, 2)] == ["at_risk_vip", "vip"]
        assert len(segments.changes(session, 2, limit=1)) == 1


def test_the_day_before_is_that_of_an_earlier_day_however_many_runs_a_day_has(database: Database) -> None:
    told(database)
    with database.write() as session:
        session.add(SegmentRun(id=3, as_of=SECOND, started_at=NOON, criteria="t", cutoffs={}))
    with database.read() as session:
        first, last = session.get_one(SegmentRun, 1), session.get_one(SegmentRun, 3)
        assert segments.day_before(session, last) == FIRST
        assert segments.day_before(session, first) is None


def test_runs_of_days_gone_by_that_said_nothing_are_forgotten(database: Database) -> None:
    told(database)  # run 1 has changes, and so has run 2
    days = {3: SECOND, 4: SECOND, 5: SECOND + timedelta(days=1), 6: SECOND + timedelta(days=1)}
    with database.write() as session:
        session.add_all(
            SegmentRun(id=number, as_of=day, started_at=NOON, criteria="t", cutoffs={})
            for number, day in days.items()
        )
    with database.write() as session:
        assert segments.tidy(session) == 1
    with database.read() as session:
        assert session.scalars(select(SegmentRun.id).order_by(SegmentRun.id)).all() == [1, 2, 4, 5, 6]
