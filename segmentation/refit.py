"""The monthly refit of the lifetime model: which fit is in force, and what it says of people. Pure.

A fit is of a month end and holds from then on, until the next one. ``apply`` of segmentation/lifetime.py
speaks of rows of summary; here the same is said of the frame that the segmentation computes with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from segmentation import calibration, gamma_gamma, lifetime
from segmentation.classes import day_number, day_of
from segmentation.features import History
from segmentation.lifetime_table import summary
from segmentation.memory import month_ends
from segmentation.visits import Bools, Ints

WEEK = 7
HOLDOUT_DAYS = 180


def last_month_end(as_of: date) -> date:
    """The month end whose fit holds on ``as_of``: that day itself where it is one."""
    tomorrow = day_of(day_number(as_of) + 1)
    return as_of if tomorrow.day == 1 else month_ends(as_of, 1)[0]


def new_days(history: History) -> Bools:
    """Per visit: the first of its customer on its day. Visits of one day are one for this model."""
    customer, day = history.visits.customer, history.visits.day
    if len(day) == 0:
        return np.zeros(0, dtype=bool)
    fresh: Bools = np.concatenate(([True], (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])))
    return fresh


def visit_days(history: History, day: int) -> Ints:
    """Per customer: days with a visit up to and with ``day``."""
    running = np.concatenate(([0], np.cumsum(new_days(history))))
    found: Ints = running[history.position(day)] - running[history.first]
    return found


def table(features: pd.DataFrame, day: int) -> pd.DataFrame:
    """``features`` as of ``day`` -> the rows of lifetime_table.summary, of those who have come.

    ``visit_days`` counts days with a visit; where the frame has no such column, every visit counts as a
    day of its own.
    """
    came = features[features["last_day"] >= 0]
    count = came["visit_days" if "visit_days" in came else "visits"].to_numpy()
    first, last = came["first_day"].to_numpy(), came["last_day"].to_numpy()
    columns = {
        "repeat_visits": count - 1,
        "recency_weeks": np.where(count > 1, last - first, 0) / WEEK,
        "age_weeks": (day - first) / WEEK,
    }
    return pd.DataFrame(columns, index=came.index)


def p_alive(features: pd.DataFrame, day: int, fit: lifetime.Fit | None) -> pd.Series[float]:
    """P(alive) of everyone in ``features`` (their index); nan where the fit says nothing.

    It says nothing where it is weak or missing, of who never came, and of who came on one day only.
    """
    found = pd.Series(np.nan, index=features.index, name="p_alive")
    if fit is None or fit.parameters is None or fit.weak is not None:
        return found
    rows = table(features, day)
    x, recency, age = (rows[name].to_numpy() for name in ("repeat_visits", "recency_weeks", "age_weeks"))
    found.loc[rows.index] = lifetime.p_alive(x, recency, age, fit.parameters)
    return found


def fit(rows: pd.DataFrame) -> lifetime.Fit:
    """lifetime.fit on one thread: the algebra here is of four numbers, and more threads only wait for each
    other, on a busy machine twenty times longer than the fit takes."""
    with threadpool_limits(1):
        return lifetime.fit(rows)


@dataclass(frozen=True)
class Report:
    """How far the fit of a month end is to be trusted.

    ``value``: of a visit in ``currency``, that of most visits with money. ``calibration``: a fit of the time
    up to HOLDOUT_DAYS before the month end, held against the days after it; None for too short a log.
    """

    month: date
    visits: lifetime.Fit
    value: gamma_gamma.ValueFit | None
    currency: str
    calibration: calibration.Calibration | None

    def facts(self) -> dict[str, Any]:
        return {
            "month": self.month.isoformat(),
            "weak": self.visits.weak,
            "visits": self.visits.facts(),
            "value": self.value.facts() if self.value else None,
            "currency": self.currency,
            "calibration": self.calibration.facts() if self.calibration else None,
        }


def report(history: History, month: date, visits: lifetime.Fit) -> Report:
    """The report on ``visits``, the fit of that month end, from the log it was made of."""
    end = day_number(month)
    seen = history.visits.day <= end
    log = pd.DataFrame({"customer": history.visits.customer[seen], "day": history.visits.day[seen]})
    currency, spent = _spent(history, seen)
    split = end - HOLDOUT_DAYS
    long = len(log) > 0 and int(log["day"].min()) < split
    with threadpool_limits(1):
        value = gamma_gamma.fit(summary(spent, end)) if currency else None
        checked = calibration.calibrate(log, split, end) if long else None
    return Report(month, visits, value, currency, checked)


def _spent(history: History, seen: Bools) -> tuple[str, pd.DataFrame]:
    """The currency of most visits with money, and those visits with their value in minor units."""
    paid = history.visits.paid & seen
    if not paid.any():
        return "", pd.DataFrame({"customer": [], "day": [], "value": []})
    kind = int(paid.sum(axis=1).argmax())
    columns = {
        "customer": history.visits.customer[paid[kind]],
        "day": history.visits.day[paid[kind]],
        "value": history.visits.money[kind][paid[kind]],
    }
    return history.visits.currencies[kind], pd.DataFrame(columns)
