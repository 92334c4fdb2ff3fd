"""Errands: what is fetched beside the conversation, in a thread of its own, and brought when it is ready.

An errand only reads. It is carried out with the rights that its asker has at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from crm import errands
from crm.db import Database
from handlers.ask import Ask, House, Who
from handlers.documents import File
from handlers.route import Reply

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Fetching:
    """An errand under way. ``tell`` hears how much of it is done; it raises when the bot stops."""

    database: Database
    who: Who
    house: House
    now: datetime
    facts: dict[str, Any]
    tell: Tell


@dataclass(frozen=True, slots=True)
class Brought:
    """The answer, or the words under the ``file``; and whom it shows, for the audit."""

    reply: Reply
    file: File | None = None
    customers: Sequence[int] = field(default=())
    action: Literal["look_up", "export"] = "look_up"
    how: str = "list"


@dataclass(frozen=True, slots=True)
class Work:
    """How an errand of one kind is carried out, and for whom."""

    role: frozenset[str]
    fetch: Callable[[Fetching], Brought]


def sent(ask: Ask, kind: str, facts: dict[str, Any], total: int = 0) -> Reply:
    """Begin an errand: the reply says so and is edited as it goes on. ``total``: of what is counted."""
    number = errands.send(
        ask.session, ask.who.user_id, ask.who.chat_id, kind, facts | {"total": total}, now=ask.now
    )
    if number is None:
        return Reply("replies/errand_already", toast="errand.under_way")
    return Reply("replies/errand_under_way", under_way(kind, 0, total), errand=number)


def under_way(kind: str, done: int, total: int) -> dict[str, Any]:
    return {"kind": kind, "done": done, "total": total}
