"""What a customer mostly buys. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from segmentation.columns import FUELS, PREFERENCES
from segmentation.criteria import Product
from segmentation.named import named

MIXED, NOTHING = "mixed", ""


def preference(sums: pd.DataFrame, criteria: Product) -> pd.DataFrame:
    """``product`` ("" nothing known, or "mixed"), ``share_percent`` of the largest group, ``share_of``.

    Shares of confirmed spend in the main currency; of litres where no spend is known. Groups in which
    more was given back than bought count as nothing.
    """
    names = (*PREFERENCES, MIXED, NOTHING)
    money = {group: np.maximum(sums[f"spend_{group}"].to_numpy(), 0) for group in PREFERENCES}
    paid = np.sum(list(money.values()), axis=0, dtype=np.int64) > 0
    total, largest, best = (np.zeros(len(sums), dtype=np.int64) for _ in range(3))
    for place, group in enumerate(PREFERENCES):
        litres = np.maximum(sums[f"litres_{group}"].to_numpy(), 0) if group in FUELS else 0
        amount = np.where(paid, money[group], litres)
        total += amount
        larger = amount > largest
        largest[larger], best[larger] = amount[larger], place
    choice = np.where(100 * largest >= criteria.share_percent * total, best, len(names) - 2)
    columns = {
        "product": named(np.where(total <= 0, len(names) - 1, choice), names),
        "share_percent": 100 * largest // np.maximum(total, 1),
        "share_of": named(paid.astype(np.int64), ("litres", "spend")),
    }
    return pd.DataFrame(columns, index=sums.index)
