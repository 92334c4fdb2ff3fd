"""The packed numbers that people are explained by: the latest count, and few packs of a range are kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

from crm.db import Database
from crm.segments import CustomerSegment, SegmentPack
from segmentation import told_packs
from segmentation.explain import NAMES, explain
from segmentation.refresh import Run, refresh
from segmentation.told import told
from tests.segmentation.logs import NOW, TODAY, Line, ago, fill
from tests.segmentation.test_refresh import town

pytestmark = pytest.mark.slow


def nights(database: Database, count: int) -> Run:
    for days in reversed(range(count)):
        done = refresh(database, as_of=TODAY - timedelta(days=days), now=NOW)
    return done


def kept(database: Database) -> dict[int, dict[str, object] | None]:
    with database.read() as session:
        keys = session.scalars(select(CustomerSegment.customer_id)).all()
        return {key: told_packs.of(session, key) for key in keys}


def packs(database: Database) -> dict[int, int]:
    count = select(SegmentPack.part, func.count()).group_by(SegmentPack.part)
    with database.read() as session:
        return dict(session.execute(count).all())


def test_packs_made_one_say_the_same(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_packs, "PART", 16)
    fill(database, [*town(), Line(7, ago(3), 9_000, currency="USD"), Line(7, ago(0), 500, currency="USD")])
    monkeypatch.setattr(told_packs, "MOST", 100)
    nights(database, 8)
    many, separate = packs(database), kept(database)
    assert max(many.values()) > 2
    with database.write() as session:
        for part in many:
            told_packs._merge(session, part)
    assert packs(database) == dict.fromkeys(many, 1)
    assert kept(database) == separate
    assert None not in separate.values()
    assert any(row and row["beside"] for row in separate.values())


def test_what_is_kept_is_what_the_run_found(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_packs, "PART", 16)
    monkeypatch.setattr(told_packs, "MOST", 2)
    fill(database, town())
    done = nights(database, 12)
    assert max(packs(database).values()) <= 4
    frame = done.outcome.frame
    fresh = dict(zip(frame.index.tolist(), explain(done.outcome), strict=True))
    with database.read() as session:
        for row in session.scalars(select(CustomerSegment).where(CustomerSegment.as_of == TODAY)):
            assert told(session, row) == fresh[row.customer_id]
            numbers = told_packs.of(session, row.customer_id)
            assert numbers is not None
            now = frame.loc[row.customer_id]
            assert {name: numbers[name] for name in NAMES if name in numbers} == {
                name: now[name] for name in NAMES if name in numbers
            }


def test_who_has_no_row_leaves_when_packs_are_made_one(database: Database) -> None:
    fill(database, town())
    nights(database, 2)
    with database.write() as session:
        session.execute(delete(CustomerSegment).where(CustomerSegment.customer_id == 5))
        told_packs._merge(session, 0)
        assert told_packs.of(session, 5) is None
        assert told_packs.of(session, 6) is not None
        session.execute(delete(CustomerSegment))
        told_packs._merge(session, 0)
    assert packs(database) == {}


def test_numbers_of_another_version_are_not_explained(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, town())
    nights(database, 1)
    monkeypatch.setattr(told_packs, "KEPT", told_packs.KEPT[1:])
    with database.read() as session:
        row = session.scalars(select(CustomerSegment)).first()
        assert row is not None
        assert told(session, row) is None
    with database.write() as session:
        session.execute(update(CustomerSegment).values(face=0))  # as another list of numbers makes every face
    nights(database, 1)
    assert None not in kept(database).values()
    with database.write() as session:
        told_packs._merge(session, 0)
    assert None not in kept(database).values()
