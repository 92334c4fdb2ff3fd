"""What a fit of the lifetime model says of the frame that the segmentation computes with. Pure.

``apply`` of segmentation/lifetime.py speaks of rows of summary; visits of one day are one for this model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from segmentation import lifetime

WEEK = 7


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
