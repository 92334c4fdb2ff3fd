"""Midrank scores from 1 to 5 and the names of their cells. Integers only, so equal is equal.

Ties share the mean of their ranks. With ``r2`` twice that rank, a whole number, the score is
``(5 * (r2 - 1)) // (2 * n) + 1``. Quantile cuts would raise or drop bins on ties, and ranks as
fractions in floats go wrong from n = 25.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from segmentation.criteria import Rfm

Ints = npt.NDArray[np.int64]
INSUFFICIENT = "insufficient_data"


def midrank(values: Ints) -> Ints:
    """Scores 1 to 5 of n values, the highest value best. Equal values score equally; all equal: 3."""
    n = len(values)
    if n == 0:
        return np.zeros(0, dtype=np.int64)
    ordered = np.sort(values)
    start = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    end = np.append(start[1:], n)  # the ranks of equal values are start + 1 to end
    scores: Ints = (5 * (start + end)) // (2 * n) + 1
    return scores[np.searchsorted(ordered[start], values)]


def scores(features: pd.DataFrame, criteria: Rfm) -> pd.DataFrame:
    """R, F and M scores beside ``features`` (one row per customer, see features.features).

    Returns r, f, m (int64, 0 where there is no score) and rfm_segment ("" for people without a
    visit that counts). The population is everyone with a visit in the window; a visit before it
    scores 1. Money is ranked among customers of the same currency: yen are not compared with euros.
    """
    frequency = features["frequency"].to_numpy()
    recency = features["recency_days"].to_numpy()
    scored = frequency > 0
    known = recency >= 0
    result = {name: np.zeros(len(features), dtype=np.int64) for name in ("r", "f", "m")}
    enough = int(scored.sum()) >= criteria.minimum_population
    if enough:
        for name in result:
            result[name][known & ~scored] = 1
        result["r"][scored] = midrank(-recency[scored])
        result["f"][scored] = midrank(frequency[scored])
        result["m"] = _money_scores(features, scored, result["m"], criteria.minimum_population)
    frame = pd.DataFrame(result, index=features.index)
    named = cell_names(criteria)[result["r"], result["f"]]
    frame["rfm_segment"] = named if enough else np.where(known, INSUFFICIENT, "").astype(object)
    return frame


def _money_scores(features: pd.DataFrame, scored: npt.NDArray[np.bool_], m: Ints, least: int) -> Ints:
    money = features["monetary"].to_numpy()
    currency = features["currency"].to_numpy()
    for unit in pd.unique(currency[scored]).tolist():
        group = scored & (currency == unit)
        m[group] = midrank(money[group]) if int(group.sum()) >= least else 0
    return m


def cell_names(criteria: Rfm) -> npt.NDArray[np.object_]:
    """A 6 x 6 table: the name at [r, f]; row and column 0 are for customers without scores."""
    table = np.full((6, 6), "", dtype=object)
    for name in criteria.names:
        for cell in name.cells():
            table[cell] = name.name
    return table
