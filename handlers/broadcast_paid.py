"""Speed for Stars: headquarters gives a broadcast a budget, or takes it back; its words stay as approved."""

from __future__ import annotations

from math import ceil

from crm import audit, broadcasts
from crm.broadcasts import PAYABLE, Broadcast
from handlers.ask import Ask
from handlers.broadcast_card import card_facts, expired, mine, show
from handlers.moments import plain
from handlers.paging import whole
from handlers.route import Button, Reply, Step
from outreach.paid import A_STAR

STEP = "broadcast.stars"
MOST = 1_000_000  # Stars


def ask_stars(ask: Ask) -> Reply:
    """``broadcast.pay:ID``: how many Stars at most."""
    return _prompt(ask, _payable(ask, whole(ask.parts, 0)))


def typed(ask: Ask) -> Reply:
    found = _payable(ask, _number(ask))
    if found is None:
        return expired()
    said = plain(ask.text).strip()
    stars = int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0
    if not 1 <= stars <= MOST:
        return Reply("replies/broadcast_stars_wrong", {"most": MOST})
    return _pay(ask, found, stars)


def asked_again(ask: Ask) -> Reply:
    return _prompt(ask, _payable(ask, _number(ask)))


def free(ask: Ask) -> Reply:
    """``broadcast.free:ID``: at the free rate."""
    found = _payable(ask, whole(ask.parts, 0))
    return _pay(ask, found, None) if found else expired()


def _payable(ask: Ask, number: int | None) -> Broadcast | None:
    found = mine(ask.session, ask.who, number)
    return found if ask.house.paid and found is not None and found.stands in PAYABLE else None


def _number(ask: Ask) -> int | None:
    number = ask.data.get("id")
    return number if isinstance(number, int) else None


def _prompt(ask: Ask, found: Broadcast | None) -> Reply:
    if found is None:
        return expired()
    reach = found.size or card_facts(ask.session, found, ask.house, ask.now)["reach"]
    facts = {"id": found.id, "people": reach, "stars": ceil(reach / A_STAR), "most": MOST}
    button = Button("broadcast.free", data=f"broadcast.free:{found.id}")
    return Reply("replies/broadcast_stars", facts, ((button,),), step=Step(STEP, {"id": found.id}))


def _pay(ask: Ask, found: Broadcast, stars: int | None) -> Reply:
    if not broadcasts.pay(ask.session, found.id, stars):
        return expired()
    detail = f"{found.campaign} {stars or 0}"
    audit.note(ask.session, ask.who.user_id, "broadcast_stars", now=ask.now, detail=detail)
    return show(ask, found)
