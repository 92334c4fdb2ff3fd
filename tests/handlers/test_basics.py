"""What anyone may ask, and what is refused to everyone."""

from __future__ import annotations

from tests.handlers.chat import Town


def test_a_stranger_is_told_how_to_begin(town: Town) -> None:
    fang = town.person("Fang", "en")
    assert "/help" in fang.says("/help")
    assert "nothing to cancel" in fang.says("/cancel")


def test_groups_hear_nothing_personal(town: Town) -> None:
    fang = town.person("Fang", "en")
    fang.says_in_group("/me")
    assert fang.said == []
