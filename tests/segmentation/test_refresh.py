"""The one door: what is stored, what is only looked at, and that order and engine change nothing."""

from __future__ import annotations

import random
import threading
from datetime import date, timedelta

import pandas as pd
import pytest
from sqlalchemy import func, select, update

from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.segments import CustomerSegment, SegmentChange, SegmentPack, SegmentRun
from segmentation import storing
from segmentation.export import cells, csv_bytes
from segmentation.memory import month_ends
from segmentation.refresh import STAGES, Run, refresh
from tests.segmentation.logs import NOW, TODAY, Line, ago, fill, outcome, regulars, why_of

pytestmark = pytest.mark.slow


def town(seed: int = 1, customers: int = 60) -> list[Line]:
    """A small town: everyone with a rhythm and a purse of their own; some drifted away."""
    chance = random.Random(seed)
    lines = []
    for customer in range(1, customers + 1):
        every = chance.choice([3, 7, 14, 30])
        day = float(chance.choice([0, 0, 0, 20, 60, 150, 320]))
        while day < 600:
            receipt = f"R{customer}-{int(day)}"
            station, lines_of_receipt = chance.randint(1, 3), chance.choice([1, 1, 2])
            lines += [
                Line(customer, ago(day), chance.randint(0, 60_000), station, receipt)
                for _ in range(lines_of_receipt)
            ]
            day += every * chance.uniform(0.6, 1.5)
    return lines


def run(database: Database, as_of: date = TODAY, **kwargs: object) -> Run:
    return refresh(database, as_of=as_of, now=NOW, **kwargs)  # type: ignore[arg-type]


def test_a_second_run_changes_nothing(database: Database) -> None:
    fill(database, town())
    first = run(database)
    with database.read() as session:
        packs = session.execute(select(SegmentPack.part, SegmentPack.data, SegmentPack.how)).all()
    second = run(database)
    assert (first.changed, second.changed) == (60, 0)
    assert first.stored
    assert second.stored
    assert sum(first.segments.values()) == first.customers == 60
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SegmentChange)) == 60
        assert session.scalar(select(func.count()).select_from(SegmentRun)) == 2
        assert session.execute(select(SegmentPack.part, SegmentPack.data, SegmentPack.how)).all() == packs


def test_the_stored_row_says_what_the_export_says(database: Database) -> None:
    fill(database, town())
    done = run(database)
    exported: dict[str | None, tuple[str, ...]] = {row[0]: row for row in done.export()}
    with database.read() as session:
        stored = session.execute(
            select(Customer.member, CustomerSegment).join(
                Customer, Customer.id == CustomerSegment.customer_id
            )
        ).all()
        why = {row.customer_id: why_of(session, row) for _member, row in stored}
        session.expunge_all()
    assert len(stored) == len(exported) == 60
    for member, row in stored:
        line = exported[member]
        assert line[1:3] == ("" if row.recency_days is None else str(row.recency_days), str(row.frequency))
        assert line[3] == f"{row.monetary / 100:.2f}"
        assert [*line[4:7]] == [str(score or "") for score in (row.r, row.f, row.m)]
        assert [*line[7:]] == [row.rfm_segment, row.value, row.frequency_class, row.lifecycle, row.segment]
        assert why[row.customer_id]["segment"]["name"] == row.segment
        assert why[row.customer_id]["rfm"]["monetary"] == row.monetary
        assert row.as_of == TODAY


def test_a_change_is_kept_with_what_moved(database: Database) -> None:
    fill(database, town())
    run(database, TODAY - timedelta(days=90))
    done = run(database)
    with database.read() as session:
        of_run = (SegmentChange.run_id == done.id, SegmentChange.as_of == TODAY, SegmentChange.at == NOW)
        changes = session.scalars(select(SegmentChange).where(*of_run)).all()
        now = {row.customer_id: row.segment for row in session.scalars(select(CustomerSegment))}
        session.expunge_all()
    assert done.changed == len(changes) > 0
    for change in changes:
        assert change.before != change.after == now[change.customer_id]
        assert change.why["moved"]["segment"] == [change.before, change.after]
        assert change.why["limit_days"] >= 10


def test_an_earlier_day_is_a_view(database: Database) -> None:
    fill(database, town())
    run(database)
    past = run(database, TODAY - timedelta(days=200))
    assert not past.stored
    assert past.changed == 0
    with database.read() as session:
        assert set(session.scalars(select(CustomerSegment.as_of))) == {TODAY}
        assert session.scalar(select(func.count()).select_from(SegmentRun)) == 1


def test_a_day_to_come_is_a_view_so_that_tonight_can_still_be_stored(database: Database) -> None:
    fill(database, town())
    assert not run(database, TODAY + timedelta(days=400)).stored
    assert run(database).stored


def test_order_of_rows_and_ids_change_no_byte(database: Database) -> None:
    lines = town()
    frame = outcome(lines).frame
    numbers = pd.Series([f"M{key:05}" for key in frame.index])
    random.Random(5).shuffle(lines)
    fill(database, lines)
    assert csv_bytes(run(database).export()) == csv_bytes(cells(frame, numbers))


@pytest.mark.parametrize("months", [1, 4, 9])
def test_a_past_month_end_is_what_a_database_filled_to_that_day_gives(
    database: Database, months: int
) -> None:
    day = month_ends(TODAY, months)[-1]
    lines = town()
    fill(database, lines)
    past = run(database, day).export()
    frame = outcome(lines, as_of=day).frame
    came = frame[frame["visits"] > 0]
    filled = outcome([line for line in lines if line.day <= day], as_of=day).frame
    assert len(came) == len(filled)
    assert past == cells(filled, pd.Series([f"M{key:05}" for key in filled.index]))


def test_voided_merged_and_anonymous_rows_do_not_count(database: Database) -> None:
    fill(database, [*regulars(2), Line(1, ago(1)), Line(1, ago(5)), Line(1, ago(9)), Line(1, ago(13))])
    ids = (
        select(Fillup.id).join(Customer, Customer.id == Fillup.customer_id).where(Customer.member == "M00001")
    )
    with database.write() as session:
        first, second, third, _ = session.scalars(ids.order_by(Fillup.at)).all()
        session.execute(update(Fillup).where(Fillup.id == first).values(voided_at=NOW))
        session.execute(update(Fillup).where(Fillup.id == second).values(same_as=third, merged_at=NOW))
        session.execute(update(Fillup).where(Fillup.at == ago(1)).values(customer_id=None))
    row = next(row for row in run(database).export() if row[0] == "M00001")
    assert row[1:4] == ("5", "1", "200.00")
    before = run(database, known_at=NOW - timedelta(seconds=1))
    assert not before.stored
    assert before.customers == 0  # nothing had been recorded yet


def test_what_was_known_then(database: Database) -> None:
    fill(database, [*regulars(2), Line(1, ago(1)), Line(1, ago(5))], known_at=NOW - timedelta(hours=2))
    with database.write() as session:
        session.execute(update(Fillup).where(Fillup.at == ago(1)).values(voided_at=NOW))
    for moment, visits in ((NOW - timedelta(hours=1), "2"), (NOW, "1")):
        seen = next(row for row in run(database, known_at=moment).export() if row[0] == "M00001")
        assert seen[2] == visits


def test_a_merged_customer_counts_for_the_one_who_stays(database: Database) -> None:
    fill(database, [Line(1, ago(3)), Line(2, ago(8)), Line(3, ago(20))])
    run(database)
    with database.write() as session:
        ids = dict(session.execute(select(Customer.member, Customer.id)).all())
        for gone, keep in (("M00003", "M00002"), ("M00002", "M00001")):
            session.execute(
                update(Customer).where(Customer.member == gone).values(merged_into=ids[keep], merged_at=NOW)
            )
    merged = run(database)
    assert [row[:4] for row in merged.export()] == [("M00001", "3", "3", "600.00")]
    with database.read() as session:
        assert session.scalars(select(CustomerSegment.customer_id)).all() == [ids["M00001"]]


def test_self_reported_visits_count_for_value_only_where_trusted(database: Database) -> None:
    fill(database, [Line(1, ago(3), confirmed=False)])
    (row,) = run(database).export()
    assert row[1:4] == ("", "0", "")
    assert row[10:] == ("new", "new")
    (row,) = run(database, trust_self_reported=True).export()
    assert row[1:4] == ("3", "1", "200.00")


def test_people_without_visits_are_there_from_the_day_they_are_known(database: Database) -> None:
    with database.write() as session:
        session.add(Customer(member="M1", known_at=NOW, joined_at=ago(40)))
        session.add(Customer(member="M2", known_at=NOW))
    assert [row[0] for row in run(database).export()] == ["M1", "M2"]
    assert [row[0] for row in run(database, TODAY - timedelta(days=30)).export()] == ["M1"]
    assert run(database, TODAY - timedelta(days=50)).export() == []
    assert run(database).export()[0][1:] == ("", "0", "", "", "", "", "", "", "", "prospect", "prospect")


def test_an_empty_database_is_no_fault(database: Database) -> None:
    done = run(database)
    assert done.stored
    assert done.customers == done.changed == sum(done.segments.values()) == 0


def test_a_run_that_dies_while_writing_leaves_the_old_segments(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database, town())
    run(database, TODAY - timedelta(days=60))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(storing, "_record", die)
        run(database)
    with database.read() as session:
        assert set(session.scalars(select(CustomerSegment.as_of))) == {TODAY - timedelta(days=60)}
        assert session.scalar(select(func.count()).select_from(SegmentRun)) == 1
    assert run(database).stored


def test_two_runs_at_once_leave_one_history(database: Database) -> None:
    fill(database, town())
    done: list[Run] = []
    threads = [threading.Thread(target=lambda: done.append(run(database))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.changed for one in done) == [0, 0, 60]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SegmentChange)) == 60


def test_an_older_run_that_ends_later_does_not_overwrite(database: Database) -> None:
    fill(database, town())
    run(database)
    late = refresh(database, as_of=TODAY, now=NOW - timedelta(minutes=1))
    assert not late.stored


def test_progress_names_each_stage(database: Database) -> None:
    fill(database, town())
    heard: list[str] = []
    run(database, progress=lambda stage, _rows: heard.append(stage))
    assert tuple(dict.fromkeys(heard)) == STAGES
