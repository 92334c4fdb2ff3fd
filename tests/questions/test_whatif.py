"""Thresholds as people speak of them, and what of it is not understood."""

from __future__ import annotations

from typing import Any

import pytest

from questions.misread import Misread
from questions.whatif import WhatIf, completed, parse
from segmentation.criteria import load

MEANT: list[tuple[str, str, dict[str, Any]]] = [
    ("如果VIP要6000呢", "what if VIP needs 6000", {"value.high_spend": 6000}),
    ("如果VIP门槛改成6,000元", "what if VIPs need 6k yuan?", {"value.high_spend": 6000}),
    ("如果VIP门槛是2万元呢？", "what if the VIP threshold were 20000", {"value.high_spend": 20_000}),
    ("如果高价值要8000元", "what if high value needs 8000", {"value.high_spend": 8000}),
    ("如果VIP是前10%", "What if VIP is the top 10%", {"value.high_percent": 10, "value.high_spend": None}),
    (
        "如果VIP要一年来12次",
        "what if VIP needs 12 visits",
        {"frequency.method": "fixed", "frequency.medium_visits": 12},
    ),
    ("如果流失改成200天", "what if churned means 200 days", {"lifecycle.churned_after_days": 200}),
    ("如果沉睡改成60天", "what if dormant after 60 days", {"lifecycle.dormant_least_days": 60}),
    ("假如新客户算60天", "what if new is 60 days", {"lifecycle.new_days": 60}),
    ("如果VIP要九千呢", "what if VIP needs nine thousand", {"value.high_spend": 9000}),
    ("VIP门槛降到五千会怎样", "lower the VIP threshold to five thousand", {"value.high_spend": 5000}),
    ("VIP要是一万二呢", "if VIP needed 12k, how many would move?", {"value.high_spend": 12_000}),
    (
        "如果VIP是前百分之十",
        "suppose VIP is the top ten percent",
        {"value.high_percent": 10, "value.high_spend": None},
    ),
    ("如果沉睡改成六十天", "what happens if dormant is sixty days", {"lifecycle.dormant_least_days": 60}),
    ("如果回流是45天呢", "what if reactivated is 45 days", {"lifecycle.reactivated_days": 45}),
]


@pytest.mark.parametrize(("chinese", "english", "settings"), MEANT, ids=[one for _, one, _ in MEANT])
def test_both_languages_mean_the_same(chinese: str, english: str, settings: dict[str, Any]) -> None:
    assert parse(chinese) == parse(english) == WhatIf(settings)
    assert parse(WhatIf(settings).canonical()) == WhatIf(settings)


@pytest.mark.parametrize("text", ["how many VIPs", "if VIP", "", "whatever 6000", "VIP门槛", "what iffy"])
def test_other_texts_are_no_what_if(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("what if blorp needs 6000", "unknown", "blorp"),
        ("what if VIP needs 6000 zorblax", "unknown", "zorblax"),
        ("如果VIP要6000麒麟", "unknown", "麒麟"),
        ("what if VIP needs", "number", "vip needs"),
        ("what if VIP needs 5 or 6", "unknown", "or"),
        ("what if VIP needs 5, 6", "number", "vip needs 5, 6"),
        ("what if lapsing needs 5 days", "threshold", "lapsing needs 5 days"),
        ("what if 6000", "threshold", "6000"),
        ("what if VIP needs 5 days", "threshold", "vip needs 5 days"),
        ("what if VIP and churned need 6000", "unknown", "vip"),
        ("what if value.high_spend=6000 please", "unknown", "please"),
        ("what if " + "x" * 4096, "long", ""),
    ],
)
def test_every_word_is_used_or_named(text: str, code: str, word: str) -> None:
    meant = parse(text)
    assert isinstance(meant, Misread)
    assert (meant.problems[0].code, meant.problems[0].word) == (code, word)


def test_medium_takes_high_along() -> None:
    visits = {"frequency.method": "fixed", "frequency.medium_visits": 30}
    assert completed(visits, load())["frequency.high_visits"] == 30
    assert completed(visits | {"frequency.medium_visits": 9}, load())["frequency.high_visits"] == 24
    assert completed({"value.high_spend": 1}, load()) == {"value.high_spend": 1}
