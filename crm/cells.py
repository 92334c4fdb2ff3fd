"""Cells of files that people open in a spreadsheet."""

from __future__ import annotations

import re

_BEGINS = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")


def runs(text: str) -> bool:
    """Whether a spreadsheet may take a text that begins like this for a formula (CWE-1236)."""
    return _BEGINS.match(text) is not None
