"""Measures of rows by plain pandas."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

Frame = Any  # a pandas frame; its stubs cannot know what columns of objects hold


def measure(rows: Frame, name: str) -> float | None:
    """visits, litres, spend, basket or km of these rows."""
    if name.endswith("_each"):
        known = rows[rows["customer_id"].notna()]
        each = known["customer_id"].nunique()
        summed = measure(known, name.removesuffix("_each"))
        return None if not each or summed is None else summed / each
    if name == "litres":
        return float(rows["millilitres"].fillna(0).sum()) / 1000
    if name == "spend":
        return float(rows["amount"].fillna(0).sum()) / 100
    if name == "km":
        told = rows[rows["odometer_km"].notna()]
        apart = (told["day"].max() - told["day"].min()).days if len(told) else 0
        driven = told["odometer_km"].max() - told["odometer_km"].min()
        return float(driven) * (365.25 / 12) / apart if apart >= 14 else None
    visits = _visits(rows)
    if name == "visits":
        return visits
    if name == "litres_visit":
        return float(rows["millilitres"].fillna(0).sum()) / 1000 / visits if visits else None
    return float(rows["amount"].fillna(0).sum()) / 100 / visits if visits else None


def _visits(rows: Frame) -> int:
    last: dict[Any, Any] = {}
    count, receipts = 0, set()
    for row in rows.sort_values(["at", "id"]).itertuples():
        known = None if pd.isna(row.customer_id) else int(row.customer_id)
        receipt = None if pd.isna(row.receipt) else (known, row.station_id, row.day, row.receipt)
        before = last.get((known, row.station_id)) if known is not None else None
        near = before is not None and row.at - before <= timedelta(minutes=10)
        count += not near and (receipt is None or receipt not in receipts)
        last[known, row.station_id] = row.at
        receipts.add(receipt)
    return count
