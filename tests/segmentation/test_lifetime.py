"""The fit of BG/NBD: the published answer, the library's, and what it says of data it cannot fit."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifetimes import BetaGeoFitter

from segmentation import lifetime
from segmentation.classes import day_number
from segmentation.lifetime import Fit, Parameters
from segmentation.lifetime_table import patterns, summary
from tests.segmentation.lifetime_data import CALIBRATION_END, cdnow, made

PUBLISHED = (0.243, 4.414, 0.793, 2.426)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return summary(cdnow(), CALIBRATION_END)


@pytest.fixture(scope="module")
def fitted(frame: pd.DataFrame) -> Fit:
    return lifetime.fit(frame)


def test_cdnow_gives_the_published_fit(fitted: Fit) -> None:
    assert fitted.parameters is not None
    assert tuple(round(value, 3) for value in fitted.parameters) == PUBLISHED
    assert fitted.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert (fitted.customers, fitted.repeaters) == (2357, 946)
    assert fitted.converged
    assert fitted.weak is None
    assert fitted.gradient is not None
    assert fitted.gradient < 1e-9


def test_cdnow_fit_equals_the_library(frame: pd.DataFrame, fitted: Fit) -> None:
    peer = BetaGeoFitter().fit(frame["repeat_visits"], frame["recency_weeks"], frame["age_weeks"])
    assert fitted.parameters is not None
    assert fitted.errors is not None
    assert np.array(fitted.parameters) == pytest.approx(peer.params_.to_numpy(), rel=1e-5)
    assert np.array(fitted.errors) == pytest.approx(peer.standard_errors_.to_numpy(), rel=1e-3)


def test_the_approximate_fit_says_so_and_stays_close(frame: pd.DataFrame, fitted: Fit) -> None:
    near = lifetime.fit(frame, approximate=True)
    assert near.approximate
    assert not fitted.approximate
    assert near.patterns < fitted.patterns
    apart = (lifetime.apply(frame, near)["p_alive"] - lifetime.apply(frame, fitted)["p_alive"]).abs()
    assert 0 < apart.max() < 0.002


def test_known_parameters_are_found_again() -> None:
    fitted = lifetime.fit(made(20_000, seed=4))
    assert fitted.parameters is not None
    assert fitted.errors is not None
    away = (np.array(fitted.parameters) - (1.2, 3.0, 0.8, 6.0)) / np.array(fitted.errors)
    assert np.abs(away).max() < 4
    assert fitted.weak is None


def test_the_order_of_rows_changes_nothing(frame: pd.DataFrame, fitted: Fit) -> None:
    assert lifetime.fit(frame.sample(frac=1, random_state=3)) == fitted


def test_doubling_everyone_keeps_the_parameters_and_sharpens_them(frame: pd.DataFrame, fitted: Fit) -> None:
    twice = lifetime.fit(pd.concat([frame, frame]))
    assert twice.patterns == fitted.patterns
    assert twice.parameters == pytest.approx(fitted.parameters, rel=1e-9)
    assert twice.errors is not None
    assert fitted.errors is not None
    assert twice.errors.a == pytest.approx(fitted.errors.a / np.sqrt(2), rel=1e-6)


def test_a_fit_is_kept_as_json(fitted: Fit) -> None:
    assert Fit.of(json.loads(json.dumps(fitted.facts()))) == fitted
    empty = lifetime.fit(made(0, seed=1))
    assert Fit.of(json.loads(json.dumps(empty.facts()))) == empty


def test_too_few_who_came_back_are_no_fit() -> None:
    frame = made(60, seed=2)
    fitted = lifetime.fit(frame)
    assert fitted.weak == "few_repeaters"
    assert fitted.parameters is None
    said = lifetime.apply(frame, fitted)
    assert said[["p_alive", "expected_visits_90d", "expected_value_90d"]].isna().all(axis=None)


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_one(count: int) -> None:
    frame = made(count, seed=1)
    fitted = lifetime.fit(frame)
    assert (fitted.weak, fitted.customers) == ("few_repeaters", count)
    assert len(lifetime.apply(frame, fitted)) == count


def test_customers_who_are_all_alike_are_weak() -> None:
    same = pd.DataFrame({"repeat_visits": [52] * 500, "recency_weeks": 52.0, "age_weeks": 52.5})
    assert lifetime.fit(same).weak is not None


def test_customers_of_whom_nobody_leaves_are_weak() -> None:
    frame = made(2_000, seed=5, a=1e-6, b=1.0)
    assert lifetime.fit(frame).weak in {"boundary", "flat", "not_converged"}


@pytest.mark.parametrize(
    ("repeats", "recency", "age"),
    [(-1, 0.0, 1.0), (1, 3.0, 2.0), (1, -1.0, 2.0), (0, 1.0, 2.0), (1, float("nan"), 2.0)],
)
def test_rows_that_cannot_be_are_refused(repeats: int, recency: float, age: float) -> None:
    frame = pd.DataFrame({"repeat_visits": [repeats], "recency_weeks": [recency], "age_weeks": [age]})
    with pytest.raises(ValueError, match="recency"):
        lifetime.fit(frame)


def test_apply_names_its_columns_and_keeps_the_index(frame: pd.DataFrame, fitted: Fit) -> None:
    said = lifetime.apply(frame, fitted, days=30)
    assert list(said) == ["p_alive", "one_visit", "expected_visits_30d", "expected_value_30d"]
    assert said.index.equals(frame.index)
    once = frame["repeat_visits"] == 0
    assert said["one_visit"].equals(once.rename("one_visit"))
    assert said.loc[once, "p_alive"].isna().all()
    assert said.loc[~once, "p_alive"].between(0, 1).all()
    assert (said["expected_visits_30d"] > 0).all()
    assert said["expected_value_30d"].isna().all()


def test_the_likelihood_has_the_gradient_it_says(frame: pd.DataFrame) -> None:
    loss = lifetime._Likelihood(patterns(frame)).loss
    for point in (np.zeros(4), np.array([-1.0, 2.0, 0.5, -0.5]), np.array([3.0, -2.0, -3.0, 4.0])):
        steps = 1e-5 * np.eye(4)
        slope = [(loss(point + step)[0] - loss(point - step)[0]) / 2e-5 for step in steps]
        assert loss(point)[1] == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_parameters_have_names(fitted: Fit) -> None:
    assert isinstance(fitted.parameters, Parameters)
    assert set(fitted.facts()["parameters"]._asdict()) == {"r", "alpha", "a", "b"}


VISITS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(20_000, 20_060), st.integers(0, 50_000)), max_size=40
)


@given(VISITS, st.integers(20_000, 20_070))
def test_the_summary_equals_a_plain_groupby(rows: list[tuple[int, int, int]], as_of: int) -> None:
    visits = pd.DataFrame(rows, columns=["customer", "day", "value"], dtype="int64")
    found = summary(visits, as_of)
    known = visits[visits["day"] <= as_of]
    assert list(found.index) == sorted(known["customer"].unique())
    for customer, theirs in known.groupby("customer"):
        daily = theirs.groupby("day")["value"].sum()
        row = found.loc[customer]
        assert row["repeat_visits"] == len(daily) - 1
        assert row["recency_weeks"] == (daily.index[-1] - daily.index[0]) / 7
        assert row["age_weeks"] == (as_of - daily.index[0]) / 7
        expected = daily.iloc[1:].mean() if len(daily) > 1 else np.nan
        assert row["mean_value"] == pytest.approx(expected, nan_ok=True)


def test_two_visits_on_one_day_are_one() -> None:
    first, second = day_number(date(2026, 1, 1)), day_number(date(2026, 1, 8))
    visits = pd.DataFrame({"customer": ["A", "A", "A"], "day": [second, first, second]})
    row = summary(visits, day_number(date(2026, 1, 22))).loc["A"]
    assert row.to_dict() == {"repeat_visits": 1, "recency_weeks": 1, "age_weeks": 3}
