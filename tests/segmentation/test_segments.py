"""Classes that stay steady, the memory of month ends, and the one word per customer."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segmentation.classes import largest, level
from segmentation.criteria import DEFAULT, load, parse
from segmentation.memory import month_ends
from tests.segmentation.logs import TODAY, Line, ago, outcome, regulars

TOWN = regulars(40)  # 40 customers, every ten days, 200.00 each time
SPENDER = 1


def weekly(customer: int, since: int, until: int, amount: int = 60_000, every: int = 7) -> list[Line]:
    """Visits from ``since`` days ago to ``until`` days ago; the last one exactly then."""
    return [Line(customer, ago(days), amount) for days in range(until, since + 1, every)]


def test_the_last_month_ends() -> None:
    assert month_ends(date(2026, 3, 1), 3) == [date(2026, 2, 28), date(2026, 1, 31), date(2025, 12, 31)]
    assert month_ends(date(2024, 3, 31), 1) == [date(2024, 2, 29)]


def test_cut_offs_are_values_of_the_data() -> None:
    values = np.arange(1, 11)
    assert [largest(values, 20, 100), largest(values, 50, 100), largest(values, 1, 3)] == [9, 6, 7]
    assert largest(values, 0, 100) == 11
    assert largest(np.array([5]), 20, 100) == 5


@pytest.mark.parametrize(
    ("amount", "before", "expected"),
    [
        (1000, 0, 3),
        (999, 0, 2),
        (900, 3, 3),
        (899, 3, 2),
        (500, 0, 2),
        (499, 1, 1),
        (450, 2, 2),
        (450, 3, 2),
        (449, 3, 1),
        (0, 3, 1),
        (-5, 0, 1),
    ],
)
def test_a_class_is_kept_down_to_ten_percent_below(amount: int, before: int, expected: int) -> None:
    assert level(np.array([amount]), (1000, 500), np.array([before]), 10).tolist() == [expected]


def test_nothing_is_low_even_if_the_cut_off_is_nothing() -> None:
    assert level(np.array([0, 1]), (0, 0), np.array([0, 0]), 10).tolist() == [1, 3]


def test_all_equal_are_all_high_and_score_three() -> None:
    lines = [Line(customer, ago(days)) for customer in range(30) for days in range(0, 300, 10)]
    frame = outcome(lines).frame
    assert set(frame["value"]) == set(frame["frequency_class"]) == {"high"}
    assert set(frame["r"]) == set(frame["f"]) == set(frame["m"]) == {3}
    assert set(frame["segment"]) == {"vip"}


def test_the_cut_offs_are_those_of_the_last_month_end() -> None:
    lines = [*TOWN, *weekly(SPENDER, 400, 3)]
    taken = outcome(lines).cuts
    later = outcome([*lines, *(Line(n, ago(2), 10**7) for n in range(2000, 2030))]).cuts
    assert taken == later
    assert taken.facts()["taken_on"] == "2026-05-31"


def test_a_chain_in_its_first_month_takes_todays_cut_offs() -> None:
    lines = [Line(n, ago(days), 1000 * n) for n in range(1, 31) for days in (1, 5, 12)]
    found = outcome(lines)
    assert found.facts()["taken_on"] == TODAY.isoformat()
    assert found.frame["value"].value_counts().to_dict() == {"high": 6, "medium": 9, "low": 15}


def test_fewer_than_25_have_no_classes_but_a_stage() -> None:
    frame = outcome(regulars(24)).frame
    assert set(frame["value"]) == set(frame["frequency_class"]) == {""}
    assert set(frame["rfm_segment"]) == {"insufficient_data"}
    assert set(frame["segment"]) == {"regular"}


def test_vip_then_at_risk_then_dormant() -> None:
    for away, segment, stage in (
        (3, "vip", "active"),
        (18, "at_risk_vip", "lapsing"),
        (60, "at_risk_vip", "dormant"),
        (350, "churned", "churned"),
    ):
        row = outcome([*TOWN, *weekly(SPENDER, 800, away)]).frame.loc[SPENDER]
        assert (row["segment"], row["lifecycle"]) == (segment, stage), away


def test_someone_never_vip_only_lapses() -> None:
    for away, segment in ((3, "regular"), (18, "lapsing"), (60, "dormant")):
        row = outcome([*TOWN, *weekly(SPENDER, 800, away, amount=100)]).frame.loc[SPENDER]
        assert str(row["segment"]) == segment


def test_a_vip_stays_one_for_three_month_ends() -> None:
    """A big spender whose money leaves the window: the class drops, the word stays a while."""
    big = [Line(SPENDER, ago(days), 20_000_000) for days in (365 + 10, 365 + 11)]
    visits = weekly(SPENDER, 800, 1, amount=100)
    lines = [*TOWN, *big, *visits]
    words: dict[int, str] = {}
    for later in range(0, 140, 10):
        day = TODAY + timedelta(days=later)
        more = [Line(SPENDER, ago(-n), 100) for n in range(6, later + 1, 7)]
        town = [Line(n, ago(-d)) for n in range(1000, 1040) for d in range(1, later + 1, 10)]
        frame = outcome([*lines, *town, *more], as_of=day).frame.loc[[SPENDER]]
        assert frame["value"].tolist() == ["low"]
        words.update(zip(frame["vip_months"].tolist(), frame["segment"].tolist(), strict=True))
    assert words == {1: "vip", 2: "vip", 3: "vip", 4: "regular", 5: "regular"}


def test_back_after_a_long_silence() -> None:
    row = outcome([*TOWN, *weekly(SPENDER, 500, 200, amount=100), Line(SPENDER, ago(2), 100)]).frame.loc[1]
    assert (row["lifecycle"], row["segment"]) == ("reactivated", "reactivated")


def test_first_weeks() -> None:
    frame = outcome([*TOWN, Line(SPENDER, ago(2), 10**7)], others=[2]).frame
    assert frame.loc[[1, 2], "segment"].tolist() == ["new", "prospect"]
    assert frame.loc[[2], ["value", "frequency_class", "rfm_segment"]].to_numpy().tolist() == [["", "", ""]]


def test_rows_in_any_order_under_any_ids() -> None:
    chance = random.Random(3)
    lines = [*TOWN, *weekly(1, 500, 3), *weekly(2, 500, 40, 900), *weekly(3, 300, 1, 50_000, 3)]
    expected = outcome(lines).frame
    renamed = {key: 5000 - key for key in expected.index}
    again = [Line(renamed[line.customer], line.at, line.amount) for line in lines]
    chance.shuffle(again)
    found = outcome(again).frame.loc[[renamed[key] for key in expected.index]]
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected.reset_index(drop=True))


@pytest.mark.parametrize("months", [1, 2, 5, 11])
def test_a_past_day_is_what_the_log_gave_then(months: int) -> None:
    lines = [*TOWN, *weekly(1, 500, 3), *weekly(2, 500, 40, 90_000), *weekly(3, 300, 1, 50_000, 3)]
    day = month_ends(TODAY, months)[-1]
    then = outcome([line for line in lines if line.day <= day], as_of=day)
    now = outcome(lines, as_of=day).frame
    came = now[now["visits"] > 0]
    pd.testing.assert_frame_equal(came, then.frame, check_dtype=False)


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_anyone(count: int) -> None:
    frame = outcome([Line(1, ago(1), -500)] * count).frame
    assert len(frame) == count
    assert set(frame["segment"]) <= {"new"}


def test_fixed_frequency_cuts(tmp_path: Path) -> None:
    text = DEFAULT.read_text(encoding="utf-8").replace('method = "terciles"', 'method = "fixed"')
    lines = [*TOWN, *weekly(1, 360, 3), *weekly(2, 60, 3, every=20), *weekly(3, 160, 3, every=20)]
    frame = outcome(lines, criteria=parse(text)).frame
    assert frame.loc[[1, 2, 3], "frequency_class"].tolist() == ["high", "low", "medium"]
    assert load().frequency.method == "terciles"
