"""What was not understood, named so that it can be said with the nearest thing that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from questions.vocabulary import nearest_words, plain

ALIKE = 0.55
LONGEST = 64


@dataclass(frozen=True, slots=True)
class Problem:
    """``code``: unknown, station, place, number, date, operator, contradiction, either, value, splits,
    measures, when, long, empty."""

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
    near = get_close_matches(plain(word), nearest_words() if among is None else list(among), 1, ALIKE)
    return Problem("unknown", word[:LONGEST], near[0] if near else "")
