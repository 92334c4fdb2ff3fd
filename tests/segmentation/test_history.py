"""Every change of every dimension is kept, and nothing else: no row for a day that only passed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from crm import segments
from crm.customers import Customer
from crm.db import Database
from crm.segments import CustomerSegment, DimensionChange, SegmentChange, SegmentRun
from crm.stations import Station
from segmentation import storing
from segmentation.criteria import load
from segmentation.history import PARTS
from segmentation.refresh import refresh
from tests.segmentation.logs import NOW, TODAY, Line, ago, fill, regulars, why_of
from tests.segmentation.test_refresh import town

pytestmark = pytest.mark.slow

STORED = [*PARTS, "r", "f", "m"]


def kept(database: Database) -> dict[int, dict[str, object]]:
    """Customer -> every value of theirs that a change would be of."""
    columns = [getattr(CustomerSegment, name) for name in STORED]
    with database.read() as session:
        rows = session.execute(select(CustomerSegment.customer_id, *columns)).all()
    return {row[0]: dict(zip(STORED, row[1:], strict=True)) for row in rows}


def moves(database: Database, run: int | None) -> list[DimensionChange]:
    with database.read() as session:
        found = list(session.scalars(select(DimensionChange).where(DimensionChange.run_id == run)))
        session.expunge_all()
    return found


def count(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(DimensionChange)) or 0


def test_the_first_run_and_a_second_one_of_the_day_have_no_history(database: Database) -> None:
    fill(database, town())
    refresh(database, as_of=TODAY, now=NOW)
    refresh(database, as_of=TODAY, now=NOW)
    assert count(database) == 0


def test_a_day_that_only_passes_is_no_change(database: Database) -> None:
    fill(database, [Line(key, ago(100 + days), 20_000) for key in range(1, 31) for days in (0, 20, 40)])
    refresh(database, as_of=TODAY - timedelta(days=1), now=NOW)
    refresh(database, as_of=TODAY, now=NOW)
    assert count(database) == 0


def test_exactly_what_moved_is_kept(database: Database) -> None:
    fill(database, town())
    refresh(database, as_of=TODAY - timedelta(days=45), now=NOW)
    before = kept(database)
    done = refresh(database, as_of=TODAY, now=NOW)
    after = kept(database)
    meant = set()
    for key, row in after.items():
        if key in before:
            meant |= {
                (key, "home_station" if name == "home_station_id" else name)
                for name in PARTS
                if row[name] != before[key][name]
            }
            if any(row[name] != before[key][name] for name in "rfm"):
                meant.add((key, "scores"))
    found = moves(database, done.id)
    assert {(row.customer_id, row.dimension) for row in found} == meant
    assert {"lifecycle", "scores"} <= {row.dimension for row in found}
    for move in found:
        assert move.before != move.after
        if move.dimension == "lifecycle":
            assert (move.before, move.after) == (before[move.customer_id]["lifecycle"], move.why["stage"])
            assert move.why["limit_days"] >= 10
        if move.dimension == "scores":
            assert move.after == " ".join(str(move.why[name] or "-") for name in "rfm")


def test_a_home_is_told_by_its_code(database: Database) -> None:
    theirs = [Line(1, ago(day), station=1) for day in (30, 40, 50)]
    new = [Line(1, ago(day), station=2) for day in (1, 2, 3, 4)]
    fill(database, [*regulars(30), *theirs, *new, Line(2, ago(3), station=2)])
    refresh(database, as_of=TODAY - timedelta(days=20), now=NOW)
    done = refresh(database, as_of=TODAY, now=NOW)
    (moved,) = [row for row in moves(database, done.id) if row.dimension == "home_station"]
    with database.read() as session:
        members = dict(session.execute(select(Customer.id, Customer.member)).all())
        codes = set(session.scalars(select(Station.code)))
    assert members[moved.customer_id] == "M00001"
    assert {moved.before, moved.after} == codes
    assert moved.after == moved.why["station"]
    # Customer 2 had not come before: their history begins.
    assert "M00002" not in {members[row.customer_id] for row in moves(database, done.id)}


def test_other_criteria_move_people_and_are_named(database: Database) -> None:
    fill(database, town())
    refresh(database, as_of=TODAY, now=NOW)
    facts = load().model_dump() | {"version": "other"}
    facts["loyalty"] |= {"high": 30, "medium": 10}
    other = type(load()).model_validate(facts)
    done = refresh(database, as_of=TODAY, now=NOW + timedelta(minutes=1), criteria=other)
    found = moves(database, done.id)
    assert {row.dimension for row in found} == {"loyalty"}
    assert {row.why["least"]["high"] for row in found} == {30}
    with database.read() as session:
        latest = segments.history(session, found[0].customer_id)
    assert (latest[0].dimension, latest[0].criteria) == ("loyalty", "other")
    assert latest[-1].dimension == "segment"
    assert latest[-1].before is None


def test_readers_of_the_segment_see_no_other_dimension(database: Database) -> None:
    fill(database, town())
    for back in (60, 30, 0):
        refresh(database, as_of=TODAY - timedelta(days=back), now=NOW)
    names = {rule.name for rule in load().segments}
    with database.read() as session:
        assert set(session.scalars(select(SegmentChange.after))) <= names
        some = session.scalars(select(DimensionChange.customer_id)).first()
        assert some is not None
        told = segments.history(session, some)
    assert [change.as_of for change in told] == sorted((change.as_of for change in told), reverse=True)
    assert {change.criteria for change in told} == {load().version}


def test_a_killed_run_leaves_no_history(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(database, town())
    refresh(database, as_of=TODAY - timedelta(days=45), now=NOW)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("segmentation.storing._record", killed)
    with pytest.raises(KeyboardInterrupt):
        refresh(database, as_of=TODAY, now=NOW)
    assert count(database) == 0


def test_who_is_merged_meanwhile_has_no_new_history(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, town())
    refresh(database, as_of=TODAY - timedelta(days=45), now=NOW)
    from segmentation import storing

    prepare = storing.prepare

    def then_merged(*asked: object) -> storing.Prepared:
        found = prepare(*asked)  # type: ignore[arg-type]
        with database.write() as session:
            session.execute(update(Customer).where(Customer.id > 1).values(merged_into=1))
        return found

    monkeypatch.setattr("segmentation.storing.prepare", then_merged)
    done = refresh(database, as_of=TODAY, now=NOW)
    assert {row.customer_id for row in moves(database, done.id)} <= {1}


def test_runs_with_a_history_are_not_tidied_away(database: Database) -> None:
    fill(database, town())
    for day, minute in ((45, 0), (1, 1), (1, 2), (0, 3)):
        refresh(database, as_of=TODAY - timedelta(days=day), now=NOW + timedelta(minutes=minute))
    with database.write() as session:
        runs = list(session.scalars(select(SegmentRun.id).order_by(SegmentRun.id)))
        told = set(session.scalars(select(DimensionChange.run_id)))
        session.execute(SegmentChange.__table__.delete())  # type: ignore[attr-defined]
        assert runs[1] in told
        assert segments.tidy(session) == 0
        assert runs[1] in set(session.scalars(select(SegmentRun.id)))


def test_old_changes_are_forgotten_by_runs_and_the_segments_stay(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "FORGOTTEN_AT_ONCE", 1)
    fill(database, town())
    for day in (60, 40, 20, 0):
        refresh(database, as_of=TODAY - timedelta(days=day), now=NOW)
    kept = moves(database, 4)
    moved = [len(moves(database, run)) for run in (2, 3)]
    assert all(moved)
    with database.write() as session:
        changes = session.scalar(select(func.count()).select_from(SegmentChange))
        forgotten = [segments.forget_before(session, TODAY) for _ in range(3)]
        assert forgotten == [*moved, 0]
        assert session.scalar(select(func.count()).select_from(SegmentChange)) == changes
    assert len(moves(database, 4)) == len(kept) == count(database) > 0


def test_a_move_is_json_of_its_dimension(database: Database) -> None:
    fill(database, town())
    refresh(database, as_of=TODAY - timedelta(days=45), now=NOW)
    done = refresh(database, as_of=TODAY, now=NOW)
    with database.read() as session:
        whole = {row.customer_id: why_of(session, row) for row in session.scalars(select(CustomerSegment))}
    for row in moves(database, done.id):
        part = PARTS.get("home_station_id" if row.dimension == "home_station" else row.dimension, "rfm")
        assert json.dumps(row.why, sort_keys=True) == json.dumps(whole[row.customer_id][part], sort_keys=True)
