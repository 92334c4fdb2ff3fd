"""What cannot stand, and what would be right: numbers, dates, units, long texts; rights that end."""

from __future__ import annotations

from collections.abc import Sequence

from crm import audit
from crm.limits import OutOfRange
from handlers.ask import Ask
from handlers.route import Reply
from handlers.text import cut
from intake.quantities import span
from intake.said import Problem
from intake.when import OLDEST

_FIELDS = {"millilitres": "litres", "unit_price": "price", "odometer_km": "odometer", "at": "future"}


def refused(ask: Ask, what: str) -> Reply:
    """Rights that do not reach that far: said politely and noted."""
    audit.note(ask.session, ask.who.user_id, "refused", now=ask.now, detail=what)
    return Reply("replies/not_for_you", toast="toast.not_for_you")


def refuse(ask: Ask, problems: Sequence[Problem], currency: str) -> Reply:
    """Nothing was recorded, and why."""
    ranges = {
        kind: [f"{edge.normalize():,f}" for edge in span(kind, currency)]
        for kind in ("litres", "amount", "price", "odometer")
    }
    facts = {
        "problems": [{"code": each.code, "written": cut(each.written, 40)} for each in problems[:3]],
        "ranges": ranges,
        "currency": currency,
        "days": OLDEST.days,
    }
    return Reply("replies/fillup_refused", facts)


def too_long(ask: Ask, most: int) -> Reply:
    """A text of more than ``most`` characters: nothing is kept, the talk waits for a shorter one."""
    return Reply("replies/text_too_long", {"most": most, "signs": len(ask.text)})


def from_range(wrong: OutOfRange) -> Problem:
    return Problem(_FIELDS.get(wrong.field, wrong.field))
