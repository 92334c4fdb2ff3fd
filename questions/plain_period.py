"""A time alone, in plain words or as a code: "last month", "10月", ``2026-10``. Pure."""

from __future__ import annotations

from questions.names import Names
from questions.parse import parse
from questions.question import Question


def period_of(text: str) -> str | None:
    """The period that a text names and nothing else; None where it names none, or says more."""
    text = " ".join(text.split())
    if not text:
        return None
    asked = f"registered {text}" if text.isascii() else f"{text}注册的客户"
    meant = parse(asked, Names())
    if not isinstance(meant, Question) or meant.kind != "list" or len(meant.filters) != 1:
        return None
    (only,) = meant.filters
    plain = not (meant.period or meant.by or meant.sort or meant.limit)
    return only.values[0] if only.field == "joined" and only.op == "=" and plain else None
