"""Integer columns <-> bytes, each column in the narrowest type that holds it. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from segmentation.visits import Ints

WIDE = np.dtype("<i8")
NARROW = ("<i1", "<i2", "<i4", "<i8")


def pack(frame: pd.DataFrame) -> tuple[bytes, dict[str, Any]]:
    """Integer columns one after another, and how to read them again."""
    parts, kinds = [], {}
    for name in frame.columns:
        values = frame[name].to_numpy(dtype=WIDE)
        kinds[str(name)] = narrowest(values)
        parts.append(values.astype(kinds[str(name)]).tobytes())
    return b"".join(parts), {"rows": len(frame), "columns": kinds}


def unpack(data: bytes, how: dict[str, Any]) -> pd.DataFrame:
    """The same again. Raises ValueError where the bytes are not those that were packed."""
    return opened(data, how).astype(np.int64)


def opened(data: bytes, how: dict[str, Any]) -> pd.DataFrame:
    """The same, as narrow as it lies in these bytes (see narrow); to be read only."""
    count, place, columns = how["rows"], 0, {}
    for name, kind in how["columns"].items():
        columns[name] = np.frombuffer(data, dtype=kind, count=count, offset=place)
        place += count * np.dtype(kind).itemsize
    if place != len(data):
        raise ValueError("a part of the state has another length than its rows")
    return pd.DataFrame(columns, copy=False)


def narrow(frame: pd.DataFrame) -> pd.DataFrame:
    """The same numbers in less memory; to be computed with they must be made wide again."""
    return frame.astype({name: narrowest(frame[name].to_numpy()) for name in frame})


def latest(frames: list[pd.DataFrame], first: int, count: int) -> pd.DataFrame:
    """Of each customer the rows of the last frame that names them, in the order of customers.

    ``frames``: column customer, sorted, all in ``first`` up to ``first + count``.
    """
    seen, kept = np.zeros(count, dtype=bool), []
    for frame in reversed(frames):
        place = frame["customer"].to_numpy() - first
        older = seen[place]
        kept.append(frame[~older] if older.any() else frame)
        seen[place] = True
    if len(kept) == 1:
        return kept[0]
    whole = pd.concat(kept, ignore_index=True)
    ordered: pd.DataFrame = whole.take(np.argsort(whole["customer"].to_numpy(), kind="stable"))
    return ordered


def narrowest(values: Ints) -> str:
    """The smallest type of NARROW that holds all of these."""
    if len(values) == 0:
        return NARROW[0]
    low, high = int(values.min()), int(values.max())
    limits = {kind: np.iinfo(np.dtype(kind)) for kind in NARROW}
    return next(kind for kind in NARROW if limits[kind].min <= low and high <= limits[kind].max)
