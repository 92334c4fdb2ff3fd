"""The digest's numbers are those of plain pandas, for a day and for a week, and what campaigns brought."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crm import tasks
from crm.coupons import Coupon
from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from crm.staff import Staff
from outreach.brought import brought
from questions.digest import TOLD, digest
from tests.questions.made_chain import NOON, build
from tests.questions.plain_chain import TODAY
from tests.questions.plain_sums import measure
from tests.questions.test_overview import SCOPES, asker, oracle_of

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(database: Database) -> Database:
    build(database)
    return database


def test_the_numbers_are_those_of_pandas(chain: Database) -> None:
    for stations in SCOPES:
        oracle = oracle_of(chain, stations)
        log = oracle.log[oracle.log["confirmed"].astype(bool)]
        log = log if stations is None else log[log["station_id"].isin(stations)]
        for length in (1, 7):
            with chain.read() as session:
                facts = digest(session, asker(stations), 0, length).facts
            end = TODAY - timedelta(days=1)
            for name, back in (("value", 0), ("before", 7)):
                last = end - timedelta(days=back)
                rows = log[log["day"].between(last - timedelta(days=length - 1), last)]
                told = {one["name"]: one[name] for one in facts["sums"]}
                assert told["visits"] == measure(rows, "visits")
                assert told["litres"] == int(rows["millilitres"].fillna(0).sum())
                assert told["spend"] == int(rows["amount"].fillna(0).sum())
            for place, row in enumerate(facts["daily"]):
                day = TODAY - timedelta(days=7 - place)
                assert row["day"] == day.isoformat()
                assert row["visits"] == measure(log[log["day"] == day], "visits")
                assert row["before"] == measure(log[log["day"] == day - timedelta(days=7)], "visits")
            due = oracle.people["due_on"]
            ahead = [TODAY + timedelta(days=each) for each in range(length)]
            assert facts["due"]["customers"] == int(due.isin(ahead).sum())


def test_who_moved_and_whose_names(chain: Database) -> None:
    for stations in SCOPES:
        oracle = oracle_of(chain, stations)
        was, now = oracle.standing(TODAY - timedelta(days=7)), oracle.standing(TODAY)
        moves = [(n, now[n]) for n in now if was[n] and was[n] != now[n] and now[n] in TOLD]
        with chain.read() as session:
            found = digest(session, asker(stations), 0, 7)
        assert moves
        assert {one["segment"]: one["customers"] for one in found.facts["moved"]} == {
            name: sum(after == name for _, after in moves) for _, name in moves
        }
        begun = oracle.standing(TODAY - timedelta(days=7))
        fresh = {n for n, after in now.items() if after == "at_risk_vip" and begun[n] != "at_risk_vip"}
        assert set(found.named) <= fresh
        assert len(found.named) == len(found.facts["vips"]) == min(3, len(fresh))


def test_overdue_follow_ups_are_mine_or_nobodys(chain: Database) -> None:
    with chain.write() as session:
        for number in (901, 902):
            session.add(Staff(id=number, telegram_id=number, role="manager", added_at=NOON))
        session.flush()
        people = session.scalars(select(Customer).order_by(Customer.id).limit(4)).all()
        for customer, staff, days in zip(people, (901, 901, 902, 901), (-1, 2, -1, 0), strict=True):
            tasks.make(session, customer, "away", words=None, due=TODAY + timedelta(days=days),
                       staff_id=staff, today=TODAY, now=NOON)  # fmt: skip
        assert digest(session, asker(None), 901, 7).facts["overdue"] == 1


def sent(session: Any, customer: int, at: datetime, campaign: str, state: str = "sent") -> None:
    session.add(
        Outbound(
            campaign=campaign, occurrence=at.isoformat(), customer_id=customer, state=state, kind="marketing",
            priority=5, template="x", facts={}, planned_at=at, not_before=at,
            expires_at=at + timedelta(days=1), claimed_at=at,
        )
    )  # fmt: skip


def test_what_campaigns_brought_is_that_of_pandas(chain: Database) -> None:
    since, until = NOON - timedelta(days=7), NOON
    with chain.write() as session:
        for number in range(1, 61):
            at = NOON - timedelta(days=number % 10, hours=1)
            sent(
                session, number, at, "win_back" if number % 3 else "vip", "sent" if number % 4 else "unknown"
            )
            if number % 5 == 0:
                session.add(
                    Coupon(
                        code=f"C{number}",
                        customer_id=number,
                        campaign="vip",
                        occurrence=str(number),
                        value=100,
                        currency="CNY",
                        issued_at=at,
                        expires_at=until,
                        redeemed_at=at,
                        redeemed_station_id=number % 5 + 1,
                    )
                )
    for stations in SCOPES:
        oracle = oracle_of(chain, stations)
        log = oracle.log if stations is None else oracle.log[oracle.log["station_id"].isin(stations)]
        expected: dict[str, list[int]] = {}
        for number in range(1, 61):
            at = NOON - timedelta(days=number % 10, hours=1)
            if at < since or not number % 4 or number not in set(oracle.people["id"]):
                continue
            row = expected.setdefault("win_back" if number % 3 else "vip", [0, 0])
            row[0] += 1
            mine = log[(log["customer_id"] == number) & (log["at"] > at) & (log["at"] < until)]
            row[1] += len(mine) > 0
        who = asker(stations)
        with chain.read() as session:
            found = brought(session, who.customers, stations, since, until)
        assert {one["campaign"]: [one["sent"], one["came"]] for one in found} == expected
        assert sum(one["came"] for one in found) > 0
        spent = next(one["redeemed"] for one in found if one["campaign"] == "vip")
        assert spent == (0 if stations else sum(n % 10 < 7 for n in range(5, 61, 5)))
