"""The fact sheet says the customer's numbers and the thresholds they were held against."""

from __future__ import annotations

import json
from typing import Any

from segmentation.explain import explain
from tests.segmentation.logs import Line, ago, outcome, regulars


def sheets(lines: list[Line], others: tuple[int, ...] = ()) -> dict[int, dict[str, Any]]:
    found = outcome(lines, others=others)
    facts = dict(zip(found.frame.index.tolist(), explain(found), strict=True))
    restored: dict[str, dict[str, Any]] = json.loads(json.dumps(facts))
    return {int(key): sheet for key, sheet in restored.items()}


TOWN = regulars(40)
BIG = [Line(1, ago(days), 60_000, product="diesel") for days in range(18, 400, 7)]


def test_an_at_risk_vip_in_numbers() -> None:
    sheet = sheets([*TOWN, *BIG, Line(1, ago(100), 700, currency="USD", station=2)], others=(2,))[1]
    assert sheet["segment"] == {
        "name": "at_risk_vip",
        "rule": {"lifecycle": ["lapsing", "dormant"], "vip_within": 12},
    }
    life = sheet["lifecycle"]
    assert life["stage"] == "lapsing"
    assert life["limit_days"] < life["days_since"] == 18 <= life["dormant_days"] < life["churned_days"]
    assert (life["visits"], life["gaps"], life["last_visit"]) == (56, 55, "2026-05-28")
    assert sheet["vip"] == {"now": False, "months_since": 1}
    assert sheet["value"]["number"] == 60_000 * 50 >= sheet["value"]["high"] >= sheet["value"]["medium"] > 0
    assert sheet["frequency"]["number"] == sheet["rfm"]["frequency"] == 51
    assert sheet["rfm"]["beside"] == {"USD": 700}
    assert sheet["rfm"]["population"] == 41
    assert sheet["product"] == {
        "preference": "diesel",
        "share_percent": 100,
        "share_of": "spend",
        "least_percent": 60,
    }


def test_a_prospect_has_no_numbers() -> None:
    sheet = sheets(TOWN, others=(1,))[1]
    assert sheet["segment"]["name"] == "prospect"
    for part, names in {
        "rfm": ("recency_days", "r", "f", "m", "name", "currency"),
        "value": ("class", "then", "high"),
        "frequency": ("class", "then"),
        "lifecycle": ("days_since", "first_visit", "last_visit", "last_gap_days"),
        "product": ("preference",),
    }.items():
        assert [sheet[part][name] for name in names] == [None] * len(names)


def test_the_number_crosses_the_threshold_and_the_value_changes_with_it() -> None:
    for days, stage in ((0, "active"), (60, "dormant")):
        life = sheets([*TOWN, *(Line(1, ago(days + n)) for n in range(0, 300, 7))])[1]["lifecycle"]
        assert life["stage"] == stage
        assert (life["days_since"] > life["dormant_days"]) == (stage == "dormant")
