"""The funnel and the churn rate hold the numbers of plain pandas, and each cell as many as its list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from crm import costs, scans
from crm.db import Database
from questions import churn
from questions.asker import Asker
from questions.funnel import SOURCES, STEPS, TILL, TooLong, asked, funnel, month_of
from questions.period import NoSuchPeriod, days
from questions.plain_period import period_of
from tests.questions.made_chain import NOON, build
from tests.questions.plain_chain import TODAY, Oracle
from tests.questions.test_overview import SCOPES, asker, listed, oracle_of

pytestmark = pytest.mark.slow

PERIODS = ("this-month", "last-month", "last-90d", "last-365d", "2026-03")


@pytest.fixture
def chain(database: Database) -> Database:
    build(database)
    with database.write() as session:
        for n in range(40):
            source, detail, station = ("friend", "m003", None) if n % 4 == 0 else ("poster", "S02", n % 3 + 1)
            scans.note(session, n // 2, source, detail, station, now=NOON - timedelta(days=n * 3))
    return database


def check(chain: Database, stations: frozenset[int] | None, text: str) -> int:
    """How many registered."""
    oracle = oracle_of(chain, stations)
    begin, end = days(text, TODAY)
    people = oracle.people
    told = people["joined_at"].where(people["joined_at"].notna(), people["registered_at"])
    joined = told.map(lambda at: None if pd.isna(at) else (at + timedelta(hours=8)).date())
    since = joined.where(people["source"] != TILL, people["first_visit"])
    mine = people[[isinstance(day, date) and begin <= day <= end for day in since]]
    visits = mine["frequency"].fillna(0).astype(int)
    with chain.read() as session:
        found = funnel(session, asker(stations), text)
        for row in found["sources"]:
            of = mine["source"] == row["source"]
            registered = 0 if row["source"] == TILL else int(of.sum())
            expected = (registered, int((of & (visits >= 1)).sum()), int((of & (visits >= 3)).sum()))
            assert tuple(row[step] for step in STEPS[1:]) == expected, (text, row)
            for step in STEPS[1:]:
                if row[step]:
                    assert listed(session, stations, asked(row["source"], step, text)) == row[step]
        for step in STEPS[1:]:
            whole = found["whole"][step]
            assert whole == sum(row[step] for row in found["stations"])
            assert whole == sum(row[step] for row in found["sources"])
    registered_ = found["whole"]["registered"]
    assert isinstance(registered_, int)
    return registered_


def test_the_funnel_holds_the_numbers_of_pandas(chain: Database) -> None:
    registered = sum(check(chain, stations, text) for stations in SCOPES for text in PERIODS)
    assert registered > 20


def test_who_scanned_posters_of_two_stations_is_one_person(chain: Database) -> None:
    with chain.write() as session:
        for user, source, detail, station in (
            (901, "poster", "S01", 1),
            (901, "poster", "S02", 2),
            (901, "friend", "m003", None),
            (902, "poster", "S02", 2),
        ):
            scans.note(session, user, source, detail, station, now=NOON - timedelta(days=300))
    with chain.read() as session:
        found = funnel(session, asker(None), "2025-08")
        at_two = funnel(session, asker(frozenset({2})), "2025-08")
    assert found["begin"] <= (NOON - timedelta(days=300)).date().isoformat() <= found["end"]
    assert found["whole"]["scanned"] == 2
    assert {row["source"]: row["scanned"] for row in found["sources"] if row["scanned"]} == {
        "poster": 2,
        "friend": 1,
    }
    assert {row["station"]: row["scanned"] for row in found["stations"] if row["scanned"]} == {
        "S01": 1,
        "S02": 2,
        None: 1,
    }
    assert at_two["whole"]["scanned"] == 2


def test_scans_count_people_once_a_source_at_the_stations_of_the_asker(chain: Database) -> None:
    with chain.read() as session:
        whole = funnel(session, asker(None), "last-90d")["sources"]
        some = funnel(session, asker(frozenset({2, 3})), "last-90d")["sources"]
        nobody = funnel(session, asker(frozenset()), "last-90d")
    links = {("friend", n // 2) if n % 4 == 0 else ("poster", n // 2) for n in range(30)}
    assert {row["source"]: row["scanned"] for row in whole} == {
        source: sum(1 for name, _ in links if name == source) for source in SOURCES
    }
    assert 0 < next(row["scanned"] for row in some if row["source"] == "poster") < 15
    assert next(row["scanned"] for row in some if row["source"] == "friend") == 0
    assert set(nobody["whole"].values()) == {0}


def test_cost_per_new_customer_of_whole_months_for_the_whole_chain(chain: Database) -> None:
    with chain.write() as session:
        for month, amount in ((date(2026, 6, 1), 1000), (date(2026, 5, 1), 50_000), (date(2026, 4, 1), 7)):
            costs.put(session, "poster", month, amount, "CNY", by=None, now=NOON)
        costs.put(session, "poster", date(2026, 6, 1), 30_000, "CNY", by=7, now=NOON)  # over what was there
        costs.put(session, "friend", date(2026, 5, 1), 900, "CNY", by=7, now=NOON)
        costs.put(session, "friend", date(2026, 5, 1), 0, "CNY", by=7, now=NOON)
        costs.put(session, "chat", date(2026, 5, 1), 900, "EUR", by=7, now=NOON)

    def of(text: str, stations: frozenset[int] | None = None) -> dict[str, int | None]:
        with chain.read() as session:
            rows = funnel(session, asker(stations), text)["sources"]
        for row in rows:
            expected = round(row["cost"] / row["first"]) if row["cost"] is not None and row["first"] else None
            assert row["cost_each"] == expected
        return {row["source"]: row["cost"] for row in rows}

    assert of("last-month") == {"poster": 50_000, "friend": None, "chat": None, "import": None}
    assert of("this-month")["poster"] == 30_000
    assert of("this-quarter")["poster"] == 80_007
    assert of("last-30d")["poster"] is None
    assert of("last-month", frozenset({1}))["poster"] is None


def test_what_begins_too_long_ago_is_refused(chain: Database) -> None:
    with chain.read() as session:
        with pytest.raises(TooLong):
            funnel(session, asker(None), "2025-05")
        with pytest.raises(NoSuchPeriod):
            funnel(session, asker(None), "2026-02-30")


def test_the_churn_rate(chain: Database) -> None:
    for stations in SCOPES:
        oracle = oracle_of(chain, stations)
        now, june, may = (oracle.standing(day) for day in (TODAY, date(2026, 5, 31), date(2026, 5, 15)))
        base = [n for n, was in june.items() if was and was not in ("churned", "prospect")]
        with chain.read() as session:
            found = churn.churn(session, asker(stations))
            assert found is not None
            assert found["now"]["base"] == len(base) > 0
            assert found["now"]["lost"] == sum(now[n] == "churned" for n in base)
            assert found["now"]["lost"] == listed(session, stations, churn.LOST)
            assert found["now"]["rate"] == found["now"]["lost"] / len(base)
            assert found["whole"] is None, "there was no run before May"
            later = churn.churn(session, Asker(stations, date(2026, 7, 3), "CN", ZoneInfo("Asia/Shanghai")))
            assert later is not None
            assert later["whole"]["base"] == len(base)
            assert later["whole"]["lost"] == found["now"]["lost"]
            assert (later["then"]["begin"], later["then"]["end"]) == ("2026-06-01", "2026-06-03")
        assert may


def test_without_a_run_before_this_month_there_is_no_rate(database: Database) -> None:
    with database.read() as session:
        assert churn.churn(session, asker(None)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("last month", "last-month"),
        ("last-month", "last-month"),
        ("2026-10", "2026-10"),
        ("October", "m10"),
        ("上个月", "last-month"),
        ("10月", "m10"),
        ("本季度", "this-quarter"),
        ("", None),
        ("vip", None),
        ("last month vips", None),
        ("6660006", None),
        ("<b>", None),
        ("2026-02-30", None),
    ],
)
def test_a_time_alone(text: str, expected: str | None) -> None:
    assert period_of(text) == expected


def test_one_month() -> None:
    today = date(2026, 6, 15)
    assert month_of("last-month", today) == date(2026, 5, 1)
    assert month_of("this-month", today) == date(2026, 6, 1)
    assert month_of("2026-02", today) == date(2026, 2, 1)
    for other in ("this-quarter", "last-30d", "2026-06-15", "2026"):
        assert month_of(other, today) is None


def test_old_scans_are_forgotten(chain: Database) -> None:
    late = datetime(2027, 6, 30, tzinfo=UTC)
    with chain.write() as session:
        assert scans.tidy(session, now=late) > 0
    with chain.write() as session:
        assert scans.tidy(session, now=late) == 0
    assert Oracle(chain).people is not None
