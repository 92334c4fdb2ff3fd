"""The errand that plans everybody of a broadcast: count, reasons and cost before anybody says yes."""

from __future__ import annotations

from handlers.broadcast_card import mine, opening, terms
from handlers.errands import Brought, Fetching
from handlers.route import Reply
from outreach.broadcast import preview


def fetch(asked: Fetching) -> Brought:
    """Reads in a thread, with the rights that the asker has then."""
    with asked.database.read() as session:
        found = mine(session, asked.who, asked.facts["id"])
        if found is None or found.revision != asked.facts["revision"]:
            return Brought(Reply("replies/broadcast_expired"))
        try:
            counted = preview(session, found, terms(session, asked.house), asked.now, asked.tell)
        except ValueError:
            return Brought(Reply("replies/broadcast_expired"))
        facts = counted.facts() | {
            "id": found.id,
            "offer": found.offer_value,
            "budget": found.budget,
            "currency": found.currency,
            "zone": asked.house.timezone,
        }
    return Brought(Reply("replies/broadcast_numbers", facts, (opening(facts["id"]),)))
