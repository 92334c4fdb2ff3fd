"""The Gamma-Gamma model of spend, beside the library and at its edges."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifetimes import GammaGammaFitter

from segmentation import gamma_gamma, lifetime
from segmentation.gamma_gamma import ValueFit, ValueParameters, expected_mean
from segmentation.lifetime_table import summary
from tests.segmentation.lifetime_data import CALIBRATION_END, cdnow


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return summary(cdnow(), CALIBRATION_END)


@pytest.fixture(scope="module")
def fitted(frame: pd.DataFrame) -> ValueFit:
    return gamma_gamma.fit(frame)


@pytest.fixture(scope="module")
def peer(frame: pd.DataFrame) -> GammaGammaFitter:
    back = frame[frame["repeat_visits"] > 0]
    return GammaGammaFitter().fit(back["repeat_visits"], back["mean_value"])


def test_cdnow_equals_the_library(frame: pd.DataFrame, fitted: ValueFit, peer: GammaGammaFitter) -> None:
    assert fitted.parameters is not None
    assert fitted.weak is None
    assert np.array(fitted.parameters) == pytest.approx(peer.params_.to_numpy(), abs=1e-4)
    back = frame[frame["repeat_visits"] > 0]
    ours = expected_mean(back["repeat_visits"], back["mean_value"], fitted.parameters)
    theirs = peer.conditional_expected_average_profit(back["repeat_visits"], back["mean_value"])
    assert ours == pytest.approx(theirs.to_numpy(), rel=1e-4)
    assert fitted.log_likelihood == pytest.approx(-peer._negative_log_likelihood_ * len(back), rel=1e-9)


def test_the_unit_of_money_only_scales_v(frame: pd.DataFrame, fitted: ValueFit) -> None:
    cents = gamma_gamma.fit(frame.assign(mean_value=frame["mean_value"] * 100))
    assert fitted.parameters is not None
    p, q, v = fitted.parameters
    assert cents.parameters == pytest.approx((p, q, v * 100), rel=1e-9)


def test_order_changes_nothing_and_json_keeps_it(frame: pd.DataFrame, fitted: ValueFit) -> None:
    assert gamma_gamma.fit(frame.sample(frac=1, random_state=1)) == fitted
    assert ValueFit.of(json.loads(json.dumps(fitted.facts()))) == fitted


def test_visits_worth_nothing_are_left_out_and_counted(frame: pd.DataFrame, fitted: ValueFit) -> None:
    odd = pd.DataFrame({"repeat_visits": [3, 2, 1], "mean_value": [0.0, -5.0, np.nan]})
    found = gamma_gamma.fit(pd.concat([frame, odd]))
    assert found.left_out == fitted.left_out + 3
    assert found.parameters == fitted.parameters


def test_too_few_are_no_fit(frame: pd.DataFrame) -> None:
    found = gamma_gamma.fit(frame.head(50))
    assert found.weak == "few_repeaters"
    assert found.parameters is None
    assert lifetime.apply(frame, lifetime.fit(frame), found)["expected_value_90d"].isna().all()


def test_all_equal_values_are_weak() -> None:
    same = pd.DataFrame({"repeat_visits": [4] * 300, "mean_value": [200.0] * 300})
    assert gamma_gamma.fit(same).weak is not None


def test_values_without_a_mean_are_weak() -> None:
    random = np.random.default_rng(6)
    own = 100 / random.gamma(0.6, 1.0, 4000)
    x = random.integers(1, 6, 4000)
    found = gamma_gamma.fit(pd.DataFrame({"repeat_visits": x, "mean_value": own * random.gamma(3.0 * x) / x}))
    assert found.weak == "no_mean"


def test_expected_value_is_visits_times_value(frame: pd.DataFrame, fitted: ValueFit) -> None:
    assert fitted.parameters is not None
    said = lifetime.apply(frame, lifetime.fit(frame), fitted)
    each = expected_mean(frame["repeat_visits"], frame["mean_value"], fitted.parameters)
    assert (said["expected_value_90d"] == said["expected_visits_90d"] * each).all()


def test_whose_value_is_unknown_counts_as_everyone() -> None:
    at = ValueParameters(6.25, 3.74, 15.44)
    everyone = 15.44 * 6.25 / 2.74
    assert expected_mean([0, 5], [np.nan, np.nan], at) == pytest.approx([everyone, everyone])


@given(
    st.floats(0.05, 50), st.floats(1.05, 50), st.floats(0.1, 1e6), st.integers(1, 1000), st.floats(0.01, 1e7)
)
def test_expected_value_lies_between_ones_own_and_everyones(
    p: float, q: float, v: float, x: int, own: float
) -> None:
    found = expected_mean([x], [own], ValueParameters(p, q, v))[0]
    low, high = sorted((own, v * p / (q - 1)))
    assert low * (1 - 1e-9) <= found <= high * (1 + 1e-9)
