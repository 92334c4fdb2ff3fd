"""Numbers as people write them in chat -> integers of the smallest unit, or why not.

Rules: any decimal digits count as their value; a comma before one or two digits is a decimal comma; a
comma before exactly three is a thousands mark for money and kilometres and unclear for litres; what mixes
both in the German way (``1.234,5``), has an exponent or an underscore is never guessed.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

from babel.numbers import get_currency_precision

from crm.limits import CHAT, MOST_ODOMETER, MOST_PRICE

Kind = Literal["litres", "amount", "price", "odometer"]

NUMBER = re.compile(r"[+-]?\d[\d.,_']*(?:e[+-]?\d+)?")
NOT_NUMBERS = re.compile(r"[+-]?(?:nan|inf|infinity|∞)(?![a-z])")
_PLAIN = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?")
_COMMA = re.compile(r"(\d{1,12}),(\d{1,2})")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,3})?")
_MOST: dict[str, tuple[int, int]] = {
    "litres": (CHAT.least_millilitres, CHAT.most_millilitres),
    "amount": (CHAT.least_amount, CHAT.most_amount),
    "price": (1, MOST_PRICE),
    "odometer": (0, MOST_ODOMETER),
}


class Unclear(ValueError):
    """``number``: not one certain number; otherwise the kind whose range it leaves."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def decimals(kind: Kind, currency: str) -> int:
    """How many decimals the smallest unit of this kind has."""
    return {"litres": 3, "price": 3, "odometer": 0}.get(kind, get_currency_precision(currency))


def span(kind: Kind, currency: str) -> tuple[Decimal, Decimal]:
    """The least and the most that may be said, in whole units."""
    least, most = _MOST[kind]
    places = decimals(kind, currency)
    return Decimal(least).scaleb(-places), Decimal(most).scaleb(-places)


def read(written: str, kind: Kind, currency: str) -> int:
    """``40,5`` litres -> 40500. Raises Unclear."""
    sign, value = value_of(written, thousands=kind in ("amount", "odometer"))
    if kind == "odometer" and not written.lstrip("+-").replace(",", "").isdecimal():
        raise Unclear("number")
    scaled = value.scaleb(decimals(kind, currency))
    least, most = _MOST[kind]
    if sign < 0 or not least <= scaled <= most:
        raise Unclear(kind)
    if scaled != int(scaled):
        raise Unclear("number")
    return int(scaled)


def possible(written: str, kind: Kind, currency: str) -> bool:
    """Whether a number may be of this kind at all."""
    try:
        read(written, kind, currency)
    except Unclear:
        return False
    return True


def value_of(written: str, *, thousands: bool = False) -> tuple[int, Decimal]:
    """The sign and the size of a number whose unit may not be known yet. Raises Unclear."""
    sign = -1 if written.startswith("-") else 1
    digits = written.lstrip("+-")
    if match := _PLAIN.fullmatch(digits):
        return sign, Decimal(digits)
    if match := _COMMA.fullmatch(digits):
        return sign, Decimal(f"{match[1]}.{match[2]}")
    if _THOUSANDS.fullmatch(digits) and (thousands or "." in digits or digits.count(",") > 1):
        return sign, Decimal(digits.replace(",", ""))
    if digits.isdecimal():  # longer than anything that is counted here
        return sign, Decimal(10) ** 13
    raise Unclear("number")
