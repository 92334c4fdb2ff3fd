"""Text as it comes out of files: made clean without changing what it says."""

from __future__ import annotations

import re
import unicodedata

from crm.cells import runs

# Invisible signs that change what a name looks like or whether two cards are equal.
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_HARMLESS = re.compile(r"[+-]?\d[\d ().,]*")


def plain(text: str) -> str:
    """Without control and invisible signs and outer spaces; every other sign stays as it is."""
    if text.isprintable():
        return text.strip()
    text = _CONTROL.sub(" ", _INVISIBLE.sub("", text))
    return text.encode("utf-8", "replace").decode("utf-8").strip()


def ascii_digits(text: str) -> str:
    """Full-width and other decimal digits (４０, ٤٠) and full-width signs as their ASCII equals.

    The rule: a sign of Unicode category Nd stands for its digit, one of U+FF01 to U+FF5E for its
    narrow form. Nothing else changes: a superscript two is no two.
    """
    return text if text.isascii() else "".join(map(_ascii, text))


def _ascii(sign: str) -> str:
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    return chr(ord(sign) - 0xFEE0) if "\uff01" <= sign <= "\uff5e" else sign


def inert(text: str) -> str:
    """A cell that no spreadsheet takes for a formula; ``revived`` gives the text back."""
    return "'" + text if runs(text.lstrip("'")) and not _HARMLESS.fullmatch(text) else text


def revived(text: str) -> str:
    """The text that ``inert`` was given."""
    return text[1:] if text.startswith("'") and runs(text.lstrip("'")) else text
