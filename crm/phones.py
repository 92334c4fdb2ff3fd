"""Phone numbers: one written form (E.164) for storing and finding, a masked one for showing."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

# Letters are refused before parsing: the library reads them as keys of a telephone (1-800-FLOWERS).
_WRITTEN = re.compile(r"\s*[+＋]?[\d\s().\-/\u00a0]{5,24}\s*")
MOST_DIGITS = 18  # fifteen of a number, and a prefix to dial out; card numbers are longer
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def normal(text: str, country: str) -> str | None:
    """E.164 of a valid number, read as one of ``country`` (ISO letters) when it has no ``+``; else None."""
    number = _valid(text, country)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else None


def mobile(text: str, country: str) -> str | None:
    """E.164 if the text can only be meant as a phone: valid with its ``+``, or a mobile of the country.

    Tills write member numbers and phones in one column; a landline number there would be a guess.
    """
    number = _valid(text, country)
    if number is None:
        return None
    international = text.lstrip().startswith(("+", "＋"))
    if not international and phonenumbers.number_type(number) not in _MOBILE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def masked(phone: str) -> str:
    """``+8613800130001`` -> ``+86138****0001``: for logs and for cards that show little."""
    if len(phone) < 8:
        return "*" * len(phone)
    return phone[:-8] + "****" + phone[-4:]


def _valid(text: str, country: str) -> PhoneNumber | None:
    if not _WRITTEN.fullmatch(text) or sum(map(str.isdecimal, text)) > MOST_DIGITS:
        return None
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None
