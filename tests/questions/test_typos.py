"""One slip of the finger is put right; what could be another word is named and not guessed."""

from __future__ import annotations

import pytest

from questions.misread import Misread
from questions.parse import parse
from questions.question import Question
from questions.typos import meant
from tests.questions.names import NAMES


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("diesal", "diesel"),
        ("deisel", "diesel"),
        ("regluars", "regulars"),
        ("custmers", "customers"),
        ("chuurned", "churned"),
        ("statoin", "station"),
        ("wich", "which"),
    ],
)
def test_a_slip_of_the_finger_is_put_right(word: str, right: str) -> None:
    assert meant(word) == right


@pytest.mark.parametrize("word", ["cat", "changed", "posting", "loyaltyness", "zorblax", "柴油机", "98765"])
def test_another_word_is_left_as_it_is(word: str) -> None:
    assert meant(word) == ""


def test_what_is_put_right_is_shown_in_what_was_understood() -> None:
    asked = parse("how many diesal custmers at statoin 3", NAMES)
    assert isinstance(asked, Question)
    assert asked.canonical() == "show:count fuel:diesel station:S03"
    assert isinstance(parse("how many diesal gnomes", NAMES), Misread)
