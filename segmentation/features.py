"""Visits -> one row of integers per customer, for any day. Pure.

Every feature of the window is a difference of two running sums, so that a past day costs as little as
today, and a state that slides (add the new day, subtract the day that leaves) gives the same numbers.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segmentation.named import named
from segmentation.visits import Bools, Ints, Visits

_DAYS = 2**21  # more days than any calendar here holds, so customer and day fit one sortable number
_NEVER = -1


class History:
    """Running sums over visits, made once; ``features`` asks them about as many days as it likes."""

    def __init__(self, visits: Visits) -> None:
        self.visits = visits
        self.count = len(visits.customers)
        self._key = visits.customer * _DAYS + visits.day
        self.first = np.searchsorted(visits.customer, np.arange(self.count))

    def position(self, day: int) -> Ints:
        """Per customer: one past the last visit on or before ``day``, as a place in the visits."""
        found: Ints = np.searchsorted(self._key, np.arange(self.count) * _DAYS + day, side="right")
        return found

    @cached_property
    def confirmed(self) -> Ints:
        return _running(self.visits.confirmed)

    @cached_property
    def money(self) -> list[Ints]:
        return [_running(row) for row in self.visits.money]

    @cached_property
    def paid(self) -> list[Ints]:
        return [_running(row) for row in self.visits.paid]

    @cached_property
    def gaps(self) -> Ints:
        return _running(self.visits.gap >= 0)

    @cached_property
    def rhythm(self) -> Ints:
        return _running(self.visits.rhythm)

    @cached_property
    def rhythm_squares(self) -> Ints:
        return _running(self.visits.rhythm**2)

    @cached_property
    def days(self) -> Ints:
        return _running(self.visits.new_day)

    @cached_property
    def last_confirmed(self) -> Ints:
        """Per place: the place of the last confirmed visit up to and with it (of anyone), or -1."""
        places = np.where(self.visits.confirmed, np.arange(len(self.visits.day)), _NEVER)
        found: Ints = np.maximum.accumulate(places)
        return found


def features(history: History, day: int, window_days: int) -> pd.DataFrame:
    """One row per customer (index: their keys), as of the end of ``day`` (days since 1970-01-01).

    | column | meaning |
    | --- | --- |
    | visits, first_day, last_day | all counting visits ever; days since 1970, -1 for none |
    | visit_days | days with a visit ever |
    | last_gap | seconds between the last visit and the one before it, -1 for none |
    | gaps, gap_sum, gap_squares | how many gaps; sums of round(1000 ln days) and of its square |
    | recency_days | whole days since the last confirmed visit ever, -1 for none |
    | frequency | confirmed visits in the window of ``window_days`` that ends with ``day`` |
    | monetary, currency | their money in the main currency, minor units; "" for none |
    """
    first, end = history.first, history.position(day)
    start = np.maximum(history.position(day - window_days), first)
    frame = _lifelong(history, first, end)
    frame["recency_days"] = _recency(history, first, end, day)
    frame["frequency"] = history.confirmed[end] - history.confirmed[start]
    frame["monetary"], frame["currency"] = _main_money(history, first, start, end)
    return pd.DataFrame(frame, index=pd.Index(history.visits.customers, name="customer"))


def _lifelong(history: History, first: Ints, end: Ints) -> dict[str, Any]:
    visits = history.visits
    some = end > first
    return {
        "visits": end - first,
        "visit_days": history.days[end] - history.days[first],
        "first_day": _at(visits.day, first, some),
        "last_day": _at(visits.day, end - 1, some),
        "last_gap": _at(visits.gap, end - 1, some),
        "gaps": history.gaps[end] - history.gaps[first],
        "gap_sum": history.rhythm[end] - history.rhythm[first],
        "gap_squares": history.rhythm_squares[end] - history.rhythm_squares[first],
    }


def _recency(history: History, first: Ints, end: Ints, day: int) -> Ints:
    last = _at(history.last_confirmed, end - 1, end > first)
    found = (last >= first) & (end > first)
    return np.where(found, day - _at(history.visits.day, last, found), _NEVER)


def _main_money(history: History, first: Ints, start: Ints, end: Ints) -> tuple[Ints, pd.Categorical]:
    """Money in the currency of most visits in the window, then ever, then the first in the alphabet."""
    best = np.full(history.count, -1, dtype=np.int64)
    weight = np.zeros(history.count, dtype=np.int64)
    monetary = np.zeros(history.count, dtype=np.int64)
    for kind, (paid, money) in enumerate(zip(history.paid, history.money, strict=True)):
        mine = (paid[end] - paid[start]) * 2**32 + (paid[end] - paid[first])
        better = mine > weight
        weight[better], best[better] = mine[better], kind
        monetary[better] = (money[end] - money[start])[better]
    return monetary, named(best, [*history.visits.currencies, ""])


def other_money(
    history: History, frame: pd.DataFrame, day: int, window_days: int
) -> dict[int, dict[str, int]]:
    """Money of the window in other than the main currency: {place of the customer: {currency: minor}}."""
    end = history.position(day)
    start = np.maximum(history.position(day - window_days), history.first)
    result: dict[int, dict[str, int]] = {}
    for name, paid, money in zip(history.visits.currencies, history.paid, history.money, strict=True):
        beside = (paid[end] > paid[start]) & (frame["currency"].to_numpy() != name)
        spent = money[end] - money[start]
        for place in np.flatnonzero(beside).tolist():
            result.setdefault(place, {})[name] = int(spent[place])
    return result


def _running(values: npt.NDArray[np.generic]) -> Ints:
    """Sums of the first 0, 1, ... n values."""
    sums = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def _at(values: Ints, places: Ints, valid: Bools) -> Ints:
    """The values at these places, -1 where the place is not valid."""
    result = np.full(len(places), _NEVER, dtype=np.int64)
    result[valid] = values[places[valid]]
    return result
