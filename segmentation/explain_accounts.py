"""Why each account is what it is: its numbers, those of its drivers, and the thresholds. JSON facts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from segmentation.accounts import FIELDS, UNTOLD, thresholds
from segmentation.segments import Outcome

Facts = dict[str, Any]


def explain_accounts(outcome: Outcome) -> dict[int, Facts]:
    """One fact sheet per account:

    | key | facts |
    | --- | --- |
    | account | code, name, industry, size, region (null where unknown), drivers |
    | credit | see ``credit_facts`` |
    | value, frequency | class, number, high and medium (null: too few people to tell), currency |
    | lifecycle | stage, alive_percent |
    | tier | name, rule (the conditions that fitted), group_tier, group_drivers, group_monetary |
    """
    fleet = outcome.accounts
    rows = fleet.to_dict("records")
    return {key: _sheet(row, outcome) for key, row in zip(fleet.index.tolist(), rows, strict=True)}


def _sheet(row: dict[Any, Any], outcome: Outcome) -> Facts:
    rules = outcome.criteria.accounts
    money = thresholds(outcome.cuts.value.get(row["currency"]), rules.value_times)
    visits = thresholds(outcome.cuts.frequency, rules.frequency_times)
    tier = rules.tiers[row["tier_rule"] - 1]
    return {
        "as_of": outcome.as_of.isoformat(),
        "account": {
            "code": row["code"],
            **{name: row[name] or None for name in ("name", "industry", "size", "region")},
            "drivers": row["drivers"],
        },
        "credit": credit_facts(row, outcome),
        "value": _class(row["value"], row["monetary"], money) | {"currency": row["currency"]},
        "frequency": _class(row["frequency_class"], row["frequency"], visits),
        "lifecycle": {"stage": row["lifecycle"], "alive_percent": rules.alive_percent},
        "tier": {
            "name": row["tier"],
            "rule": tier.model_dump(exclude={"name"}, exclude_none=True),
            "group_tier": row["group_tier"],
            "group_drivers": row["group_drivers"],
            "group_monetary": row["group_monetary"],
        },
    }


def _class(name: str, number: int, cuts: tuple[int, int] | None) -> Facts:
    return {"class": name or None, "number": number, "high": cuts and cuts[0], "medium": cuts and cuts[1]}


def credit_facts(row: dict[Any, Any], outcome: Outcome) -> Facts:
    """risk; the account's days_overdue, failed_payments, used_percent (null where nobody told), balance and
    credit_limit in minor units of currency; the least numbers of high and medium."""
    told = {name: None if pd.isna(row[name]) else row[name] for name in FIELDS}
    rules = outcome.criteria.credit
    return {
        "risk": row["credit_risk"],
        "account": row["code"],
        "currency": row["currency"],
        "used_percent": None if row["used_percent"] == UNTOLD else row["used_percent"],
        **{name: None if value is None else int(value) for name, value in told.items()},
        "high": rules.high.model_dump(),
        "medium": rules.medium.model_dump(),
    }
