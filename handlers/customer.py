"""Managers ask about one person: by number, plate or name, or from a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from crm import audit, notes, tags, tasks
from handlers.ask import Ask
from handlers.paging import Row, in_rows, page_of, pager, whole
from handlers.people import asker
from handlers.route import END, Button, Picture, Reply, Step
from handlers.segments import person_buttons
from handlers.text import cut
from questions import spend
from questions.card import task_facts
from questions.people import PAGE, Found, People, Person, person

WHO = "customer.who"
LONGEST = 64
NOTES = 6  # on one page
TABS = ("why", "heard", "notes")


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


def theirs(ask: Ask, number: int | None) -> Person | None:
    """A customer of the asker's stations. The scope is looked at again: a button is no proof."""
    if number is None:
        return None
    found = ask.look("person", lambda: person(ask.session, asker(ask), customer=number))
    return found if isinstance(found, Person) else None


def meant(ask: Ask) -> Person | None:
    """The customer that the talk is about, still one of theirs."""
    number = ask.data.get("customer")
    return theirs(ask, number) if isinstance(number, int) else None


def to_card(number: int) -> Button:
    """The way back from whatever was opened from a card."""
    return Button("customer.card", data=f"customer.more:{number}:card")


def open_card(ask: Ask) -> Reply:
    """Someone in a list."""
    found = theirs(ask, whole(ask.parts, 0))
    return show(ask, found, "") if found else Reply("replies/customer_none")


def more(ask: Ask) -> Reply:
    """``customer.more:<customer>:<tab>[:<page>]``: another side of the card, in its place."""
    found, tab = theirs(ask, whole(ask.parts, 0)), ask.parts[1] if len(ask.parts) > 1 else ""
    if found is None:
        return Reply("replies/customer_none")
    if tab not in TABS:
        tab = "card"
    audit.viewed(ask.session, ask.who.user_id, [found.id], now=ask.now, how=tab)
    if tab == "card":
        return Reply("replies/customer", found.facts, card_buttons(found), instead=True)
    if tab == "notes":
        return said(ask, found, whole(ask.parts, 2) or 0)
    return Reply(f"replies/customer_{tab}", found.facts, ((to_card(found.id),),), instead=True)


def said(ask: Ask, found: Person, page: int) -> Reply:
    """All notes and tags of a customer; one's own can be taken back."""
    shown = page_of(list(enumerate(notes.of(ask.session, found.id), 1)), page, NOTES)
    worn = tags.of(ask.session, found.id)
    facts = {
        "name": found.facts["name"],
        "zone": found.facts["zone"],
        "tags": [tag.tag for tag in worn],
        "notes": [
            {"place": place, "text": note.text, "by": note.by, "at": note.at.isoformat()}
            for place, note in shown.items
        ],
        "closed": [
            task_facts(ask.session, task, asker(ask).today) | {"day": task.closed_at.isoformat()}
            for task in tasks.closed(ask.session, found.id)
            if task.closed_at is not None
        ],
    }
    turning = pager(f"customer.more:{found.id}:notes", shown.number, shown.pages)
    note, tag, _ = _writing(found.id)
    drops = _taking_back(found.id, ask.staff.id, shown.items, worn)
    buttons = (*drops, *turning, (note, tag), (to_card(found.id),))
    return Reply("replies/customer_notes", facts, buttons, instead=True)


def _taking_back(
    customer: int, staff: int, shown: Sequence[tuple[int, notes.Written]], worn: Sequence[tags.Tag]
) -> tuple[Row, ...]:
    """A button for each tag and each note that is this person's own."""
    put = [
        Button("tag.drop", data=f"tag.drop:{customer}:{tags.short(tag.tag)}", facts={"tag": tag.tag})
        for tag in worn
        if tag.staff_id == staff
    ]
    wrote = [
        Button("note.drop", data=f"note.drop:{customer}:{note.id}", facts={"place": place})
        for place, note in shown
        if note.staff_id == staff
    ]
    return in_rows(put, 2) + in_rows(wrote, 3)


def chart(ask: Ask) -> Reply:
    """``customer.spend:<customer>``: what they spent, month by month, as a picture."""
    found = theirs(ask, whole(ask.parts, 0))
    if found is None:
        return Reply("replies/customer_none")
    audit.viewed(ask.session, ask.who.user_id, [found.id], now=ask.now, how="spend")
    sums = spend.by_month(ask.session, found.id, asker(ask))
    facts = sums | {"name": cut(found.facts["name"], 40)}
    picture = Picture("spend", facts) if sums["currency"] else None
    return Reply("replies/customer_spend", facts, picture=picture)


def _find(ask: Ask, text: str) -> Reply:
    wanted = " ".join(text.split())
    if len(wanted) > LONGEST:
        return Reply("replies/customer_too_long", {"most": LONGEST}, step=Step(WHO))
    found = ask.look("named", lambda: person(ask.session, asker(ask), wanted))
    return show(ask, found, wanted)


def show(ask: Ask, found: Found, wanted: str) -> Reply:
    """Whoever was found: their card, or the choice of several; the view is one row of the audit."""
    if isinstance(found, Person):
        audit.viewed(ask.session, ask.who.user_id, [found.id], now=ask.now, how="card")
        return Reply("replies/customer", found.facts, card_buttons(found), step=END)
    if isinstance(found, People):
        return several(ask, found, wanted)
    return Reply("replies/customer_none", step=END)


def told_of(ask: Ask, found: Person, told: dict[str, Any]) -> Reply:
    """A number of one person, and the way to their card; the view is one row of the audit."""
    audit.viewed(ask.session, ask.who.user_id, [found.id], now=ask.now, how="number")
    row = (found.id, found.facts["name"], found.facts["number"])
    return Reply("replies/ask_number", told, person_buttons([row]))


def card_buttons(found: Person) -> tuple[Row, ...]:
    """What can be done from a card, and its other sides."""
    facts, number = found.facts, found.id
    note, tag, task = _writing(number)
    heard = facts["reachable"] and facts["service"]
    first = (note, tag, Button("write.to", data=f"write.to:{number}")) if heard else (note, tag)
    tabs = tuple(
        Button(f"customer.{tab}", data=f"customer.more:{number}:{tab}", facts={"count": facts["notes_all"]})
        for tab in TABS
    )
    return (first, (task, Button("customer.spend", data=f"customer.spend:{number}")), tabs)


def _writing(number: int) -> tuple[Button, Button, Button]:
    return (
        Button("note.add", data=f"note.add:{number}"),
        Button("tag.add", data=f"tag.add:{number}"),
        Button("task.add", data=f"task.add:{number}"),
    )


def several(ask: Ask, people: People, wanted: str) -> Reply:
    audit.viewed(ask.session, ask.who.user_id, [row.id for row in people.rows], now=ask.now, how="names")
    facts = {
        "wanted": wanted,
        "more": people.total > PAGE,
        "rows": [asdict(row) | {"name": cut(row.name, 40)} for row in people.rows],
    }
    cards = person_buttons((row.id, row.name, row.number) for row in people.rows)
    return Reply("replies/customer_several", facts, cards, step=END)
