"""Accounts: credit risk, and what their drivers' visits make of them. Pure.

An account is held against the cut-offs of people, so many times over: any number of accounts can be
classed, one alone too. A group is an account with no parent and everything below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segmentation.classes import LEVELS, Cutoffs, level
from segmentation.thresholds import Accounts, Credit, Tier, Times
from segmentation.visits import Bools, Ints

RISKS = ("none", "low", "medium", "high")
UNTOLD = -1
FIELDS = ("credit_limit", "balance", "days_overdue", "failed_payments")
Texts = npt.NDArray[np.object_]


def credit(accounts: pd.DataFrame, criteria: Credit) -> pd.DataFrame:
    """``credit_risk`` and ``used_percent`` of the limit (-1: no limit). One number reached is enough.

    Prepaid (a limit of nothing, or nothing told at all) is ``none``. ``accounts``: FIELDS, with missing
    values where nobody told.
    """
    told = accounts[[*FIELDS]].notna().to_numpy()
    number = {name: accounts[name].fillna(0).to_numpy().astype(np.int64) for name in FIELDS}
    limit, owed = number["credit_limit"], np.maximum(number["balance"], 0)
    used = np.where(limit > 0, 100 * owed // np.maximum(limit, 1), UNTOLD)
    prepaid = (told[:, 0] & (limit <= 0)) | ~told.any(axis=1)
    risk = np.ones(len(accounts), dtype=np.int64)
    for rank, least in ((2, criteria.medium), (3, criteria.high)):
        reached = (number["days_overdue"] >= least.days_overdue) | (used >= least.used_percent)
        risk[reached | (number["failed_payments"] >= least.failed_payments)] = rank
    risk[prepaid] = 0
    return pd.DataFrame(
        {"credit_risk": np.array(RISKS, dtype=object)[risk], "used_percent": used}, index=accounts.index
    )


def roots(parents: dict[int, int]) -> dict[int, int]:
    """Each account's topmost parent. A circle, which no import lets in, ends at its lowest number."""
    found = {}
    for account in parents:
        seen, at = [account], account
        while (parent := parents.get(at, 0)) and parent in parents and parent not in seen:
            at = parent
            seen.append(at)
        found[account] = min(seen[seen.index(parent) :]) if parent in seen else at
    return found


@dataclass(frozen=True)
class Drivers:
    """The customers who drive on account: one place each."""

    account: Ints
    frequency: Ints
    monetary: Ints
    currency: Texts
    stage: Texts


def classify(
    accounts: pd.DataFrame, drivers: Drivers, cuts: Cutoffs, criteria: Accounts, risks: pd.DataFrame
) -> pd.DataFrame:
    """One row per account (index as ``accounts``): what its own drivers come to, and its group's tier.

    Columns: drivers, frequency, monetary (in the account's currency; other money is left out), currency,
    value, frequency_class ("" where people have no cut-offs yet), lifecycle, tier, tier_rule (1-based),
    group (id of the topmost parent), group_drivers, group_frequency, group_monetary, group_tier.
    """
    ids = accounts.index.to_numpy()
    parents = dict(zip(ids.tolist(), accounts["parent"].tolist(), strict=True))
    root = roots(parents)
    group = np.array([root[key] for key in ids.tolist()], dtype=np.int64)
    own = _sheet(ids, ids, accounts, drivers, cuts, criteria)
    own["tier_rule"] = _tiers(own.assign(credit_risk=risks["credit_risk"]), criteria.tiers)
    names = np.array(["", *(tier.name for tier in criteria.tiers)], dtype=object)
    own["tier"] = names[own["tier_rule"].to_numpy()]
    whole = _sheet(ids, group, accounts, drivers, cuts, criteria)
    rank = risks["credit_risk"].map(RISKS.index).to_numpy().astype(np.int64)
    worst = pd.Series(rank).groupby(group).max()
    whole["credit_risk"] = np.array(RISKS, dtype=object)[worst.reindex(group).to_numpy()]
    own["group"] = group
    for name in ("drivers", "frequency", "monetary"):
        own[f"group_{name}"] = whole[name].to_numpy()
    own["group_tier"] = names[_tiers(whole, criteria.tiers)]
    return own


def _sheet(
    ids: Ints, group: Ints, accounts: pd.DataFrame, drivers: Drivers, cuts: Cutoffs, criteria: Accounts
) -> pd.DataFrame:
    """The sums of everyone whose account is in the group of each, and their classes."""
    place = np.searchsorted(ids, drivers.account)
    of = np.searchsorted(ids, group)  # each account's group, as a place among the ids
    currency = accounts["currency"].to_numpy().astype(object)[of]
    mine = of[place]
    same = drivers.currency == currency[place]
    count = len(ids)
    frequency = _add(mine, drivers.frequency, count)[of]
    money = _add(mine[same], drivers.monetary[same], count)[of]
    columns: dict[str, Any] = {
        "drivers": np.bincount(mine, minlength=count).astype(np.int64)[of],
        "frequency": frequency,
        "monetary": money,
        "currency": currency,
        "value": LEVELS[_value(money, currency, cuts, criteria.value_times)],
        "frequency_class": LEVELS[_against(frequency, cuts.frequency, criteria.frequency_times)],
        "lifecycle": _stages(mine, drivers.stage, count, criteria)[of],
    }
    return pd.DataFrame(columns, index=pd.Index(ids, name="account"))


def _add(place: Ints, values: Ints, count: int) -> Ints:
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, place, values)
    return sums


def _value(money: Ints, currency: Texts, cuts: Cutoffs, times: Times) -> Ints:
    levels = np.zeros(len(money), dtype=np.int64)
    for name, pair in cuts.value.items():
        mine = currency == name
        levels[mine] = _against(money[mine], pair, times)
    return levels


def thresholds(cut: tuple[int, int] | None, times: Times) -> tuple[int, int] | None:
    """From where an account is high and medium: multiples of what makes a person high, rounded up."""
    if cut is None:
        return None
    return int(np.ceil(times.high * cut[0])), int(np.ceil(times.medium * cut[0]))


def _against(values: Ints, cut: tuple[int, int] | None, times: Times) -> Ints:
    found = thresholds(cut, times)
    if found is None:
        return np.zeros(len(values), dtype=np.int64)
    return level(values, found, np.zeros(len(values), dtype=np.int64), 0)


def _stages(place: Ints, stage: Texts, count: int, criteria: Accounts) -> Texts:
    """The stage that so many per cent of those who ever came have reached, the most alive first."""
    came = np.zeros(count, dtype=np.int64)
    by_stage = []
    for name in criteria.alive_order:
        by_stage.append(np.bincount(place[stage == name], minlength=count).astype(np.int64))
        came += by_stage[-1]
    result = np.full(count, "prospect", dtype=object)
    so_far = np.zeros(count, dtype=np.int64)
    for name, number in zip(criteria.alive_order, by_stage, strict=True):
        before = 100 * so_far >= criteria.alive_percent * came
        so_far += number
        result[(came > 0) & ~before & (100 * so_far >= criteria.alive_percent * came)] = name
    return result


def _tiers(frame: pd.DataFrame, tiers: list[Tier]) -> Ints:
    """The first rule that fits, 1-based."""
    rule = np.zeros(len(frame), dtype=np.int64)
    for number, tier in enumerate(tiers, start=1):
        fits: Bools = np.ones(len(frame), dtype=bool)
        for name, wanted in tier.model_dump(exclude={"name"}, exclude_none=True).items():
            column = "frequency_class" if name == "frequency" else name
            fits &= np.isin(frame[column].to_numpy().astype(str), wanted)
        rule[(rule == 0) & fits] = number
    return rule
