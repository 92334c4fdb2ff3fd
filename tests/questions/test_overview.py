"""The pages of the overview hold the numbers of plain pandas, and each cell as many people as its list."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from crm.accounts import Account, AccountSegment
from crm.customers import Customer
from crm.db import Database
from questions import credit, mix
from questions.answer import answer
from questions.asker import Asker
from questions.migration import migration
from questions.outlook import outlook
from questions.parse import parse
from questions.question import Question
from questions.retention import months, retention
from questions.standing import crossing
from tests.questions.made_chain import NOON, build
from tests.questions.names import NAMES
from tests.questions.plain_chain import TODAY, Oracle

pytestmark = pytest.mark.slow

SHANGHAI = ZoneInfo("Asia/Shanghai")
SCOPES = (None, frozenset({2, 3}))


@pytest.fixture
def chain(database: Database) -> Database:
    build(database)
    return database


def asker(stations: frozenset[int] | None) -> Asker:
    return Asker(stations, TODAY, "CN", SHANGHAI)


def listed(session: Session, stations: frozenset[int] | None, text: str) -> int:
    """How many people the list of a cell has."""
    question = parse(text, NAMES)
    assert isinstance(question, Question), question
    assert question.kind == "list"
    return answer(session, question, asker(stations)).total


def oracle_of(database: Database, stations: frozenset[int] | None) -> Oracle:
    return Oracle(database, None if stations is None else set(stations))


def check_who_moved_since_the_month_began(chain: Database, stations: frozenset[int] | None) -> None:
    oracle = oracle_of(chain, stations)
    now = oracle.standing(TODAY)
    was = oracle.standing(date(2026, 5, 31))
    expected: dict[tuple[str, str], int] = {}
    for number, after in now.items():
        if after is not None:
            pair = (was[number] or "nobody", after)
            expected[pair] = expected.get(pair, 0) + 1
    with chain.read() as session:
        assert crossing(session, asker(stations), date(2026, 5, 31)) == expected
        found = migration(session, asker(stations))
        assert found is not None
        assert found["moves"], "nobody moved: this would prove nothing"
        assert found["moved"] == sum(n for (a, b), n in expected.items() if a not in (b, "nobody"))
        for one in found["moves"]:
            told = listed(session, stations, f"segment:{one['to']} start:{one['from']}")
            assert told == one["customers"]


def test_every_page_holds_the_numbers_of_pandas(chain: Database) -> None:
    for stations in SCOPES:
        check_who_moved_since_the_month_began(chain, stations)
        check_cohorts(chain, stations)
        check_the_mix_of_products(chain, stations)
        check_the_value_pyramid(chain, stations)
        check_the_week_ahead(chain, stations)


def test_between_two_past_days(chain: Database) -> None:
    oracle = Oracle(chain)
    first, last = date(2026, 5, 10), date(2026, 6, 5)
    was, then = oracle.standing(first), oracle.standing(last)
    expected: dict[tuple[str, str], int] = {}
    for number, after in then.items():
        if after is not None:
            pair = (was[number] or "nobody", after)
            expected[pair] = expected.get(pair, 0) + 1
    with chain.read() as session:
        assert crossing(session, asker(None), first, last) == expected


def test_nothing_to_compare_with_before_the_first_run_of_a_month_before(chain: Database) -> None:
    with chain.read() as session:
        early = Asker(None, date(2026, 5, 2), "CN", SHANGHAI)  # the first run was on 1 May
        assert migration(session, early) is None


def check_cohorts(chain: Database, stations: frozenset[int] | None) -> None:
    oracle = oracle_of(chain, stations)
    people = oracle.people[oracle.people["first_visit"].map(lambda day: isinstance(day, date))]
    log = oracle.log if stations is None else oracle.log[oracle.log["station_id"].isin(stations)]
    came = log.assign(month=log["day"].map(lambda day: f"{day:%Y-%m}"))[["customer_id", "month"]]
    with chain.read() as session:
        found = retention(session, asker(stations))
        for row in found["rows"]:
            mine = people[people["first_visit"].map(lambda day, m=row["month"]: f"{day:%Y-%m}" == m)]
            assert row["customers"] == len(mine)
            seen = came[came["customer_id"].isin(mine["id"])].drop_duplicates()
            after = months(TODAY)[months(TODAY).index(row["month"]) :]
            assert row["came"] == [int((seen["month"] == month).sum()) for month in after]
            for month, count in zip(after, row["came"], strict=True):
                if count:
                    assert listed(session, stations, f"first:{row['month']} visited:{month}") == count
    assert found["partial"]
    assert found["customers"] == sum(row["customers"] for row in found["rows"]) > 10


def check_the_mix_of_products(chain: Database, stations: frozenset[int] | None) -> None:
    oracle = oracle_of(chain, stations)
    rows = oracle.rows(Question(period=mix.PERIOD))
    with chain.read() as session:
        found = mix.products(session, asker(stations))
        for row in found["rows"]:
            codes = {"shop": ["shop", "wash"]}.get(row["product"], [row["product"]])
            mine = rows[rows["product"].isin(codes)]
            assert row["spend"] == int(mine["amount"].fillna(0).sum())
            assert row["millilitres"] == int(mine["millilitres"].fillna(0).sum())
            known = set(mine["customer_id"].dropna()) & set(oracle.people["id"])
            assert row["customers"] == len(known)
            if known:
                assert listed(session, stations, f"product:{row['product']} period:{mix.PERIOD}") == len(
                    known
                )
    assert found["spend"] == int(rows["amount"].fillna(0).sum())
    assert sum(row["share"] for row in found["rows"]) == pytest.approx(1)


def check_the_value_pyramid(chain: Database, stations: frozenset[int] | None) -> None:
    oracle = oracle_of(chain, stations)
    people = oracle.people
    with chain.read() as session:
        found = mix.pyramid(session, asker(stations))
        for row in found["rows"]:
            mine = people[people["value"] == row["value"]]
            assert (row["customers"], row["spend"]) == (len(mine), int(mine["monetary"].sum()))
            assert listed(session, stations, f"value:{row['value']}") == len(mine)
        assert found["without"] == listed(session, stations, "-value:high,low,medium") > 0
    assert sum(row["spend_share"] for row in found["rows"]) == pytest.approx(1)


def check_the_week_ahead(chain: Database, stations: frozenset[int] | None) -> None:
    oracle = oracle_of(chain, stations)
    begin = TODAY - timedelta(days=364)
    worth = oracle.log[oracle.log["confirmed"].astype(bool) & oracle.log["day"].between(begin, TODAY)]
    usual = worth[worth["millilitres"].fillna(0) > 0].groupby("customer_id")["millilitres"].mean()
    with chain.read() as session:
        found = outlook(session, asker(stations))
        assert [row["day"] for row in found["rows"]] == [
            (TODAY + timedelta(days=each)).isoformat() for each in range(7)
        ]
        for row in found["rows"]:
            due = oracle.people[oracle.people["due_on"] == date.fromisoformat(row["day"])]["id"]
            assert row["customers"] == len(due) == listed(session, stations, f"due:{row['day']}")
            expected = float(usual.reindex(due).fillna(0).sum())
            assert row["millilitres"] == pytest.approx(expected, abs=0.51)
        assert found["customers"] == listed(session, stations, "due:next-7d") > 0


@pytest.fixture
def companies(chain: Database) -> pd.DataFrame:
    """Five companies; the drivers of each are customers of some stations only."""
    told: list[dict[str, Any]] = [
        {"id": 1, "credit_limit": 100_000, "balance": 90_000, "days_overdue": 40, "tier": "watch"},
        {"id": 2, "credit_limit": 500_000, "balance": -3_000, "days_overdue": 0, "tier": "major"},
        {"id": 3, "credit_limit": 200_000, "balance": 20_000, "days_overdue": None, "tier": "major"},
        {"id": 4, "credit_limit": None, "balance": None, "days_overdue": None, "tier": None},
        {"id": 5, "credit_limit": 100, "balance": 50, "days_overdue": 9, "tier": "key", "currency": "EUR"},
    ]
    with chain.write() as session:
        session.execute(update(Customer).values(account_id=None))
        for books in (AccountSegment, Account):  # those of the chain itself make room
            session.execute(delete(books))
        for one in told:
            tier = one["tier"]
            fields = {"currency": "CNY"} | {name: value for name, value in one.items() if name != "tier"}
            session.add(Account(code=f"A{one['id']}", name=f"Firm {one['id']}", known_at=NOON, **fields))
            session.flush()
            if tier:
                session.add(AccountSegment(account_id=one["id"], as_of=TODAY, lifecycle="active",
                                           credit_risk="low", tier=tier, drivers=1, why={}))  # fmt: skip
        for number in range(1, 41):
            session.get_one(Customer, number).account_id = number % 5 + 1
    return pd.DataFrame([{"currency": "CNY"} | one for one in told]).set_index("id")


def check_credit(chain: Database, companies: pd.DataFrame, stations: frozenset[int] | None) -> None:
    people = oracle_of(chain, stations).people
    near = set(people["account_id"].dropna().astype(int)) if stations else set(companies.index)
    mine = companies[companies.index.isin(near) & (companies["currency"] == "CNY")]
    owed = mine["balance"].fillna(0).clip(lower=0)
    late = mine["days_overdue"].fillna(0) > 0
    with chain.read() as session:
        found = credit.exposure(session, asker(stations))
        pages = {
            row["tier"]: credit.accounts(session, asker(stations), row["tier"], 0) for row in found["rows"]
        }
    assert found["owed"] == int(owed.sum())
    assert found["limit"] == int(mine["credit_limit"].fillna(0).sum())
    assert (found["overdue"], found["late"]) == (int(owed[late].sum()), int(late.sum()))
    assert found["elsewhere"] == 1
    assert {row["tier"]: row["accounts"] for row in found["rows"]} == {
        tier: page["total"] for tier, page in pages.items()
    }
    assert sum(len(page["rows"]) for page in pages.values()) == len(mine)


def test_credit_holds_the_numbers_of_pandas(chain: Database, companies: pd.DataFrame) -> None:
    for stations in SCOPES:
        check_credit(chain, companies, stations)


def test_companies_of_others_are_not_seen(chain: Database, companies: pd.DataFrame) -> None:
    assert len(companies) == 5
    with chain.read() as session:
        nobody = asker(frozenset())
        assert credit.exposure(session, nobody)["accounts"] == 0
        assert credit.accounts(session, nobody, "major", 0)["rows"] == []
        assert outlook(session, nobody)["customers"] == retention(session, nobody)["customers"] == 0
        assert mix.products(session, nobody)["rows"] == []
