"""Numbers <-> bytes: rows of 64-bit integers, and columns of the narrowest type that holds them. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from segmentation.visits import Ints

WIDE = np.dtype("<i8")
NARROW = ("<i1", "<i2", "<i4", "<i8")


def rows_to_bytes(table: Ints) -> list[bytes]:
    """Each row of a two-dimensional table as bytes."""
    data, width = np.ascontiguousarray(table, dtype=WIDE).tobytes(), table.shape[1] * WIDE.itemsize
    return [data[place : place + width] for place in range(0, len(data), width)]


def bytes_to_rows(parts: list[bytes], width: int) -> Ints:
    """The same back: ``width`` numbers a row. Raises ValueError where a row has another length."""
    if any(len(part) != width * WIDE.itemsize for part in parts):
        raise ValueError("a row of the state has another length than its numbers")
    return np.frombuffer(b"".join(parts), dtype=WIDE).reshape(-1, width)


def groups_to_bytes(table: pd.DataFrame, key: str) -> tuple[Ints, list[bytes]]:
    """The rows of each ``key`` (first column; ordered here) as bytes of the other columns, row after row."""
    ordered = table.sort_values(list(table.columns[:2]))
    values = ordered.drop(columns=key).to_numpy(dtype=WIDE)
    keys, start = np.unique(ordered[key].to_numpy(), return_index=True)
    data, width = np.ascontiguousarray(values).tobytes(), values.shape[1] * WIDE.itemsize
    ends = [*start[1:].tolist(), len(values)][: len(start)]
    return keys, [data[a * width : b * width] for a, b in zip(start.tolist(), ends, strict=True)]


def bytes_to_groups(keys: Ints, parts: list[bytes], key: str, names: tuple[str, ...]) -> pd.DataFrame:
    width = len(names) * WIDE.itemsize
    counts = [len(part) // width for part in parts]
    values = np.frombuffer(b"".join(parts), dtype=WIDE).reshape(-1, len(names))
    frame = pd.DataFrame(values, columns=list(names))
    frame.insert(0, key, np.repeat(keys, counts))
    return frame


def pack(frame: pd.DataFrame) -> tuple[bytes, dict[str, Any]]:
    """Integer columns one after another, and how to read them again."""
    parts, kinds = [], {}
    for name in frame.columns:
        values = frame[name].to_numpy(dtype=WIDE)
        kinds[str(name)] = next(kind for kind in NARROW if _holds(kind, values))
        parts.append(values.astype(kinds[str(name)]).tobytes())
    return b"".join(parts), {"rows": len(frame), "columns": kinds}


def unpack(data: bytes, how: dict[str, Any]) -> pd.DataFrame:
    count, place, columns = how["rows"], 0, {}
    for name, kind in how["columns"].items():
        columns[name] = np.frombuffer(data, dtype=kind, count=count, offset=place).astype(np.int64)
        place += count * np.dtype(kind).itemsize
    return pd.DataFrame(columns)


def _holds(kind: str, values: Ints) -> bool:
    if len(values) == 0:
        return True
    limits = np.iinfo(np.dtype(kind))
    return int(values.min()) >= limits.min and int(values.max()) <= limits.max
