"""What was not understood, named so that it can be said with the nearest thing that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches

from questions.vocabulary import nearest_words, plain

ALIKE = 0.8
LIKELY = 0.6  # of Chinese, of words that have the same letters, or of which one is all in the other
LONGEST = 64


@dataclass(frozen=True, slots=True)
class Problem:
    """``code``: unknown, station, place, number, date, operator, contradiction, either, value, splits,
    measures, when, forecast, long, empty."""

    code: str
    word: str = ""
    nearest: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Misread:
    problems: tuple[Problem, ...]


class NotUnderstood(Exception):
    """Raised with everything that stands in the way."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*(f"{problem.code} {problem.word}" for problem in problems))
        self.problems = problems


def unknown(word: str, among: Iterable[str] | None = None, nearest: str = "") -> Problem:
    if nearest:
        return Problem("unknown", word[:LONGEST], nearest)
    asked = plain(word)
    among = nearest_words() if among is None else list(among)
    near = [one for one in get_close_matches(asked, among, 3, LIKELY) if _near(asked, one)]
    return Problem("unknown", word[:LONGEST], near[0] if near else "")


def _near(word: str, other: str) -> bool:
    """Whether the one may well have been meant by the other: of three signs of Chinese two are enough, of two
    signs one is not.
    """
    shorter = min(len(word), len(other))
    if shorter < (3 if word.isascii() else 2) or " " in word:  # nothing is near to so many words
        return False
    if word in other or other in word or (word.isascii() and sorted(word) == sorted(other)):
        return True
    return shorter > 2 and (not word.isascii() or SequenceMatcher(None, word, other).ratio() >= ALIKE)
