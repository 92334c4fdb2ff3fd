"""A goal is read from a sentence, and its progress is that of plain pandas, during it and after its end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from crm.db import Database
from crm.goals import Goal, put, seen_by
from questions.asker import Asker
from questions.goal_text import Wanted, read
from questions.goals import asked, progress
from tests.questions.made_chain import NOON, build
from tests.questions.plain_chain import TODAY, Oracle
from tests.questions.test_overview import SCOPES, SHANGHAI, asker, listed, oracle_of

pytestmark = pytest.mark.slow

JUNE = (date(2026, 6, 1), date(2026, 6, 30))
LONG = (date(2026, 5, 3), date(2026, 12, 31))
MAY = (date(2026, 5, 3), date(2026, 5, 31))


@pytest.mark.parametrize(
    ("text", "kind", "who", "target", "days"),
    [
        ("bring back 40 dormant this month", "win_back", "dormant", 40, JUNE),
        ("本月召回40个沉睡客户", "win_back", "dormant", 40, JUNE),
        ("召回40个沉睡客户", "win_back", "dormant", 40, JUNE),
        ("Win back 1,200 lapsing customers", "win_back", "lapsing", 1200, JUNE),
        ("挽回15位流失客户", "win_back", "churned", 15, JUNE),
        ("sign up 100 new customers this month", "new", "", 100, JUNE),
        ("本月新增100个客户", "new", "", 100, JUNE),
        ("gain 10 VIPs this month", "vip", "", 10, JUNE),
        ("本月发展10个VIP", "vip", "", 10, JUNE),
        ("sell 50,000 litres this month", "litres", "", 50_000_000, JUNE),
        ("本月销售5万升", "litres", "", 50_000_000, JUNE),
        ("goal: 40 lapsing", "win_back", "lapsing", 40, JUNE),
        ("下个月召回３０个沉睡客户", "win_back", "dormant", 30, (date(2026, 7, 1), date(2026, 7, 31))),
        ("bring back 9 dormant this week", "win_back", "dormant", 9, (TODAY, TODAY + timedelta(days=6))),
    ],
)
def test_a_goal_is_read(text: str, kind: str, who: str, target: int, days: tuple[date, date]) -> None:
    assert read(text, TODAY) == Wanted(kind, who, target, *days)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bring back dormant",
        "how many dormant came back this month",
        "top 20 diesel customers by litres",
        "3号站有多少VIP超过30天没来",
        "40L 95# 320元",
        "get 40 dormant",
        "新增20",
        "bring back 40 dormant and 3 vip",
        "bring back 40 dormant yesterday",
        "bring back 40 dormant zorblax",
        "召回4.5个沉睡客户",
        "sell 0 litres",
        "sell 99999999999999 litres",
        "本月流失40个客户",
        "bring back 40 " + "dormant " * 100,
        "召回" * 2000,
    ],
)
def test_what_is_no_goal_is_left_to_others(text: str) -> None:
    assert read(text, TODAY) is None


@pytest.fixture
def chain(database: Database) -> Database:
    build(database)
    return database


def goal_of(
    session: Session, kind: str, who: str, days: tuple[date, date], where: frozenset[int] | None
) -> Goal:
    return put(session, kind=kind, who=who, target=10_000_000 if kind == "litres" else 10, begin=days[0],
               end=days[1], stations=where, by=7, now=NOON)  # fmt: skip


def expected(oracle: Oracle, everyone: Oracle, goal: Goal) -> int:
    log = oracle.log if goal.stations is None else oracle.log[oracle.log["station_id"].isin(goal.stations)]
    here = log[log["day"].between(goal.begin, min(goal.end, TODAY))]
    came = set(here["customer_id"].dropna().astype(int))
    if goal.kind == "litres":
        return int(here[here["confirmed"].astype(bool)]["millilitres"].fillna(0).sum())
    if goal.kind == "win_back":
        return len(came & everyone.stood(goal.begin - timedelta(days=1), (goal.who,)))
    if goal.kind == "new":
        first = dict(zip(everyone.people["id"], everyone.people["first_visit"], strict=True))
        return sum(isinstance(first[n], date) and goal.begin <= first[n] <= goal.end for n in came)
    moved = everyone.changes
    moved = moved[moved["before"].notna() & (moved["after"] == "vip")]
    moved = moved[moved["as_of"].between(goal.begin, min(goal.end, TODAY))]
    return len(set(moved["customer_id"]) & set(oracle.people["id"]))


def test_progress_is_that_of_pandas_and_the_list_has_as_many(chain: Database) -> None:
    everyone, reached = Oracle(chain), 0
    wanted = [("win_back", who) for who in ("dormant", "lapsing", "churned")]
    for where in SCOPES:
        oracle = oracle_of(chain, where)
        for kind, who in (*wanted, ("new", ""), ("vip", ""), ("litres", "")):
            for days in (JUNE, MAY, LONG):
                with chain.write() as session:
                    goal = goal_of(session, kind, who, days, where)
                    told = progress(session, asker(where), goal)
                    assert told["done"] == expected(oracle, everyone, goal), (kind, who, days, where)
                    assert told["state"] == ("ended" if days == MAY else "running")
                    assert told["share"] == told["done"] / goal.target
                    reached += told["done"] if kind != "litres" else 0
                    if kind != "litres":
                        assert listed(session, None, asked(session, goal)) == told["done"]
    assert reached > 5


def test_an_ended_goal_keeps_its_result(chain: Database) -> None:
    with chain.write() as session:
        goals = [goal_of(session, "win_back", "dormant", MAY, None), goal_of(session, "new", "", MAY, None)]
        for goal in goals:
            soon = progress(session, asker(None), goal)["done"]
            late = Asker(None, date(2027, 9, 1), "CN", SHANGHAI)
            assert progress(session, late, goal)["done"] == soon


def test_a_goal_ahead_has_nothing_yet(chain: Database) -> None:
    with chain.write() as session:
        goal = goal_of(session, "new", "", (date(2026, 7, 1), date(2026, 7, 31)), None)
        told = progress(session, asker(None), goal)
        assert (told["done"], told["state"], told["projected"]) == (0, "ahead", None)


def test_the_same_goal_again_is_a_new_target(chain: Database) -> None:
    with chain.write() as session:
        one = goal_of(session, "new", "", JUNE, frozenset({1}))
        assert goal_of(session, "new", "", JUNE, frozenset({1})).id == one.id
        assert goal_of(session, "new", "", JUNE, frozenset({1, 2})).id != one.id
        assert goal_of(session, "new", "", JUNE, None).id != one.id


def test_whose_goals_are_seen(chain: Database) -> None:
    with chain.write() as session:
        for where in (None, frozenset({1}), frozenset({1, 2}), frozenset[int]()):
            goal_of(session, "new", "", JUNE, where)
        seen = {
            name: [goal.stations for goal in seen_by(session, stations, TODAY)]
            for name, stations in (("all", None), ("one", frozenset({1})), ("none", frozenset[int]()))
        }
    assert seen == {"all": [None, [1], [1, 2], []], "one": [[1]], "none": []}
