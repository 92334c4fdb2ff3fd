"""Rows become visits: ten minutes, or one receipt, whatever the order of the rows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.criteria import load
from segmentation.visits import Visits, receipt_codes, visits
from tests.segmentation.logs import Line, ago, frame

MINUTE = timedelta(minutes=1)


def made(lines: Sequence[Line]) -> Visits:
    keys = np.unique(np.array([line.customer for line in lines], dtype=np.int64))
    return visits(frame(lines), keys, load())


def at(minutes: float, **rest: object) -> Line:
    return Line(1, ago(3) + minutes * MINUTE, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ([at(0), at(10)], 1),
        ([at(0), at(10.02)], 2),
        ([at(0), at(9), at(18), at(27)], 1),
        ([at(0), at(0)], 1),
        ([at(0), at(1, station=2)], 2),
        ([at(0, receipt="A"), at(90, receipt="A")], 1),
        ([at(0, receipt="A"), at(90, receipt="B")], 2),
        ([at(0, receipt="A"), at(90, receipt="A", station=2)], 2),
        ([at(0, receipt="A"), at(60, receipt="B"), at(65, receipt="A")], 1),
        ([at(0, receipt="A"), at(20), at(65, receipt="A")], 2),
        ([at(0, receipt="A"), at(24 * 60, receipt="A")], 2),
        ([at(0), at(90)], 2),
    ],
)
def test_what_is_one_visit(lines: list[Line], count: int) -> None:
    for order in (lines, lines[::-1]):
        assert len(made(order).day) == count


def test_a_visit_adds_its_confirmed_money_and_begins_with_its_first_row() -> None:
    found = made(
        [at(5, amount=700, confirmed=False), at(0, amount=300), at(9, amount=-100), at(60, confirmed=False)]
    )
    assert found.money.tolist() == [[200, 0]]
    assert found.confirmed.tolist() == [True, False]
    assert found.gap.tolist() == [-1, 3600]
    assert found.rhythm.tolist() == [0, round(1000 * np.log(0.25))]


def test_two_currencies_stay_apart() -> None:
    found = made(
        [
            at(0, amount=300, currency="EUR"),
            at(1, amount=200, currency="CHF"),
            at(60, currency="EUR", amount=5),
        ]
    )
    assert found.currencies == ["CHF", "EUR"]
    assert found.money.tolist() == [[200, 0], [300, 5]]
    assert found.paid.tolist() == [[True, False], [True, True]]


def test_receipts_compare_as_texts() -> None:
    codes = receipt_codes(np.array(["1", None, "01", "1"], dtype=object))
    assert codes[0] == codes[3] != codes[2]
    assert codes[1] == 0


def grouped(lines: list[Line]) -> set[frozenset[int]]:
    """Join any two rows that belong together, until nothing joins: the slow and obvious way."""
    group = list(range(len(lines)))
    ordered = sorted(range(len(lines)), key=lambda i: lines[i].at)
    for i in ordered:
        for j in ordered:
            a, b = lines[i], lines[j]
            if (a.customer, a.station) != (b.customer, b.station):
                continue
            receipt = a.receipt is not None and a.receipt == b.receipt and a.day == b.day
            if receipt or abs(a.at - b.at) <= 10 * MINUTE:
                old, new = group[i], group[j]
                group = [new if g == old else g for g in group]
    return {frozenset(i for i in range(len(lines)) if group[i] == g) for g in set(group)}


lines_of_a_day = st.lists(
    st.builds(
        lambda customer, minute, station, receipt: Line(
            customer, ago(3, hour=6) + minute * MINUTE, 100, station, receipt
        ),
        st.integers(1, 2),
        st.integers(0, 120),
        st.integers(1, 2),
        st.sampled_from([None, None, "A", "B", "C"]),
    ),
    min_size=1,
    max_size=14,
)


@given(lines_of_a_day, st.randoms(use_true_random=False))
def test_visits_are_what_joining_by_hand_gives(lines: list[Line], chance: random.Random) -> None:
    expected = sorted(
        (lines[min(group)].customer, int(min(lines[i].at for i in group).timestamp()), 100 * len(group))
        for group in grouped(lines)
    )
    chance.shuffle(lines)
    found = made(lines)
    seen = zip(found.customers[found.customer], found.at, found.money[0], strict=True)
    assert sorted((int(c), int(t), int(m)) for c, t, m in seen) == expected
