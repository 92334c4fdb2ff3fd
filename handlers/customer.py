"""Managers ask about one person: by number, plate or name, or from a list."""

from __future__ import annotations

from dataclasses import asdict

from crm import audit, notes, tags, tasks
from handlers.ask import Ask
from handlers.paging import Row, in_rows, pager, whole
from handlers.route import END, Button, Picture, Reply, Step
from handlers.segments import asker, person_buttons
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
    back = ((Button("customer.card", data=f"customer.more:{found.id}:card"),),)
    return Reply(f"replies/customer_{tab}", found.facts, back, instead=True)


def said(ask: Ask, found: Person, page: int) -> Reply:
    """All notes and tags of a customer; one's own can be taken back."""
    written = notes.of(ask.session, found.id)
    pages = max(1, -(-len(written) // NOTES))
    page = min(page, pages - 1)
    shown = list(enumerate(written, 1))[page * NOTES : (page + 1) * NOTES]
    put = tags.of(ask.session, found.id)
    mine = [
        Button("note.drop", data=f"note.drop:{found.id}:{note.id}", facts={"place": place})
        for place, note in shown
        if note.staff_id == ask.staff.id
    ]
    worn = [
        Button("tag.drop", data=f"tag.drop:{found.id}:{tags.short(tag.tag)}", facts={"tag": tag.tag})
        for tag in put
        if tag.staff_id == ask.staff.id
    ]
    facts = {
        "name": found.facts["name"],
        "zone": found.facts["zone"],
        "tags": [tag.tag for tag in put],
        "notes": [
            {"place": place, "text": note.text, "by": note.by, "at": note.at.isoformat()}
            for place, note in shown
        ],
        "closed": [
            task_facts(ask.session, task, asker(ask).today) | {"day": task.closed_at.isoformat()}
            for task in tasks.closed(ask.session, found.id)
            if task.closed_at is not None
        ],
    }
    rows = in_rows(worn, 2) + in_rows(mine, 3) + pager(f"customer.more:{found.id}:notes", page, pages)
    note, tag, _ = _writing(found.id)
    buttons = (*rows, (note, tag), (Button("customer.card", data=f"customer.more:{found.id}:card"),))
    return Reply("replies/customer_notes", facts, buttons, instead=True)


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
    return Reply("replies/customer_several", facts, person_buttons(people.rows), step=END)
