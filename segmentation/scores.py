"""Midrank scores from 1 to 5 and the names of their cells. Integers only, so equal is equal.

Ties share the mean of their ranks. With ``r2`` twice that rank, a whole number, the score is
``(5 * (r2 - 1)) // (2 * n) + 1``. Quantile cuts would raise or drop bins on ties, and ranks as
fractions in floats go wrong from n = 25.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from segmentation.criteria import Rfm
from segmentation.named import named

Ints = npt.NDArray[np.int64]
INSUFFICIENT = "insufficient_data"


@dataclass(frozen=True)
class Scales:
    """From which value on the scores 2 to 5 begin, among everyone with a visit in the window: days since the
    last visit (negative), visits, and money by currency. Empty where there are too few.
    """

    population: int
    recency: Ints | None
    frequency: Ints | None
    money: dict[str, Ints]


def scales(features: pd.DataFrame, criteria: Rfm) -> Scales:
    """``features`` of everyone; money is ranked among customers of the same currency."""
    scored = features["frequency"].to_numpy() > 0
    least, population = criteria.minimum_population, int(scored.sum())
    if population < least:
        return Scales(population, None, None, {})
    recency = steps(-features["recency_days"].to_numpy()[scored])
    frequency = steps(features["frequency"].to_numpy()[scored])
    money, currency, by_unit = features["monetary"].to_numpy(), features["currency"].to_numpy(), {}
    for unit in pd.unique(currency[scored]).tolist():
        theirs = money[scored & (currency == unit)]
        if len(theirs) >= least:
            by_unit[str(unit)] = steps(theirs)
    return Scales(population, recency, frequency, by_unit)


def steps(values: Ints) -> Ints:
    """From which of these values on the midrank scores 2 to 5 begin."""
    ordered = np.sort(values)
    start = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    end = np.append(start[1:], len(ordered))  # the ranks of equal values are start + 1 to end
    each = (5 * (start + end)) // (2 * len(ordered)) + 1
    values_of = np.append(ordered[start], np.iinfo(np.int64).max)
    found: Ints = values_of[np.searchsorted(each, (2, 3, 4, 5))]
    return found


def midrank(values: Ints) -> Ints:
    """Scores 1 to 5 of n values, the highest value best. Equal values score equally; all equal: 3."""
    if len(values) == 0:
        return np.zeros(0, dtype=np.int64)
    return _score(values, steps(values))


def _score(values: Ints, begin: Ints) -> Ints:
    found: Ints = 1 + np.searchsorted(begin, values, side="right")
    return found


def scores(features: pd.DataFrame, criteria: Rfm, known: Scales | None = None) -> pd.DataFrame:
    """R, F and M scores beside ``features`` (one row per customer, see features.features).

    Returns r, f, m (int64, 0 where there is no score) and rfm_segment ("" for people without a
    visit that counts). The population is everyone with a visit in the window; a visit before it
    scores 1. ``known``: the scales of everyone, where not all of them are in ``features``.
    """
    known = known or scales(features, criteria)
    scored, came = features["frequency"].to_numpy() > 0, features["recency_days"].to_numpy() >= 0
    result = {name: np.zeros(len(features), dtype=np.int64) for name in ("r", "f", "m")}
    if known.recency is None or known.frequency is None:
        names = named(came.astype(np.int64), ("", INSUFFICIENT))
        return pd.DataFrame({**result, "rfm_segment": names}, index=features.index)
    for values in result.values():
        values[came & ~scored] = 1
    result["r"][scored] = _score(-features["recency_days"].to_numpy()[scored], known.recency)
    result["f"][scored] = _score(features["frequency"].to_numpy()[scored], known.frequency)
    for unit, begin in known.money.items():
        mine = scored & (features["currency"].to_numpy() == unit)
        result["m"][mine] = _score(features["monetary"].to_numpy()[mine], begin)
    cells = named(6 * result["r"] + result["f"], cell_names(criteria).ravel().tolist())
    return pd.DataFrame({**result, "rfm_segment": cells}, index=features.index)


def cell_names(criteria: Rfm) -> npt.NDArray[np.object_]:
    """A 6 x 6 table: the name at [r, f]; row and column 0 are for customers without scores."""
    table = np.full((6, 6), "", dtype=object)
    for name in criteria.names:
        for cell in name.cells():
            table[cell] = name.name
    return table
