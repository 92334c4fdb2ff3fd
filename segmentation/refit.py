"""The monthly refit of the lifetime model: which fit is in force, and what it says of people. Pure.

A fit is of a month end and holds from then on, until the next one (alive.py: what it says of people).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from segmentation import calibration, gamma_gamma, lifetime
from segmentation.classes import day_number, day_of
from segmentation.features import History
from segmentation.lifetime_table import summary
from segmentation.memory import month_ends
from segmentation.visits import Bools

HOLDOUT_DAYS = 180


def last_month_end(as_of: date) -> date:
    """The month end whose fit holds on ``as_of``: that day itself where it is one."""
    tomorrow = day_of(day_number(as_of) + 1)
    return as_of if tomorrow.day == 1 else month_ends(as_of, 1)[0]


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
