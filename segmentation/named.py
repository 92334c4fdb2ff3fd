"""Texts of a few kinds, kept as numbers: comparing, hashing and copying them costs next to nothing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd


def named(places: Any, names: Sequence[str]) -> pd.Categorical:
    """The name at each of ``places``, an array of whole numbers; names may occur twice."""
    kinds = {name: place for place, name in enumerate(dict.fromkeys(names))}
    code = np.array([kinds[name] for name in names], dtype=np.int64)
    return pd.Categorical.from_codes(code[places], pd.Index(list(kinds), dtype="str"))


def meanings(texts: Any, meaning: Callable[[str], int]) -> npt.NDArray[np.int64]:
    """A number for each text (anything pd.factorize takes); each distinct one is looked at once."""
    codes, distinct = pd.factorize(texts)
    found = np.array([meaning(str(text)) for text in distinct] or [0], dtype=np.int64)
    return found[codes]


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with texts as texts."""
    kept = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(kept, "str"))
