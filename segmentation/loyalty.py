"""Loyalty in points of 100: how long, how often, how regularly, how much at one station, how near. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from segmentation.named import named
from segmentation.thresholds import Loyalty
from segmentation.visits import Ints

PARTS = ("tenure", "months", "regularity", "home", "bot")


def loyalty(frame: pd.DataFrame, day: int, criteria: Loyalty) -> pd.DataFrame:
    """``loyalty`` (high, medium, low), ``points``, and ``points_<part>`` for each of PARTS.

    ``frame``: first_day, months_seen, months_of, gaps, spread (thousandths), home_visits, window_visits,
    in_chat, own_lines. Every part is rounded down to whole points.
    """
    most = criteria.points
    first = frame["first_day"].to_numpy()
    tenure = np.where(first < 0, 0, np.minimum(day - first, criteria.tenure_days))
    early, late = round(1000 * criteria.regular_spread), round(1000 * criteria.irregular_spread)
    steady = np.clip(late - frame["spread"].to_numpy(), 0, late - early)
    steady = np.where(frame["gaps"].to_numpy() > 0, steady, 0)  # a rhythm of their own, not of others
    in_chat, records = frame["in_chat"].to_numpy() > 0, frame["own_lines"].to_numpy() > 0
    columns = {
        "tenure_days": tenure,
        "points_tenure": most.tenure * tenure // criteria.tenure_days,
        "points_months": _part(most.months, frame["months_seen"], frame["months_of"]),
        "points_regularity": most.regularity * steady // (late - early),
        "points_home": _part(most.home, frame["home_visits"], frame["window_visits"]),
        "points_bot": np.where(in_chat, np.where(records, most.bot, most.bot // 2), 0),
    }
    points = np.sum([columns[f"points_{part}"] for part in PARTS], axis=0, dtype=np.int64)
    level = (points >= criteria.medium).astype(np.int64) + (points >= criteria.high)
    levels = named(level, ("low", "medium", "high"))
    return pd.DataFrame({**columns, "points": points, "loyalty": levels}, index=frame.index)


def _part(most: int, some: pd.Series[int], of: pd.Series[int]) -> Ints:
    total = of.to_numpy()
    share: Ints = most * np.minimum(some.to_numpy(), total) // np.maximum(total, 1)
    return share
