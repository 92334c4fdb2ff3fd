"""Foretold against made."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from segmentation.calibration import Calibration, calibrate
from segmentation.calibration_chart import picture
from tests.segmentation.lifetime_data import CALIBRATION_END, CDNOW_END, cdnow


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate(cdnow()[["customer", "day"]], CALIBRATION_END, CDNOW_END)


def test_ten_equal_groups_hold_everyone(found: Calibration) -> None:
    assert list(found.table.index) == list(range(1, 11))
    assert found.table["customers"].sum() == 2357
    assert found.table["customers"].max() - found.table["customers"].min() <= 1
    assert found.table["predicted_mean"].is_monotonic_increasing


def test_what_was_made_is_a_count_of_days_in_the_holdout(found: Calibration) -> None:
    visits = cdnow()
    after = visits[(visits["day"] > CALIBRATION_END) & (visits["day"] <= CDNOW_END)]
    assert found.table["actual"].sum() == len(after.drop_duplicates(["customer", "day"]))


def test_cdnow_is_foretold_well(found: Calibration) -> None:
    assert found.error is not None
    assert found.error < 0.15
    assert found.table["predicted"].sum() == pytest.approx(found.table["actual"].sum(), rel=0.15)
    assert found.table.loc[10, "predicted_mean"] == pytest.approx(3.7, abs=0.3)


def test_nothing_after_the_split_is_known_to_the_fit(found: Calibration) -> None:
    visits = cdnow()[["customer", "day"]]
    before = visits[visits["day"] <= CALIBRATION_END]
    alone = calibrate(before, CALIBRATION_END, CDNOW_END)
    assert alone.fit == found.fit
    assert alone.table["actual"].sum() == 0
    assert (alone.table["predicted"] == found.table["predicted"]).all()


def test_the_order_of_visits_changes_nothing(found: Calibration) -> None:
    visits = cdnow()[["customer", "day"]].sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(calibrate(visits, CALIBRATION_END, CDNOW_END).table, found.table)


def test_facts_are_json(found: Calibration) -> None:
    facts = json.loads(json.dumps(found.facts()))
    assert (facts["from"], facts["until"]) == ("1997-10-01", "1998-06-30")
    assert [row["group"] for row in facts["rows"]] == list(range(1, 11))


def weak() -> dict[str, Any]:
    few = pd.DataFrame({"customer": np.arange(30), "day": np.full(30, 20_000)})
    return calibrate(few, 20_010, 20_050).facts()


def test_a_weak_fit_foretells_nothing_and_says_why() -> None:
    facts = weak()
    assert (facts["weak"], facts["rows"], facts["error"]) == ("few_repeaters", [], None)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_picture_is_drawn_and_tells_weak_from_good(found: Calibration, locale: str) -> None:
    good, poor = picture(found.facts(), locale), picture(weak(), locale)
    assert good.startswith(b"\x89PNG")
    assert poor.startswith(b"\x89PNG")
    assert good != poor
    near = picture(found.facts() | {"approximate": True}, locale)
    assert near != good
    for reason in ("not_converged", "boundary", "flat"):
        assert picture(weak() | {"weak": reason}, locale) != poor


def test_a_holdout_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="holdout"):
        calibrate(cdnow(), CALIBRATION_END, CALIBRATION_END)
