"""The sums of columns.SUMS from rows and visits. Pure.

A state that slides keeps the same numbers; where they disagree, these are right.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segmentation.columns import SUMS, Sum
from segmentation.visits import Bools, Ints, Visits

Texts = npt.NDArray[np.object_]
MONDAY = 3  # 1970-01-01 was a Thursday


def sums(rows: pd.DataFrame, visits: Visits, main: Texts, day: int, window_days: int) -> pd.DataFrame:
    """One row per customer of ``visits`` with the columns of SUMS, over the window that ends with ``day``.

    ``rows``: visits.ROWS and what prices.judge adds (nothing is judged where it did not). ``main``: each
    customer's main currency.
    """
    lines = _Lines(rows, visits.customers, main, day, window_days)
    seen = (visits.day > day - window_days) & (visits.day <= day)
    calendar = {"weekday": weekday(visits.day[seen]), "third": third(visits.day[seen])}
    person, sure = visits.customer[seen], visits.confirmed[seen]
    count = len(visits.customers)
    found: dict[str, Ints] = {}
    for column in SUMS:
        if column.of == "line":
            found[column.name] = lines.sum(column)
        else:
            fits = np.isin(calendar[str(column.field)], column.values)
            fits &= sure if column.confirmed else True
            found[column.name] = np.bincount(person[fits], minlength=count).astype(np.int64)
    return pd.DataFrame(found, index=pd.Index(visits.customers, name="customer"))


class _Lines:
    """The lines of the window, as arrays."""

    def __init__(self, rows: pd.DataFrame, customers: Ints, main: Texts, day: int, window_days: int) -> None:
        inside = (rows["day"].to_numpy() > day - window_days) & (rows["day"].to_numpy() <= day)
        self.rows = rows[inside]
        self.count = len(customers)
        self.person = np.searchsorted(customers, self.rows["customer"].to_numpy())
        self.confirmed = self.rows["confirmed"].to_numpy() > 0
        names = np.array([str(name) for name in self.rows["currency"].cat.categories] or [""], dtype=object)
        self.mine: Bools = names[self.rows["currency"].cat.codes.to_numpy()] == main[self.person]

    def sum(self, column: Sum) -> Ints:
        fits = np.ones(len(self.rows), dtype=bool)
        if column.confirmed:
            fits &= self.confirmed
        if column.main_currency:
            fits &= self.mine
        if column.field is not None:
            fits &= self._among(str(column.field), column.values, column.others)
        if column.weight == "one":
            return np.bincount(self.person[fits], minlength=self.count).astype(np.int64)
        if column.weight not in self.rows:
            return np.zeros(self.count, dtype=np.int64)
        # bincount adds in floats: exact up to 2**53, far above any customer's yearly sums.
        weights = self.rows[column.weight].to_numpy()[fits]
        return np.bincount(self.person[fits], weights=weights, minlength=self.count).astype(np.int64)

    def _among(self, name: str, values: tuple[Any, ...], others: bool) -> Bools:
        if name not in self.rows:
            return np.zeros(len(self.rows), dtype=bool)
        column = self.rows[name].cat
        wanted = np.array([(str(text) in values) != others for text in column.categories] + [False])
        chosen: Bools = wanted[column.codes.to_numpy()]  # the code of nothing is -1: the last
        return chosen


def weekday(days: Ints) -> Ints:
    """0 Monday to 6 Sunday."""
    found: Ints = (days + MONDAY) % 7
    return found


def third(days: Ints) -> Ints:
    """0 to the 10th of the month, 1 to the 20th, 2 after it."""
    dates = days.astype("datetime64[D]")
    of_month = (dates - dates.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    found: Ints = np.minimum(of_month // 10, 2)
    return found
