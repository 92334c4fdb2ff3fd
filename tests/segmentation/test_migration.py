"""Who moved: between two days, by other criteria, as it was stored; and the picture of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import func, select

from crm.customers import Customer
from crm.db import Database
from crm.identity import join
from crm.segments import SegmentChange, SegmentRun
from segmentation.criteria import Criteria, load
from segmentation.looking import look
from segmentation.migration import AFTER, BEFORE, between, facts, matrix, stored
from segmentation.migration_chart import picture
from segmentation.refresh import refresh
from segmentation.whatif import differences, what_if
from tests.segmentation.logs import NOW, TODAY, Line, ago, fill, outcome, regulars

pytestmark = pytest.mark.slow

PNG = b"\x89PNG\r\n\x1a\n"
EARLIER = TODAY - timedelta(days=100)


def log() -> list[Line]:
    """Regulars; one who has left since, one who is new since."""
    left = [Line(1, ago(days)) for days in range(400, 90, -10)]
    return [*regulars(40), *left, Line(2, ago(3)), Line(2, ago(1))]


def quicker() -> Criteria:
    rhythm = load().rhythm.model_copy(update={"spread_factor": 0.1, "typical_multiple": 1.01})
    return load().model_copy(update={"rhythm": rhythm, "version": "quicker"})


def test_matrix_counts_everyone_once() -> None:
    before = pd.Series({1: "vip", 2: "vip", 3: "regular"})
    after = pd.Series({1: "vip", 2: "lapsing", 4: "new"})
    table = matrix(before, after)
    assert (list(table.index), list(table.columns)) == (list(BEFORE), list(AFTER))
    assert int(table.to_numpy().sum()) == 4
    assert (table.loc["vip", "vip"], table.loc["vip", "lapsing"]) == (1, 1)
    assert (table.loc["nobody", "new"], table.loc["regular", "gone"]) == (1, 1)


def test_who_came_and_who_left_did_not_move() -> None:
    before = pd.Series({1: "vip", 2: "vip", 3: "regular"})
    after = pd.Series({1: "vip", 2: "lapsing", 4: "new"})
    found = facts(before, after, pd.Series({1: "A", 2: "B", 3: "", 4: "D"}))
    assert (found["customers"], found["moved"]) == (3, 1)
    assert found["matrix"]["vip"] == {"vip": 1, "lapsing": 1}
    moves = {(move["from"], move["to"]): move["first"] for move in found["moves"]}
    assert moves == {("vip", "lapsing"): ["B"], ("regular", "gone"): [], ("nobody", "new"): ["D"]}


def test_nobody_at_all() -> None:
    nobody = pd.Series([], dtype=object)
    found = facts(nobody, nobody, nobody)
    assert (found["customers"], found["moved"], found["moves"]) == (0, 0, [])


def test_between_two_days_is_the_same_as_two_runs() -> None:
    early, late = outcome([line for line in log() if line.day <= EARLIER], as_of=EARLIER), outcome(log())
    numbers = late.frame["segment"].rename("number")
    found = between(early, late, numbers)
    assert (found["from"], found["to"]) == (EARLIER.isoformat(), TODAY.isoformat())
    assert found["matrix"]["nobody"] == {"new": 1}
    assert sum(sum(row.values()) for row in found["matrix"].values()) == found["customers"] == 42
    assert found["dimensions"]["lifecycle"] >= found["moved"] > 0


def test_as_of_an_earlier_day_the_log_is_as_a_run_of_that_day_saw_it(database: Database) -> None:
    fill(database, log(), known_at=datetime(2020, 1, 1, tzinfo=UTC))
    whole = look(database, TODAY, trust=False)
    for day in (EARLIER, TODAY):
        alone = refresh(database, as_of=day, now=NOW).outcome.frame["segment"]
        pd.testing.assert_series_equal(whole.outcome(load(), day).frame["segment"], alone)


def test_what_was_stored_on_each_day(database: Database) -> None:
    fill(database, log(), known_at=datetime(2020, 1, 1, tzinfo=UTC))
    early = refresh(database, as_of=EARLIER, now=NOW).outcome.frame["segment"]
    late = refresh(database, as_of=TODAY, now=NOW).outcome.frame["segment"]
    with database.read() as session:
        for day, expected in ((EARLIER, early), (TODAY, late), (TODAY - timedelta(days=1), early)):
            found = stored(session, day)
            assert found.to_dict() == expected.to_dict(), day
        assert stored(session, EARLIER - timedelta(days=1)).empty


def test_who_was_merged_away_is_not_listed(database: Database) -> None:
    fill(database, log(), known_at=datetime(2020, 1, 1, tzinfo=UTC))
    refresh(database, as_of=TODAY, now=NOW)
    with database.write() as session:
        keep, gone = (session.get_one(Customer, number) for number in (1, 2))
        join(session, keep, gone, NOW)
    with database.read() as session:
        assert 2 not in stored(session, TODAY).index
        assert 1 in stored(session, TODAY).index


def test_what_if_writes_nothing(database: Database) -> None:
    fill(database, log())
    refresh(database, as_of=TODAY, now=NOW)
    counted = select(select(func.count(SegmentRun.id)).scalar_subquery(), func.count(SegmentChange.id))
    with database.read() as session:
        before = session.execute(counted).one()
    found = what_if(look(database, TODAY, trust=False), load(), quicker())
    with database.read() as session:
        assert session.execute(counted).one() == before
    assert found["criteria"] == [load().version, "quicker"]
    assert set(found["changed_settings"]) == {"version", "rhythm.spread_factor", "rhythm.typical_multiple"}
    assert found["customers"] == 42


def test_the_same_criteria_move_nobody(database: Database) -> None:
    fill(database, log())
    found = what_if(look(database, TODAY, trust=False), load(), load())
    assert (found["moved"], found["moves"], found["changed_settings"]) == (0, [], {})
    assert set(found["dimensions"].values()) == {0}


def test_quicker_criteria_call_more_people_lapsing() -> None:
    """The limit of a ten-day rhythm falls from 15 to about 10 days: who is away for 12 has crossed it."""
    lines = [*regulars(40), *[Line(1, ago(days)) for days in range(402, 11, -10)]]
    found = between(outcome(lines), outcome(lines, criteria=quicker()), pd.Series(dtype=object))
    assert found["dimensions"]["lifecycle"] >= 1
    assert found["dimensions"]["value"] == 0
    assert all(move["to"] in ("lapsing", "at_risk_vip", "dormant") for move in found["moves"])


def test_differences_name_the_place() -> None:
    one = {"a": {"b": 1, "c": [1, 2]}, "d": 0}
    assert differences(one, one) == {}
    assert differences(one, {"a": {"b": 2, "c": [1, 2]}, "e": 0}) == {
        "a.b": [1, 2],
        "d": [0, None],
        "e": [None, 0],
    }


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("days", [0, 100])
def test_picture(locale: str, days: int) -> None:
    day = TODAY - timedelta(days=days)
    early = outcome([line for line in log() if line.day <= day], as_of=day)
    found = between(early, outcome(log()), pd.Series(dtype=object))
    assert picture(found, locale).startswith(PNG)
