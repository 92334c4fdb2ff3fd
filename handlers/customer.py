"""Managers ask about one person: by number, plate or name, or from a list."""

from __future__ import annotations

from dataclasses import asdict

from crm import audit
from handlers.ask import Ask
from handlers.paging import whole
from handlers.route import END, Reply, Step
from handlers.segments import asker, person_buttons
from handlers.text import cut
from questions.people import PAGE, Found, People, Person, person

WHO = "customer.who"
LONGEST = 64


def customer(ask: Ask) -> Reply:
    """/customer PHONE, NUMBER, PLATE or NAME."""
    if not ask.args:
        return Reply("replies/customer_who", step=Step(WHO))
    return _find(ask, ask.args)


def named(ask: Ask) -> Reply:
    """The text that was asked for."""
    return _find(ask, ask.text) if ask.text else asked_again(ask)


def asked_again(_ask: Ask) -> Reply:
    return Reply("replies/customer_who", step=Step(WHO))


def open_card(ask: Ask) -> Reply:
    """Someone in a list. The scope is looked at again: a button is no proof."""
    number = whole(ask.parts, 0)
    if number is None:
        return Reply("replies/customer_none")
    return show(ask, person(ask.session, asker(ask), customer=number), "")


def _find(ask: Ask, text: str) -> Reply:
    wanted = " ".join(text.split())
    if len(wanted) > LONGEST:
        return Reply("replies/customer_too_long", {"most": LONGEST}, step=Step(WHO))
    return show(ask, person(ask.session, asker(ask), wanted), wanted)


def show(ask: Ask, found: Found, wanted: str) -> Reply:
    """Whoever was found: their card, or the choice of several; the view is one row of the audit."""
    if isinstance(found, Person):
        audit.viewed(ask.session, ask.who.user_id, [found.id], now=ask.now, how="card")
        return Reply("replies/customer", found.facts, step=END)
    if isinstance(found, People):
        return several(ask, found, wanted)
    return Reply("replies/customer_none", step=END)


def several(ask: Ask, people: People, wanted: str) -> Reply:
    audit.viewed(ask.session, ask.who.user_id, [row.id for row in people.rows], now=ask.now, how="names")
    facts = {
        "wanted": wanted,
        "more": people.total > PAGE,
        "rows": [asdict(row) | {"name": cut(row.name, 40)} for row in people.rows],
    }
    return Reply("replies/customer_several", facts, person_buttons(people.rows), step=END)
