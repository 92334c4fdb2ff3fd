"""Managers look up a person: the card, why they are what they are, and nothing of other stations."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from crm.audit import Audit
from tests.conftest import NOON
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat

pytestmark = pytest.mark.slow


def crowd(chain: Chain, size: int = 30) -> None:
    """Enough other customers for scores."""
    chain.crowd(size, "Other", chain.south, range(3, 340, 12), amount=8_000)


def test_the_card_says_who_and_why(chain: Chain, manager: Chat) -> None:
    crowd(chain)
    wei = chain.town.person("Wei", "zh")
    ids = {"member": "10000001", "phone": "+8613800138000", "marketing_consent": True, "source": "poster"}
    number = chain.customer("Zhang Wei", chain.north, chat=wei, joined_at=NOON - timedelta(days=400), **ids)
    chain.vehicle(number, "沪A12345", "suv")
    chain.visits(number, chain.north, *range(4, 340, 6), amount=40_000)
    chain.visits(number, chain.south, 5)
    chain.segment()
    for wanted in ("13800138000", "10000001", "沪A12345", "zhang WEI", "WEI"):
        manager.says(f"/customer {wanted}")
        assert "<b>Zhang Wei</b>" in manager.heard, wanted
    card = manager.heard
    for words in (
        "10000001",
        "poster",
        "Reachable",
        "offers: yes",
        "沪A12345",
        "North Gate",
        "VIP",
        "Spends a lot",
    ):
        assert words in card
    assert "(5/5)" in card
    assert "Usually every 6 days; 4 days now" in card
    assert card.count("North Gate · Petrol 95") == 5
    assert "11 Jun 2026, 12:00 · North Gate" in card  # a year later it must not look like the other day
    assert "South Gate" not in card
    assert "13800138000" not in card
    assert len(chain.audit("look_up")) == 5


@pytest.mark.parametrize(
    ("days", "segment", "why"),
    [
        ((), "Prospect", "has not filled up yet"),
        ((3,), "New", "First visit on"),
        (tuple(range(30, 330, 10)), "Lapsing", "We expected them within"),
        (tuple(range(80, 330, 10)), "Dormant", "that is dormant"),
        (tuple(range(320, 360, 10)), "Churned", "count this customer as lost"),
        ((2, *range(150, 330, 10)), "Back again", "after 148 days away"),
        (tuple(range(5, 365, 10)), "Regular", "Comes as usual"),
    ],
)  # fmt: skip
def test_every_segment_says_why_in_numbers(
    chain: Chain, manager: Chat, days: tuple[int, ...], segment: str, why: str
) -> None:
    number = chain.customer("Someone", chain.north)
    chain.visits(number, chain.north, *days, amount=100)
    for n in range(5):  # the big spenders
        chain.visits(chain.customer(f"Big {n}", chain.north), chain.north, *range(2, 350, 5), amount=90_000)
    chain.segment()
    manager.says("/customer Someone")
    assert f"<b>{segment}</b>" in manager.heard
    assert why in manager.heard
    boss = chain.hire("manager", chain.north, language="zh")
    boss.says("/customer someone")
    assert "None" not in boss.heard


def test_a_vip_who_stays_away(chain: Chain, manager: Chat) -> None:
    number = chain.customer("Gold", chain.north)
    chain.visits(number, chain.north, *range(40, 360, 6), amount=90_000)
    crowd(chain)
    chain.segment(date(2026, 5, 1))
    chain.town.passes(minutes=1)
    chain.segment()
    manager.says("/customer gold")
    assert "<b>VIP at risk</b>" in manager.heard
    assert "Met the VIP rule" in manager.heard
    assert "→ VIP at risk" in manager.heard


def test_someone_else_s_customer_is_nobody(chain: Chain, manager: Chat) -> None:
    canary = chain.customer("Canary", chain.south, member="666", phone="+8613900000666")
    chain.vehicle(canary, "粤B66666")
    chain.visits(canary, chain.north, 380)
    chain.segment()
    nobody = manager.says("/customer nosuchperson")
    for wanted in ("666", "13900000666", "粤B66666", "Canary", "canar"):
        assert manager.says(f"/customer {wanted}") == nobody
    assert manager.forges(f"customer.open:{canary}") == nobody
    assert chain.audit("look_up") == []
    chain.visits(canary, chain.north, 360)  # within twelve months: theirs as well
    manager.says("/customer 666")
    assert "Canary" in manager.heard
    assert "South Gate" not in manager.heard


def test_someone_joined_into_another_is_found_as_the_other(chain: Chain, manager: Chat) -> None:
    keep = chain.customer("Kept", chain.north)
    chain.customer("Gone", chain.north, reference="till-7", merged_into=keep)
    manager.says("/customer till-7")
    assert "<b>Kept</b>" in manager.heard
    manager.says("/customer Gone")
    assert "nobody" in manager.heard


def test_a_search_is_literal_and_knows_no_case(chain: Chain, manager: Chat) -> None:
    for name in ("ИВАН Петров", "100% Diesel", "under_score", "Straße", "Zoë"):
        chain.customer(name, chain.north)
    for wanted, found in {
        "иван": "ИВАН",
        "%": "100%",
        "_": "under_score",
        "STRASSE": "Straße",
        "zOË": "Zoë",
    }.items():
        manager.says(f"/customer {wanted}")
        assert f"<b>{found}" in manager.heard, wanted
    for nothing in ("' OR 1=1 --", "a%z", "__", "/*", "\\"):
        manager.says(f"/customer {nothing}")
        assert "nobody" in manager.heard, nothing


def test_several_of_one_name_are_offered_and_noted(chain: Chain, manager: Chat) -> None:
    for n in range(10):
        chain.customer(f"Zhang {n}", chain.north, member=f"77{n}")
    chain.customer("Zhang Canary", chain.south)
    manager.says("/customer zhang")
    assert "There are more" in manager.heard
    assert "Canary" not in manager.heard
    assert len(chain.audit("look_up")) == 8
    manager.taps("Zhang 3 · 773")
    assert "<b>Zhang 3</b>" in manager.heard


def test_asked_for_in_a_second_message(chain: Chain, manager: Chat) -> None:
    chain.customer("Zhang", chain.north)
    manager.says("/customer")
    manager.sends_photo()
    assert "Whom are you looking for" in manager.heard
    manager.says("z" * 4000)
    assert "too long" in manager.heard
    manager.says("zhang")
    assert "<b>Zhang</b>" in manager.heard


@pytest.mark.parametrize(
    "name",
    [
        "<b>x",
        "</a><a href='//evil'>",
        "&amp;lt;",
        "{{7*7}}",
        "%s {0.__class__}",
        "\u202eabc",
        "😀" * 100,
        "张" * 200,
        "",
    ],
)
def test_hostile_names_stand_literally(chain: Chain, manager: Chat, name: str) -> None:
    chain.customer(name, chain.north, member="42", usual_product="<i>", source="<u>")
    chain.segment()
    manager.says("/customer 42")
    for tag in ("<b>x", "<a ", "<i>p", "<u>", "49"):
        assert tag not in manager.heard
    manager.says("/segment prospect")
    assert "<b>x" not in manager.heard
    manager.taps("customer.open")
    assert manager.heard


def test_the_audit_names_the_viewer_and_the_viewed(chain: Chain, manager: Chat) -> None:
    number = chain.customer("Zhang", chain.north)
    manager.says("/customer zhang")
    (row,) = chain.audit("look_up")
    assert isinstance(row, Audit)
    assert (row.actor, row.customer_id, row.detail) == (manager.user_id, number, "card")
