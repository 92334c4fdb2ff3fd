"""What each customer is expected to do in the 90 days after a month end: how often they come, and what they
spend. Pure.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from segmentation import gamma_gamma, lifetime
from segmentation.alive import table
from segmentation.visits import Ints

PLACES = 4  # of a visit: beyond it two databases may add up differently


def forecast(
    seen: pd.DataFrame, spent: pd.DataFrame, elsewhere: Ints, day: int, fitted: lifetime.Fit
) -> pd.DataFrame:
    """Everyone in ``seen`` (lifetime_sums.statistics): ``expected_visits_90d``, and ``expected_value_90d`` in
    minor units, whole; nobody where the fit is weak.

    ``spent``: repeat_visits and mean_value of days with money. The value is nan where its own fit is weak,
    and of ``elsewhere``, who pay in another currency.
    """
    if fitted.weak is not None:
        seen, spent = seen[:0], spent[:0]
    visits = lifetime.apply(table(seen, day), fitted)["expected_visits_90d"]
    money = pd.Series(np.nan, index=visits.index)
    value = gamma_gamma.fit(spent)
    if value.parameters is not None and value.weak is None:
        own = spent.reindex(visits.index)
        each = gamma_gamma.expected_mean(own["repeat_visits"].fillna(0), own["mean_value"], value.parameters)
        money = (visits * each).round().where(~visits.index.isin(elsewhere))
    return pd.DataFrame({"expected_visits_90d": visits.round(PLACES), "expected_value_90d": money})
