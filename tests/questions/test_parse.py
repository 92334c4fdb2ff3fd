"""What managers type, and the segment it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questions.charts import COLOURS
from questions.overview import ORDER
from questions.parse import Unknown, segment
from questions.vocabulary import SEGMENTS
from questions.whom import LONGEST
from templates import words


@pytest.mark.parametrize("code", SEGMENTS)
def test_every_word_of_a_segment_means_it(code: str) -> None:
    for word in (code, *SEGMENTS[code], SEGMENTS[code][0].upper(), f"  {SEGMENTS[code][1]} "):
        assert segment(word) == code


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_names_on_the_buttons_are_understood(locale: str) -> None:
    for code, name in words("segment", locale).items():
        assert segment(name) == code


def test_no_word_means_two_segments() -> None:
    spelled = [word.casefold() for spellings in SEGMENTS.values() for word in spellings]
    assert len(spelled) == len(set(spelled))


def test_order_and_colours_cover_the_same_segments() -> None:
    assert set(ORDER) == set(SEGMENTS) == set(COLOURS) == set(words("segment", "en"))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("the dormant customers", "dormant"),
        ("沉睡的客户", "dormant"),
        ("流失", "churned"),
        ("潜在客户", "prospect"),
        ("at-risk VIP", "at_risk_vip"),
        ("at_risk_vip", "at_risk_vip"),
    ],
)
def test_words_around_the_name_say_nothing_more(typed: str, meant: str) -> None:
    assert segment(typed) == meant


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [
        ("vpi", "vip"),
        ("dormnat", "dormant"),
        ("churnd", "churned"),
        ("沉睡客护", "dormant"),
        ("xyzzy", ""),
        ("%", ""),
    ],
)
def test_what_is_not_known_is_named_with_the_nearest(typed: str, nearest: str) -> None:
    assert segment(typed) == Unknown(typed, nearest)


@given(st.text(max_size=300))
def test_any_text_is_understood_or_named(text: str) -> None:
    meant = segment(text)
    assert meant in SEGMENTS or (isinstance(meant, Unknown) and len(meant.word) <= LONGEST)


@given(st.text(alphabet="qxzjkw", min_size=4, max_size=12), st.sampled_from(sorted(SEGMENTS)))
def test_a_word_that_means_nothing_is_never_passed_over(nonsense: str, code: str) -> None:
    assert isinstance(segment(f"{code} {nonsense}"), Unknown)
