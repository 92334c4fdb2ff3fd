"""Traditional Chinese in the simplified signs of our vocabularies (``traditional.toml``). Pure."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


def simplified(text: str) -> str:
    """As long as the text: each sign stands where it stood."""
    return text.translate(_table())


@cache
def _table() -> dict[int, str]:
    path = Path(__file__).parent / "traditional.toml"
    pairs = " ".join(tomllib.loads(path.read_text(encoding="utf-8"))["pairs"]).split()
    return {ord(pair[0]): pair[1] for pair in pairs}
