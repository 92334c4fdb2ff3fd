"""The next step: the most urgent thing first, and nothing where nothing is to be done."""

from __future__ import annotations

from typing import Any

import pytest

from questions.advice import next_step

FINE: dict[str, Any] = {
    "tasks": [], "coupons": [], "in_chat": True, "reachable": True, "marketing": True,
    "segment": {"name": "regular"}, "rhythm": {"days_now": 4}, "why": {"decline": {"declining": False}},
}  # fmt: skip
COUPON = {"value": 1500, "currency": "CNY", "day": "2026-06-20", "state": "open"}
STEPS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"code": "nothing"}),
    ({"segment": {"name": "lapsing"}}, {"code": "wait"}),
    (
        {"why": {"decline": {"declining": True, "percent": 12, "month": "2026-05-31"}}},
        {"code": "ask", "percent": 12, "month": "2026-05-31"},
    ),
    ({"marketing": False}, {"code": "consent"}),
    ({"reachable": False}, {"code": "blocked"}),
    ({"in_chat": False, "reachable": False}, {"code": "register"}),
    (
        {"coupons": [COUPON | {"day": "2026-07-01"}, COUPON, COUPON | {"state": "used"}]},
        {"code": "coupon", "value": 1500, "currency": "CNY", "day": "2026-06-20"},
    ),
    ({"segment": {"name": "at_risk_vip"}}, {"code": "call", "days": 4, "in_chat": True}),
    ({"tasks": [{"due": "2026-06-16", "by": "Ming"}]}, {"code": "task", "due": "2026-06-16", "by": "Ming"}),
]


@pytest.mark.parametrize(("change", "step"), STEPS, ids=[step["code"] for _, step in STEPS])
def test_the_step_that_fits(change: dict[str, Any], step: dict[str, Any]) -> None:
    assert next_step(FINE | change) == step


@pytest.mark.parametrize("place", range(1, len(STEPS) - 1))
def test_the_more_urgent_one_is_said(place: int) -> None:
    """Each of the list, together with all before it, gives way to none of them."""
    together = FINE.copy()
    for change, _ in STEPS[: place + 1]:
        together |= change
    code = STEPS[place][1]["code"]
    lost = code == "coupon" and not together["reachable"]  # whom the bot cannot reach is not reminded
    assert next_step(together)["code"] == ("register" if lost else code)


def test_somebody_without_a_segment_or_a_visit() -> None:
    nobody = FINE | {"segment": None, "rhythm": None, "why": None}
    assert next_step(nobody) == {"code": "nothing"}
