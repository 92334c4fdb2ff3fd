"""Why, as people say it: whole days and litres, stations by name, the days that most gaps lie between."""

from __future__ import annotations

from typing import Any

from questions.why import as_told

WHY: dict[str, Any] = {
    "as_of": "2026-06-15",
    "lifecycle": {"stage": "active", "limit_days": 16.42, "dormant_days": 45.0, "churned_days": 224.6,
                  "typical_days": 5.92, "last_gap_days": 0.2, "days_since": 4},
    "persona": {"typical_days": 5.92, "fill_ml": 40_480},
    "price": {"expected": 2.6666},
    "place": {"station": "S01"},
    "rhythm": {"typical_days": 5.92, "spread": 0.4},
    "decline": {"month_ml": 77_800, "peak_ml": 141_200},
    "segment": None,
}  # fmt: skip


def test_numbers_are_rounded_as_people_would() -> None:
    told = as_told(WHY, {"S01": "North Gate"})
    life = told["lifecycle"]
    assert [life[name] for name in ("limit_days", "dormant_days", "churned_days", "last_gap_days")] == [
        16, 45, 225, 1,
    ]  # fmt: skip
    assert told["persona"] == {"typical_days": 6, "fill_ml": 40_000}
    assert told["decline"] == {"month_ml": 78_000, "peak_ml": 141_000}
    assert told["price"]["expected"] == 2.7
    assert told["place"]["station"] == "North Gate"


def test_two_of_three_gaps_lie_between_days() -> None:
    rhythm = as_told(WHY, {})["rhythm"]
    assert (rhythm["typical_days"], rhythm["low_days"], rhythm["high_days"]) == (6, 4, 9)
    never = as_told({"rhythm": {"typical_days": None, "spread": None}}, {})["rhythm"]
    assert (never["low_days"], never["high_days"]) == (None, None)


def test_the_facts_themselves_stay_as_they_were() -> None:
    before = repr(WHY)
    assert as_told(WHY, {})["place"]["station"] == "S01"
    assert repr(WHY) == before
