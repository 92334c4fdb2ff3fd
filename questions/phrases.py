"""Whole phrases that say otherwise what the vocabulary can say: ``everyday.toml``, ``english.toml``,
``phrases.toml``, read in this order. Pure."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from questions.spoken import figured
from questions.vocabulary import loaded


def plainly(asked: str) -> str:
    """The text with each such phrase as the vocabulary has it."""
    asked = figured(asked.replace("\u2019", "'"))
    for slip, right in (*_english(), *_slips()):
        asked = slip.sub(right, asked)
    pattern, meanings = _phrases()
    return " ".join(pattern.sub(lambda match: meanings[match[0].casefold()], asked).split())


@cache
def _data() -> dict[str, Any]:
    return loaded("phrases.toml")


@cache
def _slips() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(wrong, re.IGNORECASE), right) for wrong, right in _data()["slips"])


@cache
def _english() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The patterns of everyday and of English, each ``<name>`` in them replaced by the words of that name."""
    data = loaded("english.toml")
    words = {f"<{name}>": f"(?:{pattern})" for name, pattern in data["words"].items()}

    def whole(pattern: str) -> str:
        for name, meant in words.items():
            pattern = pattern.replace(name, meant)
        return whole(pattern) if any(name in pattern for name in words) else pattern

    says = (*loaded("everyday.toml")["says"], *data["says"])
    return tuple((re.compile(whole(wrong), re.IGNORECASE), right) for wrong, right in says)


@cache
def _phrases() -> tuple[re.Pattern[str], dict[str, str]]:
    parts = (_data()["zh"], _data()["en"])
    meanings = {phrase.casefold(): meant for part in parts for phrase, meant in part.items()}
    longest = sorted(meanings, key=len, reverse=True)
    each = (rf"\b{re.escape(one)}\b" if one.isascii() else re.escape(one) for one in longest)
    return re.compile("|".join(each), re.IGNORECASE), meanings
