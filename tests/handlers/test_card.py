"""The card as a whole: what was sent and why not, coupons, the next step, spend as a picture."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm.coupons import Coupon
from crm.forecasts import Forecast
from crm.outbox import Outbound
from handlers.pictures import PICTURES
from tests.conftest import NOON
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat


def sent(customer: int, campaign: str, occurrence: str, state: str, reason: str | None) -> Outbound:
    return Outbound(
        campaign=campaign, occurrence=occurrence, customer_id=customer, state=state, reason=reason,
        kind="marketing", priority=1, template="outreach/welcome", facts={}, planned_at=NOON, not_before=NOON,
        expires_at=NOON, settled_at=NOON,
    )  # fmt: skip


def coupon(customer: int, code: str, days: int, *, used: bool = False) -> Coupon:
    return Coupon(
        code=code, customer_id=customer, campaign="win_back", occurrence=code, value=1500, currency="CNY",
        issued_at=NOON - timedelta(days=20), expires_at=NOON + timedelta(days=days),
        redeemed_at=NOON - timedelta(days=1) if used else None,
    )  # fmt: skip


def in_chat(chain: Chain, **more: Any) -> int:
    who = chain.town.person("Wei", "en")
    agreed = {"service_consent": True, "marketing_consent": True} | more
    return chain.customer("Wei", chain.north, chat=who, member="77", **agreed)


def test_messages_say_what_became_of_each_and_coupons_whether_they_are_open(
    chain: Chain, manager: Chat
) -> None:
    number = in_chat(chain)
    chain.town.keep(
        sent(number, "welcome", "first_fillup:1", "sent", None),
        sent(number, "win_back", "lapsing:2026-05-01", "skipped", "visited"),
        coupon(number, "SECRETCODE", 10),
        coupon(number, "USEDCODE00", 10, used=True),
        coupon(number, "LATECODE00", -3),
    )
    card = manager.says("/customer 77")
    assert "remind them of their coupon of CN¥15.00, good until 25 Jun 2026" in card
    heard = manager.taps("Messages")
    assert "Welcome (after the first fill-up): <b>sent</b>" in heard
    assert "Win-back (away longer than usual): <b>not sent</b>, have visited since" in heard
    for words in ("<b>open</b>, good until 25 Jun 2026", "used on 14 Jun 2026", "not used, ended on 12 Jun"):
        assert words in heard
    assert "CODE" not in card + heard  # whoever has a code can spend it
    assert [row.detail for row in chain.audit("look_up")] == ["card", "heard"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"chat": False}, "scan the poster"),
        ({"reachable": False}, "blocked the bot"),
        ({"marketing_consent": False}, "whether they want offers"),
        ({}, "nothing to do"),
    ],
)
def test_the_next_step_and_how_they_can_be_reached(
    chain: Chain, manager: Chat, more: dict[str, Any], words: str
) -> None:
    if more.get("chat", True):
        in_chat(chain, **more)
    else:
        chain.customer("Wei", chain.north, member="77")
    card = manager.says("/customer 77")
    assert words in card.partition("<b>Next:</b>")[2]
    assert ("✉️ Message" in manager.buttons) == (words in ("whether they want offers", "nothing to do"))


def test_a_rhythm_says_when_the_next_visit_is_due_and_how_late_it_is(chain: Chain, manager: Chat) -> None:
    number = in_chat(chain)
    chain.visits(number, chain.north, *range(19, 340, 6))
    chain.segment()
    card = manager.says("/customer 77")
    assert "Usually every 6 days; 19 days now; was due on 2 Jun 2026, overdue by 13 days" in card
    chain.visits(number, chain.north, 0)  # after the run
    assert "Usually every 6 days; here today; due on 21 Jun" in manager.says("/customer 77")


def test_what_is_expected_has_its_month_and_is_not_told_when_it_was_wrong(
    chain: Chain, manager: Chat
) -> None:
    number = in_chat(chain)
    chain.visits(number, chain.north, 3, 40, 70)
    chain.segment()
    assert "Next 90 days" not in manager.says("/customer 77")
    chain.town.keep(
        Forecast(customer_id=number, month=date(2026, 5, 31), visits=3.04, value=123_400, currency="CNY")
    )
    line = "Next 90 days: about 3 visits and CN¥1,234.00 expected (model of 31 May 2026)"
    assert f"\n\n{line}\n\n👉" in manager.says("/customer 77")
    wei = next(chat for chat in chain.town.people.values() if chat.name == "Wei")
    assert "expected" not in wei.says("/me")
    chain.visits(number, chain.north, 1, 2, 4)
    assert "Next 90 days" not in manager.says("/customer 77")  # four days since, where three were expected


def test_what_was_expected_long_ago_is_not_told(chain: Chain, manager: Chat) -> None:
    number = in_chat(chain)
    chain.visits(number, chain.north, 40, 70)
    chain.segment()
    chain.town.keep(
        Forecast(customer_id=number, month=date(2026, 5, 31), visits=3.04, value=123_400, currency="CNY")
    )
    assert "Next 90 days" in manager.says("/customer 77")
    chain.town.passes(days=31)
    assert "Next 90 days" not in manager.says("/customer 77")


def test_a_change_of_segment_has_its_day_and_its_reason(chain: Chain, manager: Chat) -> None:
    number = in_chat(chain)
    chain.visits(number, chain.north, *range(19, 340, 6))
    chain.segment(date(2026, 5, 29))
    chain.town.passes(minutes=1)
    chain.segment()
    assert "15 Jun 2026: Regular → Lapsing (19 days away, 10 were normal)" in manager.says("/customer 77")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_spend_by_month_is_a_picture_of_the_managers_own_stations(chain: Chain, language: str) -> None:
    number = in_chat(chain)
    chain.visits(number, chain.north, 3, 40, 70, amount=30_000)
    chain.visits(number, chain.south, 41, amount=999_900)
    ming = chain.hire("manager", chain.north, language=language)
    ming.says("/customer 77")
    ming.taps("customer.spend")
    (part,) = ming.said
    facts = part["picture"]["facts"]
    assert [each["amount"] for each in facts["months"][-4:]] == [0, 30_000, 30_000, 30_000]
    assert (facts["total"], facts["average"], len(facts["months"])) == (90_000, 30_000, 12)
    assert PICTURES["spend"](facts, language).startswith(b"\x89PNG")
    boss = chain.hire("headquarters")
    boss.forges(f"customer.spend:{number}")
    assert boss.said[0]["picture"]["facts"]["total"] == 1_089_900


def test_who_never_spent_has_no_picture_and_a_sentence(chain: Chain, manager: Chat) -> None:
    in_chat(chain)
    manager.says("/customer 77")
    assert "no confirmed spend" in manager.taps("customer.spend")
    assert manager.said[0]["picture"] is None


@pytest.mark.parametrize(
    "data",
    [
        *(f"customer.more:1:{tab}" for tab in ("card", "why", "heard", "notes")),
        *("customer.spend:1", "note.add:1", "tag.add:1", "task.add:1", "write.to:1", "note.drop:1:1"),
        *("tag.drop:1:x", "task.why:1:away", "customer.more:99:why", "customer.more::", "write.to:x"),
    ],
)
def test_a_button_about_someone_of_another_station_is_a_button_about_nobody(
    chain: Chain, manager: Chat, data: str
) -> None:
    canary = chain.customer("Canary", chain.south, member="666")
    assert canary == 1
    manager.forges(data)
    assert "nobody" in manager.heard
    assert chain.audit("look_up") == []
