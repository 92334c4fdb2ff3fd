"""The tokens of a plain question while its rules take them one after another."""

from __future__ import annotations

from collections.abc import Callable

from questions.plain import Token
from questions.question import Filter
from questions.typed import DIMENSIONS, Parts
from questions.vocabulary import coming_words, people_words, usual_words


class Reader:
    """The tokens that no rule has taken yet; fillers say nothing and are out from the start."""

    def __init__(self, found: list[Token], parts: Parts) -> None:
        self.parts = parts
        self.left: list[Token | None] = []
        self.people: set[int] = set()  # places after which a word for customers stood
        self.usual = next((token.text for token in found if token.text in usual_words()), "")
        for token in found:
            if token.kind == "filler":
                if token.text in people_words():
                    self.people.add(len(self.left) - 1)
            else:
                self.left.append(token)
        self.much = False  # "how much" and not "how many"
        self.twice = sum(one.code in ("count", "sold") and not one.text.isascii() for one in found) > 1
        self.sized = False  # how large a group is, and not how many came into it
        self.coming = any(
            _comes(*beside) for beside in zip([None, *found], found, [*found[1:], None], strict=False)
        )
        self.comparing = False
        self.growing = False  # how much more than before
        self.beside: set[str] = set()  # fields of which two stand beside each other, and not one of two
        self.part = ""  # of two fields the one that is a part of the other

    def at(self, place: int) -> Token | None:
        return self.left[place] if 0 <= place < len(self.left) else None

    def shape(self, place: int) -> str:
        token = self.at(place)
        return token.code if token and token.kind == "shape" else ""

    def places(self, kind: str, *codes: str) -> list[int]:
        return [
            place
            for place, token in enumerate(self.left)
            if token and token.kind == kind and (not codes or token.code in codes)
        ]

    def take(self, *places: int) -> None:
        for place in places:
            if 0 <= place < len(self.left):
                self.left[place] = None

    def took(self, kind: str, *codes: str) -> bool:
        """Whether there was such a token; all of them are taken."""
        places = self.places(kind, *codes)
        self.take(*places)
        return bool(places)

    def add(self, field: str, op: str, *given: str) -> None:
        operator: Callable[..., Filter] = Filter
        self.parts.filters.append(operator(field, op, tuple(given)))

    def code(self, place: int) -> str:
        token = self.at(place)
        return token.code if token else ""

    def text(self, place: int) -> str:
        token = self.at(place)
        return token.text if token else ""

    def dimensions(self) -> list[int]:
        return [place for place in self.places("field") if self.code(place) in DIMENSIONS]


def _comes(before: Token | None, token: Token, after: Token | None) -> bool:
    """Whether those who came are meant: 上月来的VIP, and not 半年来VIP的趋势."""
    since = before is not None and before.kind == "period" and (after is None or after.kind != "filler")
    return token.code == "came" or (token.text in coming_words() and not since)
