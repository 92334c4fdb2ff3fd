"""A database that looks restored: headquarters reads it once, and says whether the bot goes on."""

from __future__ import annotations

from handlers.ask import Ask, House
from handlers.route import Button, Reply
from outreach import standstill
from outreach.standstill import Still


def told(still: Still, house: House) -> Reply:
    """What is known, with the button."""
    button = Button("campaigns.go_on", data="campaigns.restored")
    return Reply("replies/restored", still.facts() | {"zone": house.timezone}, ((button,),))


def go_on(ask: Ask) -> Reply:
    """``campaigns.restored``: carried out by the running bot; a second tap finds nothing to confirm."""
    if not standstill.agree(ask.session, ask.who.user_id):
        return Reply("replies/restored_not", toast="campaigns.not_restored", instead=True)
    return Reply("replies/restored_agreed", instead=True)
