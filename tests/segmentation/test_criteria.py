"""The thresholds are data, and what is wrong with them is said in one sentence each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from segmentation.classes import cutoffs
from segmentation.criteria import DEFAULT, SEGMENTS, CriteriaFault, Fault, changed, load, parse

TEXT = DEFAULT.read_text(encoding="utf-8")


def faults(old: str, new: str) -> list[str]:
    assert old in TEXT
    with pytest.raises(CriteriaFault) as caught:
        parse(TEXT.replace(old, new, 1))
    return caught.value.sentences


def test_the_defaults_hold() -> None:
    criteria = load()
    assert criteria.rfm.window_days == 365
    assert criteria.memory_months == 12
    assert {rule.name for rule in criteria.segments} == set(SEGMENTS)
    assert len(criteria.version) <= 32


def test_a_hole_is_named() -> None:
    assert faults('name = "lost"\nr = [1, 1]', 'name = "lost"\nr = [2, 2]') == [
        "rfm: no name covers R 1, F 1",
        "rfm: hibernating and lost both cover R 2, F 1",
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "window_days = 365",
            "window_days = 0",
            "rfm.window_days: Input should be greater than or equal to 1",
        ),
        ("new_days = 30", "new_days = 30\nnew_day = 3", "lifecycle.new_day: Extra inputs are not permitted"),
        (
            "medium_percent = 30",
            "medium_percent = 90",
            "value: high_percent and medium_percent together are more than 100",
        ),
        ("medium_visits = 6", "medium_visits = 60", "frequency: medium_visits is above high_visits"),
        (
            'name = "new"\nlifecycle = ["new"]',
            'name = "new"',
            "segments: 'new' has no condition, so the rules after it never fit",
        ),
        (
            'name = "lapsing"\nlifecycle = ["lapsing"]',
            'name = "lapsing"\nlifecycle = ["dormant"]',
            "segments: 'lapsing' asks no less than 'dormant' before it, so it never fits",
        ),
        (
            'lifecycle = ["active"]\nvip_within = 3',
            'lifecycle = ["dormant"]\nvip_within = 3',
            "segments: 'vip' asks no less than 'at_risk_vip' before it, so it never fits",
        ),
        (
            'name = "dormant"\nlifecycle = ["dormant"]',
            'name = "dormant"\nlifecycle = []',
            "segments: 'dormant' has an empty list, so it never fits",
        ),
        (
            'product = ["diesel"]',
            'product = ["deisel"]',
            "persona: 'heavy' asks for 'deisel', which is no preference",
        ),
        (
            'name = "taxi"\nproduct = ["92", "95", "e10", "gas", "ev", "mixed"]',
            'name = "taxi"\nproduct = ["diesel"]\nleast_fill_litres = 200',
            "persona: 'taxi' asks no less than 'heavy' before it, so it never fits",
        ),
        (
            'name = "regular"',
            'name = "regular"\nlifecycle = ["active"]',
            "segments: the last rule must have no condition, or some have none that fits",
        ),
        (
            "spread_factor = 1.645",
            "spread_factor = inf",
            "rhythm.spread_factor: Input should be a finite number",
        ),
        ("tenure = 20", "tenure = 15", "loyalty: the points add up to 95, not to 100"),
        ("medium = 45", "medium = 75", "loyalty: medium is above high, so that medium is never reached"),
        (
            "regular_spread = 0.3",
            "regular_spread = 2",
            "loyalty: regular_spread is not below irregular_spread",
        ),
        ("days_overdue = 8", "days_overdue = 31", "credit: medium.days_overdue is above high.days_overdue"),
        ("times = 1.3", "times = 3", "price: medium is above high, so that medium is never reached"),
        (
            "drop_days = 3 ",
            "drop_days = 31",
            "price.drop_days: Input should be less than or equal to 30",
        ),
        (
            '[[persona.rules]]\nname = "private"',
            '[[persona.rules]]\nname = "private"\nleast_visits = 1',
            "persona: the last rule must have no condition, or some have none that fits",
        ),
        (
            'name = "eco"\nproduct = ["ev"]\nleast_visits = 3',
            'name = "eco"',
            "persona: 'eco' has no condition, so the rules after it never fit",
        ),
        ('taxi = "taxi"', 'taxi = "cab"', "persona.vehicles.taxi: Input should be PERSONAS"),
        (
            '"dormant", "churned"]\n[accounts',
            '"dormant"]\n[accounts',
            "accounts: alive_order has no place for churned",
        ),
        (
            '[[accounts.tiers]]\nname = "standard"',
            '[[accounts.tiers]]\nname = "standard"\nvalue = ["low"]',
            "accounts: the last rule must have no condition, or some have none that fits",
        ),
        (
            "[accounts.value_times]\nhigh = 10.0",
            "[accounts.value_times]\nhigh = 1.0",
            "accounts.value_times: medium is above high, so that medium is never reached",
        ),
    ],
)
def test_one_sentence_per_fault(old: str, new: str, sentence: str) -> None:
    personas = "'private', 'taxi', 'business', 'heavy', 'eco' or 'fleet'"
    assert faults(old, new) == [sentence.replace("PERSONAS", personas)]


def test_two_faults_are_two_sentences() -> None:
    with pytest.raises(CriteriaFault) as caught:
        parse(
            TEXT.replace("share_percent = 60", "share_percent = 40").replace(
                "gap_minutes = 10", "gap_minutes = -1"
            )
        )
    assert [sentence.split(":")[0] for sentence in caught.value.sentences] == [
        "visit.gap_minutes",
        "product.share_percent",
    ]


def test_what_is_no_toml(tmp_path: Path) -> None:
    file = tmp_path / "criteria.toml"
    file.write_text("version = ")
    with pytest.raises(CriteriaFault, match="not TOML"):
        load(file)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"value.high_percent": 101}, Fault("value.high_percent", "le", 100)),
        ({"value.high_percent": 90}, Fault("value", "rule")),
        ({"value.high_spend": 0}, Fault("value.high_spend", "gt", 0)),
        ({"lifecycle.new_days": 0}, Fault("lifecycle.new_days", "ge", 1)),
        ({"lifecycle.new_days": "soon"}, Fault("lifecycle.new_days", "type")),
        ({"lifecycle.new_days": 2.5}, Fault("lifecycle.new_days", "type")),
        ({"lifecycle.new_days": None}, Fault("lifecycle.new_days", "missing")),
        ({"frequency.medium_visits": 25}, Fault("frequency", "rule")),
        ({"value.nonsense": 1}, Fault("value.nonsense", "missing")),
        ({"no.such": 1}, Fault("no.such", "missing")),
        ({"version.x": 1}, Fault("version.x", "missing")),
    ],
)
def test_a_setting_that_cannot_be_is_named(settings: dict[str, Any], fault: Fault) -> None:
    with pytest.raises(CriteriaFault) as caught:
        changed(load(), settings, "x")
    assert caught.value.faults == [fault]


def test_a_setting_is_changed_and_taken_back() -> None:
    other = changed(load(), {"value.high_spend": 6000, "lifecycle.new_days": 60}, "mine")
    assert (other.value.high_spend, other.lifecycle.new_days, other.version) == (6000, 60, "mine")
    again = changed(other, {"value.high_spend": None, "lifecycle.new_days": 30}, load().version)
    assert again == load()


def test_a_spend_instead_of_a_share() -> None:
    """High from 6,000 in the major unit of each currency, and medium never above it."""
    count = 40
    frame = pd.DataFrame(
        {
            "frequency": [5] * 2 * count,
            "currency": ["CNY"] * count + ["JPY"] * count,
            "monetary": [n * 30_000 for n in range(count)] + [n * 100 for n in range(count)],
        }
    )
    plain = cutoffs(frame, 20_000, load())
    spend = cutoffs(frame, 20_000, changed(load(), {"value.high_spend": 6000}, "x"))
    assert plain.value["CNY"] == (960_000, 600_000)
    assert spend.value == {"CNY": (600_000, 600_000), "JPY": (6000, 2000)}
