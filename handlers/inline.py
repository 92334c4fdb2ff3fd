"""`@bot zhang` in any chat: staff find a customer of their stations, and may post a few words of them."""

from __future__ import annotations

from typing import Any

from crm import audit
from crm.customers import Customer
from crm.segments import CustomerSegment
from handlers.ask import Ask
from handlers.people import asker
from handlers.route import Found, Reply
from handlers.text import cut
from questions.people import Listed, People, Person, listed, person

SHORTEST, LONGEST = 2, 64
MOST_NAME = 64


def find(ask: Ask) -> Reply:
    """Whose name, number or plate it is. Nobody is an empty answer, as for those who may not ask."""
    wanted = " ".join(ask.args.split())
    if len(wanted) > LONGEST or (len(wanted) < SHORTEST and wanted.isascii()):
        return Reply()
    rows = _rows(ask, wanted)
    audit.viewed(ask.session, ask.who.user_id, [row.id for row in rows], now=ask.now, how="inline")
    return Reply(found=tuple(Found(str(row.id), "replies/inline_card", _facts(row)) for row in rows))


def _rows(ask: Ask, wanted: str) -> tuple[Listed, ...]:
    if not wanted:
        return ()
    found = person(ask.session, asker(ask), wanted)
    if isinstance(found, People):
        return found.rows
    if not isinstance(found, Person):
        return ()
    one = ask.session.get_one(Customer, found.id)
    return (listed(one, ask.session.get(CustomerSegment, found.id), asker(ask).today),)


def _facts(row: Listed) -> dict[str, Any]:
    """What anybody in that chat may then read: no phone, no plate, no money."""
    name = cut(row.name, MOST_NAME)
    return {"name": name, "number": row.number, "segment": row.segment, "days": row.days}
