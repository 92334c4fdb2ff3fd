"""Staff write down what they know of a customer: notes to read, tags to find them by."""

from __future__ import annotations

import re
from dataclasses import replace

from crm import audit, notes, tags
from handlers.ask import Ask
from handlers.customer import meant, said, theirs, to_card
from handlers.paging import in_rows, whole
from handlers.people import asker
from handlers.refusals import too_long
from handlers.route import END, Button, Reply, Step
from questions.people import Person

TEXT, TAG = "note.text", "tag.text"
OFFERED = 9  # tags to choose from
_BETWEEN = re.compile(r"[,，、;；\n]+")


def ask_note(ask: Ask) -> Reply:
    """``note.add:<customer>``: what is there to say?"""
    found = theirs(ask, whole(ask.parts, 0))
    if found is None:
        return Reply("replies/customer_none")
    return replace(_ask_note(found), step=Step(TEXT, {"customer": found.id}))


def note_written(ask: Ask) -> Reply:
    """The note itself."""
    found = meant(ask)
    if found is None:
        return Reply("replies/customer_none", step=END)
    if not ask.text:
        return note_again(ask)
    if len(ask.text) > notes.LONGEST:
        return too_long(ask, notes.LONGEST)
    try:
        note = notes.add(ask.session, found.id, ask.staff.id, ask.text, now=ask.now)
    except notes.TooMany:
        return Reply("replies/note_too_many", {"most": notes.MOST}, ((to_card(found.id),),), step=END)
    audit.note(ask.session, ask.who.user_id, "note", now=ask.now, customer_id=found.id)
    # Whoever meant to ask something and forgot that a note was awaited takes it back at once.
    undo = Button("note.undo", data=f"note.drop:{found.id}:{note.id}")
    buttons = ((undo, to_card(found.id)),)
    return Reply("replies/note_kept", {"name": found.facts["name"]}, buttons, step=END)


def note_again(ask: Ask) -> Reply:
    found = meant(ask)
    return _ask_note(found) if found else Reply("replies/customer_none", step=END)


def drop_note(ask: Ask) -> Reply:
    """``note.drop:<customer>:<note>``: a note of one's own."""
    found, number = theirs(ask, whole(ask.parts, 0)), whole(ask.parts, 1)
    if found is None or number is None:
        return Reply("replies/customer_none")
    if not notes.remove(ask.session, number, customer_id=found.id, staff_id=ask.staff.id):
        return Reply(toast="note.not_yours")
    audit.note(ask.session, ask.who.user_id, "note", now=ask.now, customer_id=found.id, detail="removed")
    return said(ask, found, 0)


def ask_tag(ask: Ask) -> Reply:
    """``tag.add:<customer>``: those in use to choose from, or a new one to write."""
    found = theirs(ask, whole(ask.parts, 0))
    if found is None:
        return Reply("replies/customer_none")
    return replace(_ask_tag(ask, found), step=Step(TAG, {"customer": found.id}))


def tag_again(ask: Ask) -> Reply:
    found = meant(ask)
    return _ask_tag(ask, found) if found else Reply("replies/customer_none", step=END)


def tag_written(ask: Ask) -> Reply:
    """One tag, or several with commas between."""
    found = meant(ask)
    if found is None:
        return Reply("replies/customer_none", step=END)
    words = [word.strip() for word in _BETWEEN.split(ask.text) if word.strip()]
    made = [tags.normal(word) for word in words]
    wrong = next((word for word, tag in zip(words, made, strict=True) if tag is None), "")
    if wrong or not made:
        return Reply("replies/tag_wrong", {"word": wrong[:40], "most": tags.LONGEST})
    return _put(ask, found, [tag for tag in made if tag])


def put_tag(ask: Ask) -> Reply:
    """``tag.put:<customer>:<sign of the tag>``: one that others use."""
    found, sign = theirs(ask, whole(ask.parts, 0)), ask.parts[1] if len(ask.parts) > 1 else ""
    tag = next((each for each in _known(ask) if tags.short(each) == sign), None)
    if found is None or tag is None:
        return Reply("replies/customer_none")
    return _put(ask, found, [tag])


def drop_tag(ask: Ask) -> Reply:
    """``tag.drop:<customer>:<sign of the tag>``: a tag of one's own."""
    found, sign = theirs(ask, whole(ask.parts, 0)), ask.parts[1] if len(ask.parts) > 1 else ""
    if found is None:
        return Reply("replies/customer_none")
    worn = next((each.tag for each in tags.of(ask.session, found.id) if tags.short(each.tag) == sign), "")
    if not tags.remove(ask.session, found.id, worn, staff_id=ask.staff.id):
        return Reply(toast="note.not_yours")
    audit.note(ask.session, ask.who.user_id, "tag", now=ask.now, customer_id=found.id, detail=f"-{worn}")
    return said(ask, found, 0)


def _put(ask: Ask, found: Person, wanted: list[str]) -> Reply:
    try:
        for tag in wanted:
            if tags.add(ask.session, found.id, ask.staff.id, tag, now=ask.now):
                who = ask.who.user_id
                audit.note(ask.session, who, "tag", now=ask.now, customer_id=found.id, detail=tag)
    except tags.TooMany:
        return Reply("replies/tag_too_many", {"most": tags.MOST}, ((to_card(found.id),),), step=END)
    worn = [tag.tag for tag in tags.of(ask.session, found.id)]
    facts = {"name": found.facts["name"], "tags": worn}
    return Reply("replies/tag_kept", facts, ((to_card(found.id),),), step=END)


def _known(ask: Ask) -> list[str]:
    return tags.known(ask.session, asker(ask).customers)


def _ask_note(found: Person) -> Reply:
    return Reply("replies/note_ask", {"name": found.facts["name"], "most": notes.LONGEST})


def _ask_tag(ask: Ask, found: Person) -> Reply:
    free = [tag for tag in _known(ask) if tag not in found.facts["tags"]][:OFFERED]
    buttons = [
        Button("tag.put", data=f"tag.put:{found.id}:{tags.short(tag)}", facts={"tag": tag}) for tag in free
    ]
    facts = {"name": found.facts["name"], "most": tags.LONGEST}
    return Reply("replies/tag_ask", facts, in_rows(buttons, 3))
