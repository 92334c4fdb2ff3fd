"""Did people come as often as was foretold? A fit before a day, held against the days after. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from segmentation import lifetime
from segmentation.classes import day_of
from segmentation.lifetime_table import Floats, Ints, summary

GROUPS = 10


@dataclass(frozen=True)
class Calibration:
    """``table``: one row per group (1: fewest visits foretold), empty where the fit is weak.

    Its columns: ``customers``, ``predicted`` and ``actual`` visits in all, ``predicted_mean`` and
    ``actual_mean`` per customer. ``error``: how far these means are apart, weighted by customers.
    """

    split: int
    end: int
    fit: lifetime.Fit
    table: pd.DataFrame

    @property
    def error(self) -> float | None:
        if self.table.empty:
            return None
        apart = (self.table["predicted"] - self.table["actual"]).abs().sum()
        return float(apart / self.table["customers"].sum())

    def facts(self) -> dict[str, Any]:
        """As JSON values: the period, how the fit is, the groups."""
        rows = self.table.round(6).reset_index().to_dict(orient="records")
        return {
            "from": day_of(self.split + 1).isoformat(),
            "until": day_of(self.end).isoformat(),
            "weak": self.fit.weak,
            "approximate": self.fit.approximate,
            "customers": int(self.table["customers"].sum()),
            "groups": len(self.table),
            "predicted": round(float(self.table["predicted"].sum())),
            "actual": int(self.table["actual"].sum()),
            "error": self.error,
            "rows": rows,
        }


def calibrate(visits: pd.DataFrame, split: int, end: int, *, approximate: bool = False) -> Calibration:
    """Fit ``visits`` (customer, day) to the end of day ``split``, predict the days after it to ``end``.

    Days are days since 1970; two visits on a day are one. ValueError unless ``end`` is after ``split``.
    """
    if end <= split:
        raise ValueError("the holdout must end after the day of the split")
    frame = summary(visits, split)
    fitted = lifetime.fit(frame, approximate=approximate)
    table = _grouped(np.zeros(0), np.zeros(0, np.int64))
    if fitted.parameters is not None and fitted.weak is None:
        x, recency, age = (frame[name].to_numpy() for name in ("repeat_visits", "recency_weeks", "age_weeks"))
        predicted = lifetime.expected_visits((end - split) / 7, x, recency, age, fitted.parameters)
        table = _grouped(predicted, _made(visits, frame.index, split, end))
    return Calibration(split, end, fitted, table)


def _made(visits: pd.DataFrame, customers: pd.Index, split: int, end: int) -> Ints:
    """Days with a visit after ``split`` and up to ``end``, of each of ``customers``."""
    after = visits[(visits["day"] > split) & (visits["day"] <= end)]
    days = after.drop_duplicates(["customer", "day"])["customer"].value_counts()
    made: Ints = days.reindex(customers, fill_value=0).to_numpy().astype(np.int64)
    return made


def _grouped(predicted: Floats, actual: Ints) -> pd.DataFrame:
    """Equal groups by what was foretold; of equals, in the order of the customers."""
    order = np.argsort(predicted, kind="stable")
    group = np.empty(len(order), np.int64)
    group[order] = np.arange(len(order)) * GROUPS // max(len(order), 1) + 1
    frame = pd.DataFrame({"group": group, "predicted": predicted, "actual": actual})
    table = frame.groupby("group").agg(
        customers=("actual", "size"), predicted=("predicted", "sum"), actual=("actual", "sum")
    )
    for name in ("predicted", "actual"):
        table[f"{name}_mean"] = table[name] / table["customers"]
    return table
