"""P(alive) and visits to come: the library's numbers where it has them, sane numbers everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifetimes import BetaGeoFitter
from scipy.special import hyp2f1, roots_sh_jacobi

from segmentation import lifetime_visits
from segmentation.lifetime import Parameters, expected_visits, p_alive

CDNOW = Parameters(0.2426, 4.4136, 0.7929, 2.4259)
TANKS = Parameters(1.4, 2.1, 0.6, 11.0)
WEEKS = 90 / 7


def someone(count: int, seed: int) -> tuple[npt.NDArray[Any], ...]:
    random = np.random.default_rng(seed)
    age = random.integers(0, 730, count)
    recency = random.integers(0, age + 1)
    repeats = np.where(recency > 0, random.integers(1, np.minimum(recency, 200) + 2), 0)
    return repeats, np.where(repeats > 0, recency, 0) / 7, age / 7


@pytest.mark.parametrize("at", [CDNOW, TANKS])
@pytest.mark.parametrize("weeks", [1.0, WEEKS, 52.0])
def test_a_thousand_customers_equal_the_library(at: Parameters, weeks: float) -> None:
    x, recency, age = someone(1000, seed=11)
    peer = BetaGeoFitter()
    peer.params_ = pd.Series(at._asdict())
    back = x > 0
    alive = peer.conditional_probability_alive(x[back], recency[back], age[back])
    assert np.abs(p_alive(x, recency, age, at)[back] - alive).max() < 1e-9
    assert np.isnan(p_alive(x, recency, age, at)[~back]).all()
    theirs = peer.conditional_expected_number_of_purchases_up_to_time(weeks, x, recency, age)
    assert np.abs(expected_visits(weeks, x, recency, age, at) - theirs).max() < 1e-9


def by_quadrature(weeks: float, x: int, age: float, at: Parameters) -> float:
    """E of a living customer: (1 - exp(-rate p t)) / p over the gamma and beta they are known to follow."""
    with np.errstate(invalid="ignore"):  # scipy divides 0 by 0 on its way, in a place it does not use
        p, weight = roots_sh_jacobi(80, at.a + at.b + x - 1, at.a)
    stays = ((at.alpha + age) / (at.alpha + age + p * weeks)) ** (at.r + x)
    return float(((1 - stays) / p * weight).sum() / weight.sum())


# Where the paper's formula has a pole (a = 1; a + b + x = 1) or its hypergeometric function overflows.
HARD = [
    (Parameters(0.8, 3.0, 1.0, 4.0), 3, 20.0),
    (Parameters(0.8, 3.0, 1.0 + 1e-12, 4.0), 3, 20.0),
    (Parameters(0.8, 3.0, 0.4, 0.6), 0, 20.0),
    (Parameters(60.0, 40.0, 0.5, 1.5), 2, 30.0),
    (Parameters(1.4, 2.1, 0.6, 11.0), 600, 104.0),
    (Parameters(1.4, 2.1, 2.6, 1.0), 300, 104.0),
    (Parameters(0.3, 0.5, 0.7, 2.0), 0, 0.0),
]


@pytest.mark.parametrize(("at", "x", "age"), HARD)
def test_hard_places_equal_an_integral(at: Parameters, x: int, age: float) -> None:
    recency = age if x else 0.0
    sure = 1.0 / (1.0 + (at.a / (at.b + x - 1) if x else 0.0))
    found = expected_visits(WEEKS, [x], [recency], [age], at)[0]
    assert found == pytest.approx(by_quadrature(WEEKS, x, age, at) * sure, rel=1e-8)


def test_where_the_hypergeometric_function_is_fine_it_agrees() -> None:
    r, alpha, a, b = CDNOW
    x, age = 2, 38.86
    z = WEEKS / (alpha + age + WEEKS)
    whole = (a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, z))
    odds = a / (b + x - 1) * ((alpha + age) / (alpha + 30.43)) ** (r + x)
    assert expected_visits(WEEKS, [x], [30.43], [age], CDNOW)[0] == pytest.approx(
        whole / (1 + odds), rel=1e-12
    )


def test_a_taxi_of_twenty_years_underflows_nothing() -> None:
    at = Parameters(2.0, 0.5, 0.1, 50.0)
    found = expected_visits(WEEKS, [7000], [1043.0], [1043.0], at)
    assert 80 < found[0] < 90
    long = expected_visits(1043.0, [7000], [1043.0], [1043.0], at)
    assert 6000 < long[0] < 7000


def test_more_visits_than_can_be_summed_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifetime_visits, "_MOST", 1000)
    with pytest.raises(ArithmeticError, match="too large"):
        expected_visits(1e9, [1000], [10.0], [10.0], Parameters(5.0, 0.1, 0.01, 50.0))


def test_nobody_is_no_error() -> None:
    assert len(expected_visits(WEEKS, [], [], [], CDNOW)) == 0
    assert len(p_alive([], [], [], CDNOW)) == 0


positive = st.floats(0.05, 50)
parameters = st.builds(Parameters, positive, positive, positive, positive)
counts = st.integers(1, 2000)
ages = st.floats(1, 1000)
shares = st.floats(0, 1)


@given(parameters, counts, ages, shares, shares)
def test_p_alive_is_a_probability_and_grows_with_recency(
    at: Parameters, x: int, age: float, one: float, other: float
) -> None:
    early, late = sorted((one, other))
    alive = p_alive([x, x], [early * age, late * age], [age, age], at)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert alive[0] <= alive[1] + 1e-12


@given(parameters, st.integers(0, 2000), ages, shares, st.floats(0.1, 20))
def test_expected_visits_grow_with_time_and_stay_below_the_rate(
    at: Parameters, x: int, age: float, share: float, weeks: float
) -> None:
    x = min(x, int(7 * age))  # one visit a day at most
    recency = share * age if x else 0.0
    some, more = (expected_visits(t, [x], [recency], [age], at)[0] for t in (weeks, 2 * weeks))
    assert 0 <= some <= more * (1 + 1e-9)
    assert some <= (at.r + x) / (at.alpha + age) * weeks * (1 + 1e-9)


@given(parameters, counts, ages, shares)
def test_no_time_no_visits(at: Parameters, x: int, age: float, share: float) -> None:
    assert expected_visits(0.0, [x], [share * age], [age], at)[0] == 0
