"""Text -> typed values, each cell by its own rule. A row is taken whole or refused with every reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

from babel.numbers import get_currency_precision, is_currency

from crm import phones, products
from crm.identity import normal_plate
from intake.faults import Fault
from intake.numbers import scaled
from intake.text import plain, revived

REMEMBERED = 100_000  # distinct cells of a column whose value is kept; bounds memory, not results
# A spreadsheet keeps fifteen digits of a number; a longer card number is lost once it looks like this.
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)

Parse = Callable[[str], Any]


class Column(dict[str, Any]):
    """Cell -> value or the Fault it met. Tills repeat themselves, so each distinct cell is read once."""

    def __init__(self, parse: Parse) -> None:
        super().__init__()
        self.parse = parse

    def __missing__(self, cell: str) -> Any:
        try:
            value = self.parse(tidy(cell))
        except Fault as fault:
            value = fault
        if len(self) >= REMEMBERED:
            self.clear()
        self[cell] = value
        return value


def tidy(cell: str) -> str:
    """A cell as it is parsed: without invisible signs, outer spaces and an apostrophe against formulas."""
    return plain(revived(cell))


def words(field: str, most: int, *, required: bool = False) -> Parse:
    """A text kept exactly as it is written; empty -> None."""

    def parse(text: str) -> str | None:
        if not text:
            if required:
                raise Fault("missing", f"{field}: this cell must not be empty")
            return None
        if len(text) > most:
            raise Fault("too_long", f"{field}: {len(text)} signs are too many; at most {most} are kept")
        return text

    return parse


def number_of(field: str, most: int) -> Parse:
    """An identifier: as ``words``, but refused where a spreadsheet has visibly lost its digits."""
    exact = words(field, most)

    def parse(text: str) -> str | None:
        if _SHORTENED.fullmatch(text):
            raise Fault(
                "shortened_number",
                f"{field}: '{text}' has lost digits in a spreadsheet; export that column as text",
            )
        value: str | None = exact(text)
        return value

    return parse


def quantity(field: str, decimals: int, least: int, most: int) -> Parse:
    """A number as an integer of its smallest unit, within its range."""

    def parse(text: str) -> int | None:
        value = scaled(text, field, decimals)
        if value is not None and not least <= value <= most:
            unit = 10**decimals
            limits = f"{least / unit:,.12g} to {most / unit:,.12g}"
            raise Fault("out_of_range", f"{field}: {text} is not from {limits}")
        return value

    return parse


def product(text: str) -> str | None:
    return (products.product_code(text) or products.kept(text)) if text else None


def payment(text: str) -> str | None:
    return (products.payment_code(text) or products.kept(text)) if text else None


def phone_of(country: str) -> Parse:
    def parse(text: str) -> str | None:
        if not text:
            return None
        number_of("phone", 64)(text)
        normal = phones.normal(text, country)
        if normal is None:
            raise Fault(
                "not_a_phone",
                f"phone: this is not a phone number of {country}; write it with + and the country's code",
            )
        return normal

    return parse


def plate(text: str) -> str | None:
    value: str | None = words("plate", 32)(normal_plate(text))
    return value


def zone_name(text: str) -> str | None:
    if text and text not in available_timezones():
        raise Fault("not_a_zone", f"timezone: '{text[:40]}' is not a time zone; write it like Asia/Shanghai")
    return text or None


def currency(text: str) -> str | None:
    code = text.upper()
    if code and not is_currency(code):
        raise Fault(
            "not_a_currency", f"currency: '{text[:40]}' is not a currency; write its three letters, like CNY"
        )
    return code or None


def degrees(field: str, most: int) -> Parse:
    """Decimal degrees; an empty cell -> None."""

    def parse(text: str) -> float | None:
        value = quantity(field, 7, -most * 10**7, most * 10**7)(text.replace(",", "."))
        return None if value is None else value / 10**7

    return parse


def decimals_of(currency_code: str) -> int:
    """How many decimals an amount has: 2 for CNY, 0 for JPY."""
    return int(get_currency_precision(currency_code))
