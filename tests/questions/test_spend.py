"""Spend by month: the months that are shown, the average of whole ones, and a picture in both languages."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.stations import Station
from questions.asker import Asker
from questions.spend import by_month, picture
from tests.conftest import NOON

TODAY = date(2026, 6, 15)
SHANGHAI = ZoneInfo("Asia/Shanghai")
Spent = tuple[date, int | None, str, bool]


def told(database: Database, spent: list[Spent], *, trust: bool = False) -> dict[str, object]:
    with database.write() as session:
        session.add_all(
            [Customer(id=1, known_at=NOON), Station(id=1, code="N", name="N", timezone="UTC", currency="CNY")]
        )
        session.flush()
        for place, (day, amount, currency, confirmed) in enumerate(spent):
            session.add(
                Fillup(customer_id=1, station_id=1, at=NOON + timedelta(hours=place), day=day, amount=amount,
                       currency=currency, source="pos", confirmed=confirmed, recorded_at=NOON)
            )  # fmt: skip
    with database.read() as session:
        return by_month(session, 1, Asker(None, TODAY, "CN", SHANGHAI, trust))


def test_a_year_at_least_and_two_at_most(database: Database) -> None:
    facts = told(
        database, [(date(2024, 6, 30), 99_900, "CNY", True), (date(2024, 7, 1), 10_000, "CNY", True)]
    )
    months = facts["months"]
    assert isinstance(months, list)
    assert [months[0], months[-1], len(months)] == [
        {"month": "2024-07", "amount": 10_000}, {"month": "2026-06", "amount": 0}, 24,
    ]  # fmt: skip
    assert facts["average"] == 400  # 10,000 fen in 23 whole months, in whole yuan


def test_what_counts_and_in_which_currency(database: Database) -> None:
    spent: list[Spent] = [
        (date(2026, 5, 1), 10_000, "CNY", True),
        (date(2026, 5, 31), 5_000, "CNY", True),
        (date(2026, 5, 2), 70_000, "CNY", False),  # their own record
        (date(2026, 5, 3), 900, "USD", True),
        (date(2026, 5, 4), None, "CNY", True),
        (date(2026, 6, 16), 80_000, "CNY", True),  # not yet
    ]
    facts = told(database, spent)
    months = facts["months"]
    assert isinstance(months, list)
    assert (facts["currency"], facts["total"], len(months)) == ("CNY", 15_000, 12)
    assert months[-2] == {"month": "2026-05", "amount": 15_000}


@pytest.mark.parametrize("locale", ["en", "zh"])
@pytest.mark.parametrize("amounts", [[0] * 12, [0] * 11 + [100], [-500, *[0] * 11], [10**12] * 24])
def test_every_year_can_be_drawn(locale: str, amounts: list[int]) -> None:
    months = [
        {"month": f"{2025 + n // 12}-{n % 12 + 1:02}", "amount": each} for n, each in enumerate(amounts)
    ]
    facts = {
        "name": "$x$ 张",
        "currency": "CNY",
        "months": months,
        "average": 100,
        "scoped": True,
        "total": 1,
    }
    assert picture(facts, locale).startswith(b"\x89PNG")
