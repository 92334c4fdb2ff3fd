"""A word mistyped by one slip of the finger, put right where only one word can be meant. Pure."""

from __future__ import annotations

import re
from functools import cache
from string import ascii_lowercase

from questions.plain import Token
from questions.vocabulary import lexicon, people_words

SHORTEST = 4
LONG = 8  # letters; so long a word is known also where it says something only beside another
VOWELS = "aeiou"
ASKING = frozenset({"which", "where", "about", "since", "month", "quarter", "compare", "average"})


def righted(text: str, found: list[Token]) -> str:
    """The text with such words of the unknown among its tokens as the vocabulary has them."""
    for token in found:
        if token.kind == "unknown" and (right := meant(token.text)):
            text = re.sub(rf"\b{re.escape(token.text)}\b", right, text)
    return text


def meant(word: str) -> str:
    """``diesal`` is diesel, ``regluar`` regular: the word meant, or nothing."""
    if len(word) < SHORTEST or not (word.isascii() and word.isalpha()):
        return ""
    if _known(word):
        return ""
    slips = _slips(word) if len(word) > SHORTEST else _lacking(word)
    near = sorted({right for slip in slips if (right := _known(slip))})
    return near[0] if len(near) == 1 else ""


def _slips(word: str) -> set[str]:
    """Neighbours the other way round, a letter twice or too few, a vowel for another; the first is right."""
    places = range(1, len(word))
    turned = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places if at + 1 < len(word)}
    doubled = {word[:at] + word[at + 1 :] for at in places if word[at] == word[at - 1]}
    vowels = {word[:at] + vowel + word[at + 1 :] for at in places if word[at] in VOWELS for vowel in VOWELS}
    return turned | doubled | _lacking(word) | vowels


def _lacking(word: str) -> set[str]:
    return {word[:at] + letter + word[at:] for at in range(1, len(word) + 1) for letter in ascii_lowercase}


def _known(word: str) -> str:
    words = _words()
    return word if word in words or (word.endswith("s") and word[:-1] in words) else ""


@cache
def _words() -> frozenset[str]:
    named = {word for word, meaning in lexicon().items() if meaning.kind in ("field", "value")}
    named |= {part for word in named for part in word.split() if len(part) >= LONG}
    named |= people_words() | ASKING
    return frozenset(word for word in named if word.isascii() and len(word) > SHORTEST)
