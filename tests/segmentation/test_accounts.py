"""Accounts: what their drivers come to, their tiers, their groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from segmentation.accounts import Drivers, classify, credit, roots
from segmentation.classes import Cutoffs
from segmentation.criteria import load
from segmentation.thresholds import Accounts

CUTS = Cutoffs(taken=0, population=100, value={"CNY": (1000, 400)}, frequency=(10, 5))
NOTHING = {"credit_limit": None, "balance": None, "days_overdue": None, "failed_payments": None}
Driver = tuple[int, int, int, str, str]


def fleet(
    drivers: list[Driver], parents: dict[int, int] | None = None, cuts: Cutoffs = CUTS, **told: Any
) -> pd.DataFrame:
    """Accounts 1, 2, 3 ... with drivers (account, visits, money, currency, stage)."""
    parents = parents or {1: 0}
    rows = [{"parent": parent, "currency": "CNY", **NOTHING, **told} for parent in parents.values()]
    accounts = pd.DataFrame(rows, index=pd.Index(parents, name="account"))
    risks = credit(accounts, load().credit)
    return classify(accounts, columns(drivers), cuts, load().accounts, risks)


def columns(drivers: list[Driver]) -> Drivers:
    account, frequency, monetary, currency, stage = zip(*drivers, strict=True) if drivers else [()] * 5
    return Drivers(
        account=np.array(account, dtype=np.int64),
        frequency=np.array(frequency, dtype=np.int64),
        monetary=np.array(monetary, dtype=np.int64),
        currency=np.array(currency, dtype=object),
        stage=np.array(stage, dtype=object),
    )


def driver(account: int = 1, visits: int = 10, money: int = 1000, stage: str = "active") -> Driver:
    return account, visits, money, "CNY", stage


def test_an_account_is_the_sum_of_its_drivers_in_its_own_currency() -> None:
    row = fleet([driver(), driver(visits=3, money=-50), (1, 4, 900, "EUR", "active")]).loc[1]
    assert (row["drivers"], row["frequency"], row["monetary"], row["currency"]) == (3, 17, 950, "CNY")


@pytest.mark.parametrize(
    ("money", "value", "tier"),
    [
        (9_999, "medium", "major"),
        (10_000, "high", "key"),
        (3_000, "medium", "major"),
        (2_999, "low", "standard"),
        (0, "low", "standard"),
    ],
)
def test_value_is_so_many_times_that_of_a_person(money: int, value: str, tier: str) -> None:
    row = fleet([driver(money=money)]).loc[1]
    assert (row["value"], row["tier"]) == (value, tier)


def test_without_cut_offs_there_is_no_class_but_a_tier() -> None:
    row = fleet([driver(money=10**9)], cuts=Cutoffs(0, 3, {}, None)).loc[1]
    assert (row["value"], row["frequency_class"], row["tier"]) == ("", "", "standard")


@pytest.mark.parametrize(
    ("stages", "stage"),
    [
        (["active", "dormant"], "active"),
        (["active", "dormant", "dormant"], "dormant"),
        (["reactivated", "active", "new", "churned"], "reactivated"),
        (["prospect", "prospect", "lapsing"], "lapsing"),
        (["prospect"], "prospect"),
        ([], "prospect"),
    ],
)
def test_the_stage_is_that_of_the_driver_in_the_middle(stages: list[str], stage: str) -> None:
    assert fleet([driver(stage=each) for each in stages]).loc[1, "lifecycle"] == stage


def test_who_does_not_pay_is_watched_whatever_they_spend() -> None:
    assert fleet([driver(money=10**6)], days_overdue=30).loc[1, "tier"] == "watch"
    assert fleet([driver(money=10**6)], days_overdue=29).loc[1, "tier"] == "key"


def test_a_group_has_the_tier_of_all_its_accounts() -> None:
    found = fleet(
        [driver(1, money=4_000), driver(2, money=4_000), driver(3, money=4_000), driver(4, money=1)],
        {1: 0, 2: 1, 3: 2, 4: 0},
    )
    assert found["tier"].tolist() == ["major", "major", "major", "standard"]
    assert found["group_tier"].tolist() == ["key", "key", "key", "standard"]
    assert found["group"].tolist() == [1, 1, 1, 4]
    assert found["group_monetary"].tolist() == [12_000, 12_000, 12_000, 1]


def test_parents_in_a_circle_end_somewhere() -> None:
    assert roots({1: 2, 2: 3, 3: 1, 4: 1, 5: 9}) == {1: 1, 2: 1, 3: 1, 4: 1, 5: 5}


@pytest.mark.parametrize(
    ("told", "risk"),
    [
        ({}, "none"),
        ({"credit_limit": 0, "days_overdue": 90}, "none"),
        ({"credit_limit": 100}, "low"),
        ({"balance": 50}, "low"),
        ({"credit_limit": 100, "balance": -500}, "low"),
        ({"days_overdue": 8}, "medium"),
        ({"credit_limit": 100, "balance": 80}, "medium"),
        ({"credit_limit": 1000, "balance": 799, "failed_payments": 3}, "high"),
    ],
)
def test_one_number_is_enough_for_a_risk(told: dict[str, int], risk: str) -> None:
    accounts = pd.DataFrame([{**NOTHING, **told}], index=pd.Index([1]))
    assert credit(accounts, load().credit)["credit_risk"].tolist() == [risk]


def test_no_account_is_no_fault() -> None:
    names = (*NOTHING, "parent", "currency")
    empty = pd.DataFrame({name: [] for name in names}, index=pd.Index([], dtype=int))
    rules: Accounts = load().accounts
    assert len(classify(empty, columns([]), CUTS, rules, credit(empty, load().credit))) == 0
