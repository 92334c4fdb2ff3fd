"""From what a manager typed to what was meant. Pure: no database, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from questions.vocabulary import AROUND, plain, segment_words

LONGEST = 64  # characters; nothing longer names a segment
ALIKE = 0.55


@dataclass(frozen=True, slots=True)
class Unknown:
    """A word that means nothing here, and the segment whose name is nearest, if any is near."""

    word: str
    nearest: str = ""


def segment(text: str) -> str | Unknown:
    """The code of the segment meant by ``text`` in Chinese or English; it must mean nothing else."""
    words, asked = segment_words(), plain(text[:LONGEST])
    for candidate in (asked, _without_fillers(asked)):
        if candidate in words:
            return words[candidate]
    near = get_close_matches(_without_fillers(asked) or asked, words, n=1, cutoff=ALIKE)
    return Unknown(text.strip()[:LONGEST], words[near[0]] if near else "")


def _without_fillers(asked: str) -> str:
    kept = [word for word in asked.split() if word not in AROUND]
    text = " ".join(kept)
    for filler in AROUND:
        if not filler.isascii():
            text = text.replace(filler, " ")
    return " ".join(text.split())
