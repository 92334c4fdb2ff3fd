"""Messages whose fate nobody knows, one after another: leave it, or send it again on one's own word."""

from __future__ import annotations

from crm import audit
from handlers.ask import Ask
from handlers.broadcast_card import TO_CAMPAIGNS
from handlers.paging import Row, whole
from handlers.route import Button, Reply
from handlers.text import cut
from outreach import campaigns, unknowns

AT_ONCE = 5


def show(ask: Ask) -> Reply:
    """``campaigns.unknown``: the oldest few, each with its two buttons."""
    return _list(ask, "")


def leave(ask: Ask) -> Reply:
    done = unknowns.leave(ask.session, whole(ask.parts, 0) or 0, by=ask.who.user_id, now=ask.now)
    return _list(ask, "left" if done else "gone")


def again(ask: Ask) -> Reply:
    contact = campaigns.shipped().contact
    row = whole(ask.parts, 0) or 0
    done = unknowns.resend(ask.session, row, contact, by=ask.who.user_id, now=ask.now)
    return _list(ask, "again" if done else "gone")


def _list(ask: Ask, done: str) -> Reply:
    rows = unknowns.undecided(ask.session, AT_ONCE)
    audit.viewed(ask.session, ask.who.user_id, [row.customer_id for row in rows], now=ask.now, how="unknown")
    told = [row.facts() | {"name": cut(row.name, 40), "message": _message(row.campaign)} for row in rows]
    facts = {"rows": told, "total": unknowns.number(ask.session), "zone": ask.house.timezone, "done": done}
    buttons = (*(_deciding(row.id, row.customer) for row in rows), (TO_CAMPAIGNS,))
    return Reply("replies/unknowns", facts, buttons, instead=True)


def _message(campaign: str) -> int:
    """The number of a broadcast; 0 of a campaign with a name."""
    number = campaign.removeprefix("b")
    return int(number) if number.isascii() and number.isdecimal() else 0


def _deciding(row: int, customer: str) -> Row:
    facts = {"customer": cut(customer, 20)}
    return (
        Button("campaigns.leave", data=f"campaigns.leave:{row}", facts=facts),
        Button("campaigns.again", data=f"campaigns.again:{row}", facts=facts),
    )
