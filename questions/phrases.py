"""Whole phrases that say in other words what the vocabulary can say (``phrases.toml``). Pure."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

# Two words that a slip of the pen made one; the vocabulary has the right ones.
_SLIPS = (
    (re.compile(r"\b(have|has|had|did|do|does|is|are|was|were|could|would)nt\b", re.IGNORECASE), r"\1n't"),
    (re.compile(r"\bcant\b", re.IGNORECASE), "can't"),
    (re.compile(r"\b(who|how|where)(?:'s|s)\b", re.IGNORECASE), r"\1 is"),
    (re.compile(r"\bwhats\b", re.IGNORECASE), "what is"),
    (re.compile(r"\b(for|over|than) an? (?=day|week|month|quarter|year)", re.IGNORECASE), r"\1 1 "),
    (re.compile(r"(?<![上下近去过这前后])半年(?!度)"), "6个月"),
)


def plainly(asked: str) -> str:
    """The text with each such phrase as the vocabulary has it."""
    asked = asked.replace("\u2019", "'")
    for slip, right in _SLIPS:
        asked = slip.sub(right, asked)
    pattern, meanings = _phrases()
    return " ".join(pattern.sub(lambda match: meanings[match[0].casefold()], asked).split())


@cache
def _phrases() -> tuple[re.Pattern[str], dict[str, str]]:
    data = tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))
    meanings = {phrase.casefold(): meant for part in data.values() for phrase, meant in part.items()}
    longest = sorted(meanings, key=len, reverse=True)
    each = (rf"\b{re.escape(one)}\b" if one.isascii() else re.escape(one) for one in longest)
    return re.compile("|".join(each), re.IGNORECASE), meanings
