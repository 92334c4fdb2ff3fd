"""Midrank scores: equal customers score equally, and integers never go wrong."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.criteria import load
from segmentation.scores import cell_names, midrank, scores

RFM = load().rfm
NAMES = {
    "champions": [(5, 4), (5, 5)],
    "loyal": [(3, 4), (3, 5), (4, 4), (4, 5)],
    "potential_loyalist": [(4, 2), (4, 3), (5, 2), (5, 3)],
    "new": [(5, 1)],
    "promising": [(4, 1)],
    "need_attention": [(3, 3)],
    "about_to_sleep": [(3, 1), (3, 2)],
    "at_risk": [(1, 3), (1, 4), (2, 3), (2, 4)],
    "cant_lose": [(1, 5), (2, 5)],
    "hibernating": [(1, 2), (2, 1), (2, 2)],
    "lost": [(1, 1)],
}


def naive(values: list[int]) -> list[int]:
    """The rank that ties share, as a fraction: which fifth of the population its middle lies in."""
    result = []
    for value in values:
        below, equal = sum(v < value for v in values), values.count(value)
        rank = Fraction(2 * below + equal + 1, 2)
        result.append(math.floor(5 * (rank - Fraction(1, 2)) / len(values)) + 1)
    return result


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=120))
def test_midrank_is_the_middle_of_the_tied_ranks(values: list[int]) -> None:
    assert midrank(np.array(values)).tolist() == naive(values)


@given(st.integers(1, 2000))
def test_all_tied_is_three(n: int) -> None:
    assert set(midrank(np.full(n, 7)).tolist()) == {3}


def test_distinct_values_fill_five_equal_classes() -> None:
    for n in (25, 100, 1000):
        counts = np.bincount(midrank(np.arange(n)))
        assert counts.tolist() == [0, *[n // 5] * 5]


def test_the_table_covers_each_cell_once() -> None:
    table = cell_names(RFM)
    expected = {cell: name for name, cells in NAMES.items() for cell in cells}
    assert len(expected) == 25
    assert {(r, f): table[r, f] for r in range(1, 6) for f in range(1, 6)} == expected


def people(n: int, **columns: object) -> pd.DataFrame:
    base: dict[str, object] = {
        "recency_days": np.arange(n),
        "frequency": np.arange(n, 0, -1),
        "monetary": np.arange(n) * 100,
        "currency": np.full(n, "CNY", dtype=object),
    }
    return pd.DataFrame({**base, **columns})


def test_few_days_away_score_five() -> None:
    result = scores(people(25), RFM)
    assert result["r"].tolist() == sorted([*range(1, 6)] * 5, reverse=True)
    assert result["f"].tolist() == result["r"].tolist()
    assert result["m"].tolist() == sorted(result["r"].tolist())
    assert result["rfm_segment"].iloc[0] == "champions"
    assert result["rfm_segment"].iloc[-1] == "lost"


def test_fewer_than_25_have_no_scores() -> None:
    result = scores(people(24), RFM)
    assert (result[["r", "f", "m"]] == 0).all(axis=None)
    assert set(result["rfm_segment"]) == {"insufficient_data"}


def test_a_visit_before_the_window_scores_one_and_is_not_ranked() -> None:
    frame = people(27, frequency=np.array([0, *range(26, 1, -1), 0]))
    frame.loc[0, "recency_days"] = 400
    frame.loc[26, "recency_days"] = -1
    result = scores(frame, RFM)
    assert result.iloc[0].tolist() == [1, 1, 1, "lost"]
    assert result.iloc[26].tolist() == [0, 0, 0, ""]
    assert np.bincount(result["r"].iloc[1:26]).tolist() == [0, 5, 5, 5, 5, 5]


def test_money_is_ranked_within_its_currency() -> None:
    currency = np.array(["JPY", "EUR"] * 30 + ["USD"] * 5, dtype=object)
    result = scores(people(65, currency=currency), RFM)
    for name in ("JPY", "EUR"):
        assert np.bincount(result["m"][currency == name]).tolist() == [0, 6, 6, 6, 6, 6]
    assert set(result["m"][currency == "USD"]) == {0}  # five customers are too few to rank


@pytest.mark.parametrize("n", [0, 1])
def test_hardly_anyone(n: int) -> None:
    assert len(scores(people(n), RFM)) == n
