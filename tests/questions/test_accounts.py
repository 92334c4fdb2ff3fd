"""Accounts in questions: what the line says, and that another's account is like one that does not exist."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select

from crm.accounts import Account
from crm.customers import Customer
from crm.db import Database
from crm.stations import Station
from questions.answer import Answer, answer
from questions.asker import Asker
from questions.misread import Misread
from questions.names import Names, names_of
from questions.narrow import opened
from questions.parse import parse
from questions.question import Question
from questions.said import said
from tests.questions.names import NAMES

TODAY = date(2026, 6, 15)
NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
OURS, ALL = frozenset({1}), None
# Number of drivers at our station and at theirs, code, name, industry, size, region.
BOOKS = (
    (2, 1, "A1", "云栈物流", "物流", "大型", "江苏"),
    (1, 0, "A2", "Harbour, Sons \"&\" Co", "Logistics", "large", "浙江"),
    (1, 1, "A3", "Twins", "construction", "small", ""),
    (0, 1, "A4", "Twins", "construction", "small", ""),
    (0, 2, "A5", "Canary Secret Haulage", "Canary breeding", "tiny canary", "金丝雀"),
    (0, 0, "A6", "Nobody Drives", "Space travel", "large", ""),
)  # fmt: skip


@pytest.fixture
def chain(database: Database) -> Database:
    with database.write() as session:
        for number in (1, 2):
            session.add(
                Station(id=number, code=str(number), name="", timezone="Asia/Shanghai", currency="CNY")
            )
        session.flush()
        for ours, theirs, code, name, industry, size, region in BOOKS:
            account = Account(
                code=code,
                name=name,
                industry=industry,
                size=size,
                region=region,
                currency="CNY",
                known_at=NOON,
            )
            session.add(account)
            session.flush()
            for place in (*[1] * ours, *[2] * theirs):
                session.add(Customer(known_at=NOON, home_station_id=place, account_id=account.id))
        session.add(Customer(known_at=NOON, home_station_id=1))
    return database


def ask(chain: Database, text: str, stations: frozenset[int] | None = OURS) -> Answer | Misread:
    with chain.read() as session:
        meant = parse(text, names_of(session, stations, TODAY))
        if isinstance(meant, Misread):
            return meant
        return answer(session, meant, Asker(stations, TODAY, "CN", ZoneInfo("Asia/Shanghai")))


def count(chain: Database, text: str, stations: frozenset[int] | None = OURS) -> float | None:
    found = ask(chain, f"show:count {text}", stations)
    assert isinstance(found, Answer), found
    return found.value


def rows(chain: Database, text: str, stations: frozenset[int] | None = OURS) -> dict[str | None, float]:
    found = ask(chain, text, stations)
    assert isinstance(found, Answer), found
    return {row["key"]: row["value"] for row in found.rows}


def test_one_industry_under_its_names_in_both_languages(chain: Database) -> None:
    for text in ("industry:logistics", "行业:物流", "INDUSTRY:Logistics", "industry:物流公司"):
        assert count(chain, text) == 3
        assert count(chain, text, ALL) == 4
    assert count(chain, "-industry:logistics") == 2
    assert count(chain, "size:大 account_region:zhejiang") == 1
    assert count(chain, "industry:logistics,construction", ALL) == 7
    assert count(chain, "account:any") == 4
    assert count(chain, "account:none") == 1


def test_an_account_is_known_by_name_code_part_and_sound(chain: Database) -> None:
    for text in ("account:云栈物流", "account:A1", "account:a1", "account:云栈", "account:yunzhanwuliu"):
        assert count(chain, text) == 2
    for text in ("云栈的司机", "drivers of yunzhan", "云栈物流的司机"):
        assert count(chain, text) == 2
    assert count(chain, "account:\"Harbour, Sons '&' Co\"") == 1


def test_a_breakdown_has_a_row_for_each_and_one_for_who_has_none(chain: Database) -> None:
    assert rows(chain, "by:industry") == {"logistics": 3, "construction": 1, None: 1}
    assert rows(chain, "account:any by:account") == {"云栈物流": 2, "Harbour, Sons '&' Co": 1, "Twins": 1}
    assert rows(chain, "account:any by:size") == {"large": 3, "small": 1}


def test_two_of_one_name_are_told_apart_by_their_codes(chain: Database) -> None:
    told = rows(chain, "industry:construction by:account", ALL)
    assert told == {"A3": 2, "A4": 1}
    assert count(chain, "account:twins", ALL) == 3
    assert count(chain, "account:Twins") == 1  # who knows of one has no need to know of the other


@pytest.mark.parametrize(
    "text",
    [
        'account:"Canary Secret Haulage"',
        "account:A5",
        "account:Canary",
        'industry:"Canary breeding"',
        'size:"tiny canary"',
        "account_region:金丝雀",
        "drivers of canary secret haulage",
        "canary breeding fleets",
        'account:"Nobody Drives"',
    ],
)
def test_anothers_account_is_like_one_that_does_not_exist(chain: Database, text: str) -> None:
    found = ask(chain, text)
    assert isinstance(found, Misread)
    assert not any("anary" in one.nearest or "金丝" in one.nearest for one in found.problems)
    with chain.write() as session:
        gone = select(Account.id).where(Account.code.in_(["A5", "A6"]))
        session.execute(delete(Customer).where(Customer.account_id.in_(gone)))
        session.execute(delete(Account).where(Account.code.in_(["A5", "A6"])))
    assert ask(chain, text) == found


def test_no_breakdown_names_an_account_of_others(chain: Database) -> None:
    for by in ("account", "industry", "size", "account_region", "tier"):
        for text in (
            f"by:{by}",
            f"by:{by} measure:visits",
            f"by:{by} measure:gap",
            f"show:breakdown by:{by}",
        ):
            assert not any("anary" in str(key) or "金丝" in str(key) for key in rows(chain, text))
    assert "canary breeding" in rows(chain, "by:industry", ALL)
    with chain.read() as session:
        assert "anary" not in repr(names_of(session, OURS, TODAY))
        assert names_of(session, frozenset(), TODAY) == Names()


@pytest.mark.parametrize(
    ("text", "locale", "line"),
    [
        ("物流行业的车队客户有多少", "zh", "企业客户，行业：物流：3 位客户"),
        ("how many drivers of large logistics fleets", "en",
         "drivers of accounts in logistics · drivers of accounts of size large: 3 people"),
        ("how many accounts", "en", "drivers of any account · by account: 3 rows"),
        ("account:none", "zh", "非企业客户，所属：任一企业：1 位客户"),
    ],
)  # fmt: skip
def test_the_line_shown_back_says_that_people_are_counted(
    chain: Database, text: str, locale: str, line: str
) -> None:
    found = ask(chain, text)
    assert isinstance(found, Answer), found
    assert said(found, TODAY, locale) == line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("各车队上个月消费多少", "show:breakdown account:any measure:spend by:account period:last-month"),
        ("which fleet spent the most last month",
         "show:breakdown account:any measure:spend by:account period:last-month"),
        ("大型和中型车队各有多少人", "show:compare size:large,medium by:size"),
        ("fleet drivers of construction accounts", "industry:construction persona:fleet"),
        ("中小型企业客户有多少", "show:count size:medium,small"),
        ("customers without an account", "-account:any"),
        ("没有企业账户的VIP", "-account:any segment:vip"),
        ("accounts by region", "show:breakdown account:any by:account_region"),
        ("how many drivers work for logistics companies", "show:count industry:logistics"),
        ("哪些物流公司消费最高", "show:breakdown industry:logistics measure:spend by:account"),
        ("物流公司里加油量前10的司机", "industry:logistics sort:-litres limit:10"),
        ("top 10 VIPs of large accounts", "segment:vip size:large sort:-spend limit:10"),
        ("车队加油量排名", "show:breakdown account:any measure:litres by:account"),
        ("各企业客户的平均客单价", "show:breakdown account:any measure:basket by:account"),
        ("哪个账户加油最多", "show:breakdown account:any measure:litres by:account"),
        ("车队司机按消费排名", "persona:fleet sort:-spend"),
        ("drivers of F100", "account:云栈物流"),
        ("加油最多的车队客户", "persona:fleet sort:-litres"),
        ("how many fleets", "show:count persona:fleet"),
        ("企业客户有多少", "show:count persona:business"),
        ("how many pay on account", "show:count payment:account"),
        ("customers paying by account", "payment:account"),
        ("which industries buy the most diesel", "show:breakdown product:diesel measure:litres by:industry"),
    ],
)  # fmt: skip
def test_fleets_are_accounts_where_something_is_said_of_accounts(text: str, expected: str) -> None:
    meant = parse(text, NAMES)
    assert isinstance(meant, Question), meant
    assert meant.canonical() == expected


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("大型的客户", "size:large"),
        ("medium customers by station", "size:medium"),
        ("large fills", "size:large"),
        ("what is the size of station 3", "by:size"),
        ("education level of customers", "industry:education"),
        ("retail sales last month", "industry:retail"),
        ("零售客户有多少", "industry:retail"),
        ("which accounts are overdue", ""),
    ],
)
def test_what_may_be_said_of_anything_must_be_of_an_account(text: str, nearest: str) -> None:
    meant = parse(text, NAMES)
    assert isinstance(meant, Misread), meant
    assert [problem.nearest for problem in meant.problems] == [nearest]


@pytest.mark.parametrize("by", ["industry", "size", "account", "account_region"])
def test_a_row_opens_as_the_people_it_counts(chain: Database, by: str) -> None:
    with chain.read() as session:
        asker = Asker(ALL, TODAY, "CN", ZoneInfo("Asia/Shanghai"))
        names = names_of(session, ALL, TODAY)
        split = parse(f"by:{by}", names)
        assert isinstance(split, Question)
        rows_ = [row for row in answer(session, split, asker).rows if row["key"]]
        assert rows_
        for row in rows_:
            people = opened(split, row["key"])
            assert people is not None
            assert parse(people.canonical(), names) == people
            assert answer(session, people, asker).total == row["value"]
