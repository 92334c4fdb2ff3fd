"""Numbers in text -> integers of the smallest unit. No floating point, and never a guess."""

from __future__ import annotations

import re

from intake.faults import Fault
from intake.text import ascii_digits

_NUMBER = re.compile(r"([+-]?)(\d{1,15})(?:([.,])(\d{1,15}))?")


def scaled(text: str, field: str, decimals: int) -> int | None:
    """``40,5`` with 3 decimals -> 40500; empty -> None. What lies beyond the decimals is rounded half up.

    A comma before exactly three digits could be a thousands mark or a decimal one: refused.
    """
    if not text:
        return None
    match = _NUMBER.fullmatch(ascii_digits(text).replace("−", "-"))
    if match is None:
        raise Fault(
            "not_a_number", f"{field}: '{text[:40]}' is not a plain number; write it like 40.5 or 40,5"
        )
    sign, whole, mark, fraction = match.groups(default="")
    if mark == "," and len(fraction) == 3 and len(whole) <= 3 and not whole.startswith("0"):
        raise Fault(
            "ambiguous_number",
            f"{field}: '{text}' could be {whole}{fraction} or {whole}.{fraction}; "
            "write it without a thousands mark and with a point",
        )
    digits = fraction[:decimals].ljust(decimals, "0")
    value = int(whole + digits) + (fraction[decimals : decimals + 1] >= "5")
    return -value if sign == "-" else value
