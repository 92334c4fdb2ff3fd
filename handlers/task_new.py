"""A follow-up made by hand from a customer's card: what for, then by when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from crm import audit, tasks
from crm.customers import Customer
from handlers import tasks as followups
from handlers.ask import Ask
from handlers.customer import meant, theirs
from handlers.paging import Row, in_rows, whole
from handlers.refusals import too_long
from handlers.route import END, Button, Reply, Step
from questions.people import Person

WORDS, WHEN = "task.words", "task.when"
BY_HAND = ("away", "problem", "thanks", "register")
DAYS = (0, 1, 3, 7)


def add(ask: Ask) -> Reply:
    """``task.add:<customer>``: what for? A button, or words of one's own."""
    found = theirs(ask, whole(ask.parts, 0))
    if found is None:
        return Reply("replies/customer_none")
    return Reply("replies/task_why", _name(found), _reasons(found), step=Step(WORDS, {"customer": found.id}))


def again(ask: Ask) -> Reply:
    """Neither a reason nor a day."""
    found = meant(ask)
    if found is None:
        return Reply("replies/customer_none", step=END)
    if ask.step == WHEN:
        return _when(found, ask.data["reason"], ask.data["words"])
    return Reply("replies/task_why", _name(found), _reasons(found))


def words(ask: Ask) -> Reply:
    """The reason in their own words."""
    found = meant(ask)
    if found is None:
        return Reply("replies/customer_none", step=END)
    if not ask.text:
        return again(ask)
    if len(ask.text) > tasks.LONGEST:
        return too_long(ask, tasks.LONGEST)
    return _when(found, "other", ask.text)


def reason(ask: Ask) -> Reply:
    """``task.why:<customer>:<reason>``."""
    found, why = theirs(ask, whole(ask.parts, 0)), ask.parts[1] if len(ask.parts) > 1 else ""
    if found is None or why not in BY_HAND:
        return Reply("replies/customer_none")
    return _when(found, why, "")


def due(ask: Ask) -> Reply:
    """``task.in:<days>``: kept, for whoever made it, once."""
    found, days = meant(ask), whole(ask.parts, 0)
    if ask.step != WHEN or days not in DAYS:
        return Reply(toast="task.expired")
    if found is None:
        return Reply("replies/customer_none", step=END)
    day = followups.today(ask)
    task, new = tasks.make(
        ask.session, ask.session.get_one(Customer, found.id), ask.data["reason"],
        words=ask.data["words"] or None, due=day + timedelta(days=days), staff_id=ask.staff.id,
        today=day, now=ask.now,
    )  # fmt: skip
    if new:
        audit.note(ask.session, ask.who.user_id, "task", now=ask.now, customer_id=found.id, detail="made")
    shown = followups.one(ask, (task, ask.session.get_one(Customer, found.id)), instead=True)
    return replace(shown, step=END, toast="task.made" if new else "task.there")


def _when(found: Person, why: str, said: str) -> Reply:
    buttons = [Button("task.in_days", data=f"task.in:{days}", facts={"days": days}) for days in DAYS]
    step = Step(WHEN, {"customer": found.id, "reason": why, "words": said})
    return Reply("replies/task_when", _name(found) | {"reason": why}, in_rows(buttons, 2), step=step)


def _reasons(found: Person) -> tuple[Row, ...]:
    buttons = [Button(f"task_reason.{why}", data=f"task.why:{found.id}:{why}") for why in BY_HAND]
    return in_rows(buttons, 2)


def _name(found: Person) -> dict[str, object]:
    return {"name": found.facts["name"], "most": tasks.LONGEST}
