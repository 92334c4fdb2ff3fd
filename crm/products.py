"""Products and payments: the codes, their families, and every spelling that means one of them.

The vocabulary is data (``products.toml``). What it does not know is kept as the text given.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FUELS = frozenset({"gasoline", "diesel", "gas", "ev"})  # families
LONGEST = 32  # characters of a product or payment that the vocabulary does not know
_IGNORED = str.maketrans("", "", " #_\u00a0\u3000")


def folded(text: str) -> str:
    """The form in which spellings are compared: no case, no width, no spaces, no ``#``."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_IGNORED)


def product_code(text: str) -> str | None:
    """The code of a product in any known spelling (``95#``, ``九五``, ``Diesel``), else None."""
    return product_spellings().get(folded(text))


def payment_code(text: str) -> str | None:
    """The code of a way to pay in any known spelling (``微信``, ``WeChat Pay``), else None."""
    return payment_spellings().get(folded(text))


def family(code: str | None) -> str | None:
    """gasoline, diesel, gas, lubricant, ev or shop; None for what the vocabulary does not know."""
    entry = _vocabulary()["products"].get(code)
    return entry["family"] if entry else None


def product_codes() -> tuple[str, ...]:
    """Every product code, in the order in which people are offered them."""
    return tuple(_vocabulary()["products"])


def fuel_codes() -> tuple[str, ...]:
    """The codes of what is filled into a vehicle to drive it, in the same order."""
    return tuple(code for code in product_codes() if family(code) in FUELS)


def payment_codes() -> tuple[str, ...]:
    return tuple(_vocabulary()["payments"])


def kept(text: str) -> str:
    """How an unknown product or payment is stored: lower case, at most 32 characters."""
    return text.strip().lower()[:LONGEST]


@cache
def product_spellings() -> Mapping[str, str]:
    """Folded spelling -> product code."""
    products = _vocabulary()["products"]
    return _by_spelling({code: [code, *entry["spellings"]] for code, entry in products.items()})


@cache
def payment_spellings() -> Mapping[str, str]:
    """Folded spelling -> payment code."""
    return _by_spelling({code: [code, *words] for code, words in _vocabulary()["payments"].items()})


def _by_spelling(words: Mapping[str, list[str]]) -> dict[str, str]:
    codes: dict[str, str] = {}
    for code, spellings in words.items():
        for spelling in spellings:
            if codes.setdefault(folded(spelling), code) != code:
                raise ValueError(f"'{spelling}' means both {codes[folded(spelling)]} and {code}")
    return codes


@cache
def _vocabulary() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "products.toml").read_text(encoding="utf-8"))
