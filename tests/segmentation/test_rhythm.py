"""A customer's own rhythm, pulled towards similar ones; and the stage it puts them in."""

from __future__ import annotations

import math
from statistics import fmean, pvariance

import numpy as np
import pandas as pd
import pytest

from segmentation.criteria import load
from segmentation.rhythm import lifecycle, rhythm
from tests.segmentation.logs import Line, ago, outcome

CRITERIA = load()


def thousandths(gaps: list[float]) -> list[int]:
    return [round(1000 * math.log(max(gap, 0.25))) for gap in gaps]


def sums(people: list[list[float]]) -> pd.DataFrame:
    logs = [thousandths(gaps) for gaps in people]
    return pd.DataFrame(
        {
            "gaps": np.array([len(x) for x in logs], dtype=np.int64),
            "gap_sum": np.array([sum(x) for x in logs], dtype=np.int64),
            "gap_squares": np.array([sum(y * y for y in x) for x in logs], dtype=np.int64),
        }
    )


def limit(gaps: list[float], prior: tuple[float, float]) -> tuple[float, float]:
    """Typical gap and limit by the formula, in floats."""
    x = [value / 1000 for value in thousandths(gaps)]
    n, k, (m0, v0) = len(x), 5, prior
    m, v = (fmean(x), pvariance(x)) if x else (0.0, 0.0)
    mean = (n * m + k * m0) / (n + k)
    variance = (n * v + k * v0 + n * k / (n + k) * (m - m0) ** 2) / (n + k)
    typical = math.exp(mean)
    return typical, max(math.exp(mean + 1.645 * math.sqrt(variance)), 1.5 * typical, 10)


def of(people: list[list[float]]) -> tuple[float, float]:
    pooled = [x / 1000 for gaps in people if len(gaps) >= 2 for x in thousandths(gaps)]
    return fmean(pooled), pvariance(pooled)


def test_the_formula() -> None:
    people: list[list[float]] = [[7, 8, 6, 7], [30, 28], [1] * 40, [0, 0.1], [14], []]
    found = rhythm(sums(people), np.full(6, "x", dtype=object), CRITERIA.rhythm)
    for gaps, (_, row) in zip(people, found.iterrows(), strict=True):
        expected = limit(gaps, of(people))
        assert (row["typical_days"], row["limit_days"]) == pytest.approx(expected, abs=0.0051)
    assert set(found["prior"]) == {"chain"}


def test_nobody_has_two_gaps() -> None:
    found = rhythm(sums([[3], []]), np.full(2, "x", dtype=object), CRITERIA.rhythm)
    assert set(found["prior"]) == {"default"}
    assert found["typical_days"].tolist()[1] == 14


@pytest.mark.parametrize(("taxis", "prior"), [(25, "taxi"), (24, "chain")])
def test_similar_customers_count_from_25(taxis: int, prior: str) -> None:
    people = [[1.0, 2.0]] * taxis + [[5.0]] + [[30.0, 40.0]] * 40
    names = np.array(["taxi"] * (taxis + 1) + ["private"] * 40, dtype=object)
    found = rhythm(sums(people), names, CRITERIA.rhythm)
    assert found["prior"].iloc[taxis] == prior
    assert found["prior"].iloc[-1] == "private"
    members = people[:taxis] if prior == "taxi" else people
    assert found["limit_days"].iloc[taxis] == pytest.approx(limit([5.0], of(members))[1], abs=0.0051)


def test_the_order_of_customers_changes_nothing() -> None:
    people = [[float(day), float(day + 3), 2.5] for day in range(1, 60)]
    names = np.array([f"g{n % 2}" for n in range(59)], dtype=object)
    there = rhythm(sums(people), names, CRITERIA.rhythm)
    back = rhythm(sums(people[::-1]), names[::-1], CRITERIA.rhythm)
    assert back.to_numpy()[::-1].tolist() == there.to_numpy().tolist()


DAY = 20_000


@pytest.mark.parametrize(
    ("since", "first", "last_gap", "stage"),
    [
        (None, None, None, "prospect"),
        (0, 0, None, "new"),
        (20, 30, 10, "new"),
        (20, 31, 10, "active"),
        (20, 300, 7, "active"),
        (21, 300, 7, "lapsing"),
        (21, 25, 4, "lapsing"),
        (45, 300, 7, "lapsing"),
        (46, 300, 7, "dormant"),
        (225, 300, 7, "dormant"),
        (226, 300, 7, "churned"),
        (5, 300, 45, "active"),
        (5, 300, 45.5, "reactivated"),
        (20, 300, 60, "reactivated"),
        (31, 300, 60, "lapsing"),
    ],
)
def test_the_stages_in_their_order(
    since: int | None, first: int | None, last_gap: float | None, stage: str
) -> None:
    """Limit 20 days: dormant beyond max(2 x 20, 45) = 45, churned beyond 225."""
    frame = pd.DataFrame(
        {
            "last_day": [-1 if since is None else DAY - since],
            "first_day": [-1 if first is None else DAY - first],
            "last_gap": [-1 if last_gap is None else int(last_gap * 86_400)],
        }
    )
    rhythms = pd.DataFrame({"limit_days": [20.0]})
    found = lifecycle(frame, rhythms, DAY, CRITERIA.lifecycle)
    assert found["lifecycle"].tolist() == [stage]
    assert (found["dormant_days"][0], found["churned_days"][0]) == (45, 225)


def test_twice_a_long_limit_is_dormant() -> None:
    frame = pd.DataFrame({"last_day": [DAY - 80], "first_day": [DAY - 900], "last_gap": [86_400]})
    found = lifecycle(frame, pd.DataFrame({"limit_days": [40.0]}), DAY, CRITERIA.lifecycle)
    assert found["lifecycle"].tolist() == ["lapsing"]


def test_a_daily_taxi_may_miss_a_week_but_not_a_month() -> None:
    for away, stage in ((6, "active"), (10, "active"), (11, "lapsing"), (46, "dormant"), (226, "churned")):
        lines = [Line(1, ago(away + n)) for n in range(300)]
        assert outcome(lines).frame["lifecycle"].tolist() == [stage]


def test_customers_of_twenty_years_and_visits_a_minute_apart() -> None:
    lines = [Line(1, ago(n)) for n in range(0, 7300, 2)] + [Line(1, ago(2), station=2)]
    row = outcome(lines).frame.loc[1]
    assert row["visits"] == 3651
    assert row["limit_days"] == 10
    assert row["lifecycle"] == "active"
