"""Reading segments: now, before a run, on a day, and one customer's own history."""

from __future__ import annotations

from datetime import date, timedelta

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
            session.add(
                CustomerSegment(customer_id=key, as_of=SECOND, lifecycle="active", segment=name, why={})
            )
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
        assert segments.counts_before_run(session, 2) == {"regular": 1, "vip": 1}
        assert segments.counts_before_run(session, 2, Customer.id == 1) == {"regular": 1}
        assert segments.counts_before_run(session, 1) == {}
        assert segments.counts_on(session, FIRST) == {"regular": 1, "vip": 1}
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
