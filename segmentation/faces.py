"""One number for each customer that differs when anything does but the day: who has to be written again."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.segments import CustomerSegment
from segmentation.explain import NAMES
from segmentation.prices import MILLION
from segmentation.reading import whole_numbers
from segmentation.visits import Ints

# What a day changes by itself, or one customer's news in others: no reason to write a row again.
DAILY = frozenset(
    (
        *("recency_days", "since_days", "overdue_days", "tenure_days"),
        *("points", "points_tenure", "typical_days", "limit_days", "dormant_days", "churned_days"),
        *("spread", "p_alive", "expected"),
    )
)
MIX = np.uint64(0x9E3779B97F4A7C15)


def of(frame: pd.DataFrame) -> Ints:
    """One number per row that changes when anything does that is not made by the day alone."""
    total = np.zeros(len(frame), dtype=np.uint64)
    last_confirmed = np.where(frame["recency_days"] < 0, -1, frame["since_days"] - frame["recency_days"])
    columns = [_numbers(frame[name]) for name in frame.columns if name not in DAILY]
    told = frame["p_alive"].to_numpy() >= 0
    chance = np.rint(frame["expected"].to_numpy() / MILLION)  # moved by others' coupons too
    version = np.full(len(frame), zlib.crc32(repr(NAMES).encode()), dtype=np.int64)  # which numbers are kept
    limit = np.rint(10 * np.log(frame["limit_days"].to_numpy()))  # the kept one is right to a tenth
    for values in (*columns, last_confirmed, told, limit, chance, version):
        total = total * MIX + values.astype(np.int64 if values.dtype.kind != "u" else np.uint64).view(
            np.uint64
        )
    return total.view(np.int64)


def _numbers(column: pd.Series[Any]) -> npt.NDArray[Any]:
    """Texts by what they say, not by their places."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column.to_numpy()
    return pd.util.hash_array(column.cat.categories.to_numpy())[column.cat.codes.to_numpy()]


def kept(session: Session, keys: Ints, where: slice) -> tuple[Ints, Ints]:
    """Customers, in order, and the faces of their rows: of a range of ``keys``, and of whoever stands between
    it and the next one (in the first range also before it, in the last also after it).
    """
    first, after = keys[where.start : where.start + 1].tolist(), keys[where.stop : where.stop + 1].tolist()
    mine = [CustomerSegment.customer_id >= key for key in first if where.start]
    mine += [CustomerSegment.customer_id < key for key in after]
    asked = select(CustomerSegment.customer_id, CustomerSegment.face).where(*mine)
    known, faces = whole_numbers(session, asked)
    order = np.argsort(known, kind="stable")
    return known[order], faces[order]
