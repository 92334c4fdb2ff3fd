"""What a run writes: only those whom something other than the day changed; and what is read says today."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.segments import CustomerSegment, DimensionChange, SegmentChange
from segmentation.explain import explain
from segmentation.refresh import refresh
from tests.segmentation.logs import NOW, TODAY, Line, ago, fill, regulars, why_of
from tests.segmentation.test_refresh import town

pytestmark = pytest.mark.slow

OTHERS = {"expected"}  # by chance: moved by the coupons of others


def test_a_day_alone_writes_no_row(database: Database) -> None:
    # All of one kind, nobody near an edge: only the day moves.
    lines = [Line(key, ago(100 + days), 20_000) for key in range(1, 31) for days in (0, 20, 40)]
    fill(database, lines)
    yesterday = TODAY - timedelta(days=1)
    refresh(database, as_of=yesterday, now=NOW)
    done = refresh(database, as_of=TODAY, now=NOW)
    with database.read() as session:
        assert set(session.scalars(select(CustomerSegment.as_of))) == {yesterday}
        row = session.scalars(select(CustomerSegment)).first()
        assert row is not None
        assert row.recency_on(TODAY) == done.outcome.frame["recency_days"].iloc[0] == 100
        assert why_of(session, row)["rfm"]["recency_days"] == 100


def test_what_is_read_says_what_the_last_run_found(database: Database) -> None:
    fill(database, town())
    for ago_days in (40, 39, 38, 20, 19, 1, 0):
        done = refresh(database, as_of=TODAY - timedelta(days=ago_days), now=NOW)
    fresh = dict(zip(done.outcome.frame.index.tolist(), explain(done.outcome), strict=True))
    older = 0
    with database.read() as session:
        for row in session.scalars(select(CustomerSegment)):
            older += row.as_of < TODAY
            said, meant = why_of(session, row), fresh[row.customer_id]
            for part, facts in meant.items():
                if isinstance(facts, dict):
                    assert {k: v for k, v in said[part].items() if k not in OTHERS} == {
                        k: v for k, v in facts.items() if k not in OTHERS
                    }, (row.customer_id, part)
    assert older > 0


def test_a_row_that_somebody_else_wrote_is_put_right(database: Database) -> None:
    fill(database, regulars(3))
    refresh(database, as_of=TODAY, now=NOW)
    with database.write() as session:
        session.execute(update(CustomerSegment).values(segment="vip", face=0))
    refresh(database, as_of=TODAY, now=NOW)
    with database.read() as session:
        assert "vip" not in session.scalars(select(CustomerSegment.segment)).all()


def test_rows_are_as_they_would_be_written_anew(database: Database) -> None:
    """Also those of whom only some columns are written."""
    fill(database, town())
    for ago_days in (60, 40, 20, 3, 1, 0):
        done = refresh(database, as_of=TODAY - timedelta(days=ago_days), now=NOW)
    frame = done.outcome.frame
    right = list(zip(frame.index, frame["segment"], frame["home_station"], frame["lifecycle"], strict=True))
    with database.read() as session:
        rows = session.scalars(select(CustomerSegment).order_by(CustomerSegment.customer_id))
        kept = [(row.customer_id, row.segment, row.home_station_id or 0, row.lifecycle) for row in rows]
        assert "home_station" in set(session.scalars(select(DimensionChange.dimension)))
        assert session.scalar(select(func.count()).where(SegmentChange.before != SegmentChange.after))
    assert kept == right


@pytest.mark.parametrize("leaving", [{1}, {3}, {5}, {1, 2, 3}, {1, 2, 3, 4, 5}])
def test_who_is_erased_loses_the_row(
    database: Database, leaving: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first range that is compared at once, between two, or after the last; and everyone."""
    monkeypatch.setattr("segmentation.segments.PART", 2)
    fill(database, regulars(5))
    refresh(database, as_of=TODAY, now=NOW)
    with database.write() as session:
        session.execute(update(Customer).where(Customer.id.in_(leaving)).values(erased_at=NOW))
        session.execute(update(Fillup).where(Fillup.customer_id.in_(leaving)).values(customer_id=None))
    refresh(database, as_of=TODAY, now=NOW)
    with database.read() as session:
        assert set(session.scalars(select(CustomerSegment.customer_id))) == {1, 2, 3, 4, 5} - leaving


def test_a_customer_joined_into_another_loses_the_row(database: Database) -> None:
    fill(database, regulars(3))
    refresh(database, as_of=TODAY, now=NOW)
    with database.write() as session:
        session.execute(update(Customer).where(Customer.id == 2).values(merged_into=1, merged_at=NOW))
    refresh(database, as_of=TODAY, now=NOW)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(CustomerSegment)) == 2
