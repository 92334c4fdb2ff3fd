"""Visits -> what BG/NBD needs of each customer, and the distinct patterns with their counts. Pure.

``recency_weeks`` here is first visit to last visit. It is not the R of RFM, which is last visit to today.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_WEEK = 7.0  # days
_MIDDLE = 3 / 7  # of the seven days 0 to 6 of a week, in weeks; rounding to 0 would bias the fit


def summary(visits: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """One row per customer who came by the end of day ``as_of`` (days since 1970), indexed by customer.

    ``visits``: customer (any type that sorts), day (days since 1970) and optionally value (minor units), in
    any order; what one customer did on one day is one visit. Gives ``repeat_visits``, ``recency_weeks``
    (first to last visit), ``age_weeks`` (first visit to ``as_of``) and, with values, ``mean_value``: the
    mean of the days after the first, nan where there is none.
    """
    known = visits["day"].to_numpy() <= as_of
    codes, customers = pd.factorize(visits["customer"].to_numpy()[known], sort=True)
    days = visits["day"].to_numpy()[known].astype(np.int64)
    index = pd.Index(customers, name="customer")
    if not len(days):
        return _frame(np.zeros(0, np.int64), days, days, index, np.zeros(0) if "value" in visits else None)
    least = int(days.min())
    span = int(days.max()) - least + 1
    keys, place = np.unique(codes.astype(np.int64) * span + (days - least), return_inverse=True)
    who, day = keys // span, keys % span
    edges = np.flatnonzero(np.diff(who, prepend=-1))
    repeats = np.diff(edges, append=len(who)) - 1
    first, last = day[edges], day[np.append(edges[1:], len(day)) - 1]
    mean = (
        _mean_value(visits["value"].to_numpy()[known], place, edges, repeats) if "value" in visits else None
    )
    return _frame(repeats, last - first, as_of - least - first, index, mean)


def _mean_value(value: Floats, place: Ints, edges: Ints, repeats: Ints) -> Floats:
    daily = np.bincount(place, weights=value.astype(np.float64))
    daily[edges] = 0.0
    # One addition per customer, in the order of days: no difference of long running sums.
    total = np.add.reduceat(daily, edges)
    mean: Floats = np.where(repeats > 0, total / np.maximum(repeats, 1), np.nan)
    return mean


def _frame(repeats: Ints, recency: Ints, age: Ints, index: pd.Index, mean: Floats | None) -> pd.DataFrame:
    columns = {"repeat_visits": repeats, "recency_weeks": recency / _WEEK, "age_weeks": age / _WEEK}
    if mean is not None:
        columns["mean_value"] = mean
    return pd.DataFrame(columns, index=index)


@dataclass(frozen=True)
class Patterns:
    """Distinct (repeat visits, recency, age) and how many customers have each: all that the fit needs."""

    repeats: Ints
    recency: Floats
    age: Floats
    count: Floats

    def __len__(self) -> int:
        return len(self.count)

    def thinned(self, most: int) -> Patterns:
        """At most about ``most`` of them, evenly spaced."""
        every = slice(None, None, max(1, len(self) // most))
        return Patterns(self.repeats[every], self.recency[every], self.age[every], self.count[every])


def patterns(frame: pd.DataFrame, *, rounded: bool = False) -> Patterns:
    """The patterns of ``frame`` (as from summary) in one order whatever the order of its rows.

    ``rounded`` counts in whole weeks, each taken at its middle: fewer patterns, no longer exact.
    """
    repeats = frame["repeat_visits"].to_numpy().astype(np.int64)
    recency, age = frame["recency_weeks"].to_numpy(np.float64), frame["age_weeks"].to_numpy(np.float64)
    _check(repeats, recency, age)
    if rounded:
        recency = np.where(repeats > 0, np.floor(recency) + _MIDDLE, 0.0)
        age = np.floor(age) + _MIDDLE
    recency_code, recencies = pd.factorize(recency, sort=True)
    age_code, ages = pd.factorize(age, sort=True)
    keys = (repeats * len(recencies) + recency_code) * len(ages) + age_code
    keys, count = np.unique(keys, return_counts=True)
    rest, age_code = np.divmod(keys, max(len(ages), 1))
    repeats, recency_code = np.divmod(rest, max(len(recencies), 1))
    return Patterns(repeats, recencies[recency_code], ages[age_code], count.astype(np.float64))


def _check(repeats: Ints, recency: Floats, age: Floats) -> None:
    if not (np.isfinite(recency).all() and np.isfinite(age).all()):
        raise ValueError("recency_weeks and age_weeks must be finite numbers")
    if (repeats < 0).any() or (recency < 0).any() or (recency > age).any():
        raise ValueError("repeat_visits >= 0 and 0 <= recency_weeks <= age_weeks must hold")
    if ((repeats == 0) & (recency > 0)).any():
        raise ValueError("who never came back has a recency of 0")
