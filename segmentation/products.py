"""What a customer mostly buys. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from segmentation.columns import FUELS, PREFERENCES
from segmentation.criteria import Product

MIXED, NOTHING = "mixed", ""


def preference(sums: pd.DataFrame, criteria: Product) -> pd.DataFrame:
    """``product`` ("" nothing known, or "mixed"), ``share_percent`` of the largest group, ``share_of``.

    Shares of confirmed spend in the main currency; of litres where no spend is known. Groups in which
    more was given back than bought count as nothing.
    """
    names = np.array([*PREFERENCES, MIXED, NOTHING], dtype=object)
    money = np.column_stack([sums[f"spend_{group}"].to_numpy() for group in PREFERENCES])
    litres = np.zeros_like(money)
    for group in FUELS:
        litres[:, PREFERENCES.index(group)] = sums[f"litres_{group}"].to_numpy()
    money, litres = np.maximum(money, 0), np.maximum(litres, 0)
    paid = money.sum(axis=1) > 0
    table = np.where(paid[:, None], money, litres)
    total, best = table.sum(axis=1), table.argmax(axis=1)
    largest = table.max(axis=1)
    choice = np.where(100 * largest >= criteria.share_percent * total, best, len(names) - 2)
    columns = {
        "product": names[np.where(total <= 0, len(names) - 1, choice)],
        "share_percent": 100 * largest // np.maximum(total, 1),
        "share_of": np.where(paid, "spend", "litres").astype(object),
    }
    return pd.DataFrame(columns, index=sums.index)
