"""What month ends remember: who was what, by the plain cut-offs of that day. Pure.

A snapshot is a function of the log alone, so any past day can be computed again; nothing else than
the log and the criteria decides a class.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from segmentation.classes import Cutoffs, Levels, cutoffs, day_number, frequency_levels, value_levels
from segmentation.criteria import Criteria, Vip
from segmentation.features import History, features
from segmentation.rhythm import Groups, life
from segmentation.visits import Bools, Ints, among


@dataclass(frozen=True)
class Snapshot:
    """One month end: its cut-offs, each customer's levels (see classes), and who met the VIP rule."""

    day: int
    cuts: Cutoffs
    value: Levels
    frequency: Levels
    vip: Bools


def month_ends(before: date, count: int) -> list[date]:
    """The last ``count`` month ends before that day, the latest first."""
    days = []
    day = before
    for _ in range(count):
        day = day.replace(day=1) - timedelta(days=1)
        days.append(day)
    return days


def snapshot(history: History, personas: Groups, day: int, criteria: Criteria) -> Snapshot:
    return taken(features(history, day, criteria.rfm.window_days), personas, day, criteria)


def taken(frame: pd.DataFrame, personas: Groups, day: int, criteria: Criteria) -> Snapshot:
    """A snapshot from the features of that day."""
    cuts = cutoffs(frame, day, criteria)
    nothing = np.zeros(len(frame), dtype=np.int64)
    value = value_levels(frame, cuts, nothing, 0)
    frequency = frequency_levels(frame, cuts, nothing, 0)
    stage = life(frame, personas, frequency, day, criteria)["lifecycle"]
    vip = meets_vip(value, frequency, stage, criteria.vip)
    return Snapshot(day, cuts, value.astype(np.uint8), frequency.astype(np.uint8), vip)


def snapshots(history: History, personas: Groups, as_of: date, criteria: Criteria) -> list[Snapshot]:
    """The month ends before ``as_of`` that the rules look back on, the latest first."""
    days = [day_number(day) for day in month_ends(as_of, criteria.memory_months)]
    return [snapshot(history, personas, day, criteria) for day in days]


def meets_vip(value: Ints, frequency: Ints, stage: pd.Series[str], rule: Vip) -> Bools:
    ranks = {"low": 1, "medium": 2, "high": 3}
    return (
        np.isin(value, [ranks[name] for name in rule.value])
        & np.isin(frequency, [ranks[name] for name in rule.frequency])
        & among(stage, rule.lifecycle)
    )


def months_since_vip(past: list[Snapshot], count: int) -> Levels:
    """Per customer: 1 if the VIP rule was met at the last month end, 2 at the one before; 0: at none."""
    since = np.zeros(count, dtype=np.uint8)
    for ago in range(len(past), 0, -1):
        since[past[ago - 1].vip] = ago
    return since
