"""Where an invented driver surely stands today: for accounts whose drivers drift away, leave or return.

It reads who came when and changes nothing of it: the log is what it would be without any account.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bot.demo.data import HISTORY_DAYS, Floats, Ints
from bot.demo.visits import Came

LEAST_GAPS = 6
PULL = 5  # as many gaps of everyone are mixed into each rhythm
SURE = 1.25  # how far from a limit somebody must be
NEW_DAYS, BACK_DAYS, LONG_GONE_DAYS = 24, 20, 230


def stages(came: Came, people: int) -> npt.NDArray[np.object_]:
    """Per person lapsing, dormant, churned, reactivated, new, or "" where another day could change it."""
    found = np.full(people, "", dtype=object)
    if not len(came):
        return found
    first, last = np.full(people, np.inf), np.full(people, -np.inf)
    np.minimum.at(first, came.person, came.at)
    np.maximum.at(last, came.person, came.at)
    gaps, limit, last_gap = _rhythm(came, people)
    dormant = np.maximum(2 * limit, 45)
    since = HISTORY_DAYS - last
    known = gaps >= LEAST_GAPS
    found[known & (since > SURE * limit) & (SURE * since < dormant)] = "lapsing"
    found[known & (since > 1.1 * dormant) & (since < dormant + LONG_GONE_DAYS / 2)] = "dormant"
    found[known & (since > dormant + LONG_GONE_DAYS)] = "churned"
    found[known & (since < BACK_DAYS) & (last_gap > SURE * dormant)] = "reactivated"
    found[(HISTORY_DAYS - first < NEW_DAYS) & (since < 7)] = "new"
    return found


def _rhythm(came: Came, people: int) -> tuple[Ints, Floats, Floats]:
    """How many gaps each has, the limit beyond which they are missed, and the last gap; days."""
    same = came.person[1:] == came.person[:-1]
    person, gap = came.person[1:][same], np.maximum(np.diff(came.at)[same], 0.25)
    x = np.log(gap)
    n = np.bincount(person, minlength=people)
    sums, squares = (np.bincount(person, weights=x**power, minlength=people) for power in (1, 2))
    mean = sums / np.maximum(n, 1)
    variance = squares / np.maximum(n, 1) - mean**2
    m0, v0 = x.mean(), x.var()
    pulled = (n * mean + PULL * m0) / (n + PULL)
    spread = (n * variance + PULL * v0 + n * PULL / (n + PULL) * (mean - m0) ** 2) / (n + PULL)
    last_gap = np.zeros(people)
    last_gap[person] = gap  # sorted by time: the last one stays
    return n, np.maximum(np.exp(pulled + 1.645 * np.sqrt(spread)), 10.0), last_gap
