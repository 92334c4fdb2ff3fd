"""The manager's card says every dimension, and nothing of stations that are not theirs."""

from __future__ import annotations

import pytest

from questions.why import DIMENSIONS
from tests.handlers.chain import Chain

ENGLISH = (
    *("Lifecycle", "Value", "Frequency", "RFM", "Product", "Loyalty", "Credit risk", "Persona"),
    *("Price sensitivity", "Home station", "Rhythm", "Volume"),
)


@pytest.fixture
def chain(chain: Chain) -> Chain:
    """Enough other customers for scores."""
    chain.crowd(30, "Other", chain.south, range(3, 340, 12), amount=8_000)
    return chain


def test_each_dimension_is_on_the_card_and_why_one_tap_away(chain: Chain) -> None:
    number = chain.customer("Wei", chain.north, member="77")
    chain.visits(number, chain.north, *range(4, 340, 6), amount=40_000)
    chain.segment()
    manager = chain.hire("manager", chain.north)
    manager.says("/customer 77")
    card = manager.heard
    assert card.count("<blockquote expandable>") == card.count("</blockquote>") == 1
    for words in ("Value high", "Frequency high", "Mostly buys Petrol 95", "Loyalty", "Price sensitivity"):
        assert words in card, words
    assert len(card) < 2000  # a phone's screen or two
    why = manager.taps("Why")
    assert len(ENGLISH) == len(DIMENSIONS) - 1  # the segment stands on the card
    for title in ENGLISH:
        assert f"{title} <b>" in why or f"{title}: " in why, title
    assert len(why) < 4096
    assert "Home station <b>North Gate</b>" in why
    assert "about every 6 days" in why
    assert manager.taps("‹ Card") == card


def test_someone_who_goes_elsewhere_has_a_home_that_is_not_told(chain: Chain) -> None:
    number = chain.customer("Wei", chain.north, member="77")
    chain.visits(number, chain.south, *range(4, 340, 6))
    chain.segment()
    manager, boss = chain.hire("manager", chain.north), chain.hire("admin")
    manager.says("/customer 77")
    assert "South Gate" not in manager.heard
    manager.taps("Why")
    assert "Loyalty" in manager.heard
    assert "South Gate" not in manager.heard
    boss.says("/customer 77")
    boss.taps("Why")
    assert "Home station <b>South Gate</b>" in boss.heard
