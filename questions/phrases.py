"""Whole phrases that say in other words what the vocabulary can say (``phrases.toml``). Pure."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any


def plainly(asked: str) -> str:
    """The text with each such phrase as the vocabulary has it."""
    asked = asked.replace("\u2019", "'")
    for slip, right in _slips():
        asked = slip.sub(right, asked)
    pattern, meanings = _phrases()
    return " ".join(pattern.sub(lambda match: meanings[match[0].casefold()], asked).split())


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "phrases.toml").read_text(encoding="utf-8"))


@cache
def _slips() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(wrong, re.IGNORECASE), right) for wrong, right in _data()["slips"])


@cache
def _phrases() -> tuple[re.Pattern[str], dict[str, str]]:
    parts = (_data()["zh"], _data()["en"])
    meanings = {phrase.casefold(): meant for part in parts for phrase, meant in part.items()}
    longest = sorted(meanings, key=len, reverse=True)
    each = (rf"\b{re.escape(one)}\b" if one.isascii() else re.escape(one) for one in longest)
    return re.compile("|".join(each), re.IGNORECASE), meanings
