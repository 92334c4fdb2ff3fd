"""A question as a value: every way of asking ends here, and every answer begins here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Question:
    """``counts``: how many in each segment. ``list``: who is in one. ``person``: who is this.

    A person is asked for by ``text`` (phone, member number, card, plate or name) or, from a button, by
    ``customer``, their row. ``page`` counts from 0.
    """

    kind: Literal["counts", "list", "person"]
    segment: str = ""
    text: str = ""
    customer: int | None = None
    page: int = 0
