"""The thresholds are data, and what is wrong with them is said in one sentence each."""

from __future__ import annotations

from pathlib import Path

import pytest

from segmentation.criteria import DEFAULT, SEGMENTS, CriteriaFault, load, parse

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
            'name = "regular"',
            'name = "regular"\nlifecycle = ["active"]',
            "segments: the last rule must have no condition, or some have none that fits",
        ),
        (
            "spread_factor = 1.645",
            "spread_factor = inf",
            "rhythm.spread_factor: Input should be a finite number",
        ),
    ],
)
def test_one_sentence_per_fault(old: str, new: str, sentence: str) -> None:
    assert faults(old, new) == [sentence]


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
