"""Logs nobody would write by hand: nobody at all, everyone equal, refunds, clocks ahead, mixed money."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from questions.why import DIMENSIONS, sentences
from segmentation.explain import explain
from segmentation.segments import Outcome
from tests.segmentation.logs import TODAY, Line, ago, outcome, regulars

pytestmark = pytest.mark.slow

VALUES: dict[str, set[str]] = {
    "lifecycle": {"prospect", "new", "active", "lapsing", "dormant", "churned", "reactivated"},
    "value": {"", "high", "medium", "low"},
    "frequency_class": {"", "high", "medium", "low"},
    "product": {"", "92", "95", "98", "e10", "diesel", "lubricant", "ev", "shop", "gas", "other", "mixed"},
    "loyalty": {"high", "medium", "low"},
    "credit_risk": {"none"},
    "persona": {"private", "taxi", "business", "heavy", "eco", "fleet"},
    "price_sensitivity": {"high", "medium", "low"},
}


def sound(found: Outcome) -> list[dict[str, Any]]:
    """Every customer has one known value in each dimension, and words for it in both languages."""
    for name, values in VALUES.items():
        assert set(found.frame[name].tolist()) <= values, name
    sheets = list(explain(found))
    assert len(sheets) == len(found.frame)
    for sheet in sheets:
        for locale in ("zh", "en"):
            assert set(sentences(sheet, locale)) == set(DIMENSIONS)
    return sheets


def test_nobody() -> None:
    assert sound(outcome([])) == []


def test_one_who_never_came() -> None:
    (sheet,) = sound(outcome([], others=(1,)))
    assert (sheet["segment"]["name"], sheet["rhythm"]["due_on"]) == ("prospect", None)


@pytest.mark.parametrize("amount", [None, 0, 1, -500, 10**12])
def test_a_single_fill_up_of_any_amount(amount: int | None) -> None:
    (sheet,) = sound(outcome([Line(1, ago(3), amount)]))
    assert (sheet["lifecycle"]["stage"], sheet["rfm"]["monetary"]) == ("new", amount or 0)
    assert sheet["decline"]["peak_month"] is None  # June is not over


def test_all_equal() -> None:
    lines = [Line(customer, ago(days)) for customer in range(1, 41) for days in range(0, 400, 10)]
    frame = outcome(lines).frame
    assert set(frame["r"]) == set(frame["f"]) == set(frame["m"]) == {3}
    assert all(frame[name].nunique() == 1 for name in (*VALUES, "points", "home_station"))


def test_two_visits_at_one_moment_and_within_a_minute() -> None:
    again = [Line(1, ago(5)), Line(1, ago(5)), Line(1, ago(5) + timedelta(seconds=40))]
    (sheet,) = sound(outcome(again))
    assert (sheet["lifecycle"]["visits"], sheet["place"]["visits"]) == (1, 1)
    apart = [Line(1, ago(5), station=1), Line(1, ago(5), station=2)]
    (sheet,) = sound(outcome(apart))
    assert (sheet["lifecycle"]["visits"], sheet["lifecycle"]["last_gap_days"]) == (2, 0.0)


def test_more_given_back_than_bought() -> None:
    lines = [*regulars(30), *(Line(1, ago(n), -9_000, millilitres=-12_000) for n in range(60, 90))]
    sheet = sound(outcome(lines))[0]
    assert (sheet["value"]["class"], sheet["product"]["preference"]) == ("low", None)
    assert (sheet["decline"]["declining"], sheet["decline"]["peak_month"]) == (False, None)


def test_a_clock_in_the_future_does_not_exist_yet() -> None:
    lines = [*regulars(30), Line(1, ago(40)), Line(1, ago(-3))]
    (row,) = outcome(lines).frame.loc[[1]].to_dict("records")
    assert (row["visits"], row["since_days"]) == (1, 40)


def test_currencies_are_never_added() -> None:
    euros = [Line(1, ago(n), 100, currency="EUR", product="diesel") for n in range(1, 40, 2)]
    yen = [Line(1, ago(n), 10**9, currency="JPY", product="shop") for n in range(2, 30, 2)]
    sheet = sound(outcome([*regulars(30), *euros, *yen]))[0]
    assert (sheet["rfm"]["currency"], sheet["rfm"]["monetary"]) == ("EUR", 2000)
    assert (sheet["product"]["preference"], sheet["product"]["share_percent"]) == ("diesel", 100)
    assert sheet["rfm"]["beside"] == {"JPY": 14 * 10**9}


def test_a_customer_of_twenty_years() -> None:
    lines = [Line(1, ago(days)) for days in range(0, 20 * 365, 9)]
    sheet = sound(outcome([*regulars(30), *lines]))[0]
    assert sheet["lifecycle"]["visits"] == len(lines)
    assert sheet["loyalty"]["parts"]["tenure"] == [20, 20]
    assert sheet["loyalty"]["months_of"] == 12


def test_the_order_of_rows_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    lines = [
        dataclasses.replace(
            line, station=int(rng.integers(1, 4)), product=str(rng.choice(["92", "95", "ev"]))
        )
        for line in regulars(40, every=7)
    ]
    shuffled = [lines[place] for place in rng.permutation(len(lines))]
    pd.testing.assert_frame_equal(outcome(lines).frame, outcome(shuffled).frame)
    assert list(explain(outcome(lines))) == list(explain(outcome(shuffled)))


def test_the_last_day_of_a_month_ends_it() -> None:
    end = TODAY.replace(month=5, day=31)
    lines = [*regulars(30), Line(1, ago(200)), Line(1, ago(16), millilitres=1_000)]
    before, after = (next(iter(explain(outcome(lines, as_of=day)))) for day in (end - timedelta(days=1), end))
    assert (before["decline"]["month"], after["decline"]["month"]) == ("2026-04-01", "2026-05-01")
    assert (before["decline"]["month_ml"], after["decline"]["month_ml"]) == (0, 1_000)
