"""Follow-ups: the list, one of them, what came of it, later, to somebody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from crm import audit, tasks
from crm.customers import Customer
from crm.staff import Staff
from crm.tasks import Task
from handlers import tell
from handlers.ask import Ask
from handlers.documents import of_lines
from handlers.paging import Row, in_rows, pager, whole
from handlers.people import asker
from handlers.refusals import too_long
from handlers.route import END, Button, Reply, Step
from handlers.text import cut
from questions.calls import MOST, call_list
from questions.card import task_facts

SAID = "task.said"
PAGE = 6
CALLERS = frozenset({"manager", "service", "headquarters", "admin"})  # who may see a phone number
LATER = (1, 3, 7)  # days
Found = tuple[Task, Customer]


def mine(ask: Ask) -> Reply:
    """/tasks: whom to call, the overdue first."""
    return _list(ask, "mine", 0, instead=False)


def turn(ask: Ask) -> Reply:
    """``task.list:<mine|all>:<page>``."""
    whose = "all" if ask.parts and ask.parts[0] == "all" else "mine"
    return _list(ask, whose, whole(ask.parts, 1) or 0, instead=True)


def open_task(ask: Ask) -> Reply:
    """``task.open:<task>``."""
    found = theirs(ask)
    return one(ask, found, instead=True) if found else Reply("replies/task_none")


def one(ask: Ask, found: Found, *, instead: bool) -> Reply:
    """A follow-up with all that can be done about it; whoever may call sees the phone number."""
    task, customer = found
    audit.viewed(ask.session, ask.who.user_id, [customer.id], now=ask.now, how="task")
    buttons: tuple[Row, ...] = ()
    if task.closed_at is None:
        done = [Button(f"task_outcome.{code}", data=f"task.done:{task.id}:{code}") for code in tasks.OUTCOMES]
        later = Button("task.later", data=f"task.later:{task.id}")
        buttons = (*in_rows(done, 2), (later, Button("task.give", data=f"task.give:{task.id}")))
    card = Button("customer.card", data=f"customer.open:{customer.id}")
    facts = _facts(ask, task, customer)
    return Reply("replies/task", facts, (*buttons, (card, _back())), instead=instead)


def done(ask: Ask) -> Reply:
    """``task.done:<task>:<outcome>``: closed, once; a word about it may follow."""
    found, outcome = theirs(ask), ask.parts[1] if len(ask.parts) > 1 else ""
    if found is None or outcome not in tasks.OUTCOMES:
        return Reply("replies/task_none")
    task, customer = found
    if not tasks.close(ask.session, task, outcome, staff_id=ask.staff.id, now=ask.now):
        return Reply(toast="task.closed")
    audit.note(ask.session, ask.who.user_id, "task", now=ask.now, customer_id=customer.id, detail=outcome)
    facts = {"name": customer.name, "outcome": outcome, "most": tasks.LONGEST}
    return Reply("replies/task_done", facts, ((_back(),),), instead=True, step=Step(SAID, {"task": task.id}))


def said(ask: Ask) -> Reply:
    """What came of it, in words of whoever closed it."""
    found = _by_id(ask, ask.data.get("task"))
    if found is None or found[0].closed_by != ask.staff.id:
        return Reply("replies/task_none", step=END)
    if not ask.text:
        return said_again(ask)
    if len(ask.text) > tasks.LONGEST:
        return too_long(ask, tasks.LONGEST)
    found[0].said = ask.text
    return Reply("replies/task_said", {"name": found[1].name}, ((_back(),),), step=END)


def said_again(ask: Ask) -> Reply:
    found = _by_id(ask, ask.data.get("task"))
    if found is None:
        return Reply("replies/task_none", step=END)
    facts = {"name": found[1].name, "outcome": found[0].outcome or "", "most": tasks.LONGEST}
    return Reply("replies/task_done", facts)


def later(ask: Ask) -> Reply:
    """``task.later:<task>``: until when?"""
    found = _open(ask)
    if found is None:
        return Reply("replies/task_none")
    task = found[0]
    buttons = [
        Button("task.in_days", data=f"task.until:{task.id}:{days}", facts={"days": days}) for days in LATER
    ]
    back = Button("task.keep", data=f"task.open:{task.id}")
    return Reply("replies/task_later", _facts(ask, *found), (tuple(buttons), (back,)), instead=True)


def until(ask: Ask) -> Reply:
    """``task.until:<task>:<days>`` from today."""
    found, days = _open(ask), whole(ask.parts, 1)
    if found is None or days not in LATER:
        return Reply("replies/task_none")
    found[0].due = today(ask) + timedelta(days=days)
    return one(ask, found, instead=True)


def give(ask: Ask) -> Reply:
    """``task.give:<task>``: to whom?"""
    found = _open(ask)
    if found is None:
        return Reply("replies/task_none")
    task = found[0]
    buttons = [
        Button(
            "task.hand",
            data=f"task.given:{task.id}:{person.id}",
            facts={"name": cut(person.name, 32) or str(person.telegram_id), "role": person.role},
        )
        for person in _hands(ask, task)[:12]
    ]
    back = (Button("task.keep", data=f"task.open:{task.id}"),)
    facts = _facts(ask, *found) | {"nobody": not buttons}
    return Reply("replies/task_give", facts, (*in_rows(buttons, 1), back), instead=True)


def given(ask: Ask) -> Reply:
    """``task.given:<task>:<staff>``: handed over; the other one hears of it."""
    found, number = _open(ask), whole(ask.parts, 1)
    hand = next((person for person in _hands(ask, found[0]) if person.id == number), None) if found else None
    if found is None or hand is None:
        return Reply("replies/task_none")
    task, customer = found
    task.staff_id = hand.id
    ask.session.flush()
    told = Reply("replies/task_given", {"by": ask.staff.name} | _facts(ask, task, customer), (_opened(task),))
    also = tell.colleague(ask, hand, told) if hand.id != ask.staff.id else ()
    return replace(one(ask, found, instead=True), also=also)


def theirs(ask: Ask) -> Found | None:
    """The task that a button is about, where its customer is one of the asker's."""
    return _by_id(ask, whole(ask.parts, 0))


def _open(ask: Ask) -> Found | None:
    """The same while nobody has closed it."""
    found = theirs(ask)
    return found if found and found[0].closed_at is None else None


def _by_id(ask: Ask, number: Any) -> Found | None:
    if not isinstance(number, int):
        return None
    query = select(Task, Customer).join(Customer, Customer.id == Task.customer_id)
    row = ask.session.execute(query.where(Task.id == number, asker(ask).customers)).first()
    return (row[0], row[1]) if row else None


def _hands(ask: Ask, task: Task) -> list[Staff]:
    """Who may take it: of stations that are not the asker's nobody is named."""
    people = tasks.hands(ask.session, task, ask.staff)
    if ask.who.stations is None or task.station_id in ask.who.stations:
        return list(people)
    return [person for person in people if person.role != "manager" or person.id == ask.staff.id]


def _list(ask: Ask, whose: str, page: int, *, instead: bool) -> Reply:
    query = tasks.listed(asker(ask).customers)
    if whose == "mine":
        query = query.where(tasks.of_staff(ask.staff.id, ask.who.stations))
    total = ask.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(page, pages - 1)
    rows = [(row[0], row[1]) for row in ask.session.execute(query.offset(page * PAGE).limit(PAGE))]
    seen = dict.fromkeys(customer.id for _, customer in rows)
    audit.viewed(ask.session, ask.who.user_id, seen, now=ask.now, how="tasks")
    facts = {
        "whose": whose,
        "total": total,
        "page": page + 1,
        "pages": pages,
        "rows": [_facts(ask, task, customer) | {"place": place} for place, (task, customer) in
                 enumerate(rows, page * PAGE + 1)],
    }  # fmt: skip
    opens = [
        Button("task.open", data=f"task.open:{task.id}", facts={"name": cut(customer.name, 32)})
        for task, customer in rows
    ]
    other = "all" if whose == "mine" else "mine"
    last = (Button(f"task.{other}", data=f"task.list:{other}:0"), Button("task.calls", data="task.calls"))
    buttons = (*in_rows(opens, 2), *pager(f"task.list:{whose}", page, pages), last)
    return Reply("replies/tasks", facts, buttons, instead=instead, step=None if instead else END)


def _facts(ask: Ask, task: Task, customer: Customer) -> dict[str, Any]:
    facts = task_facts(ask.session, task, today(ask))
    may = bool(CALLERS & ask.who.roles)
    return {
        "name": cut(customer.name, 60),
        "number": customer.public_number,
        "phone": (customer.phone or "") if may else "",
        "reachable": customer.chat_id is not None and customer.reachable,
        "task": facts,
        "outcome": facts["outcome"],
    }


def today(ask: Ask) -> date:
    return asker(ask).today


def _opened(task: Task) -> Row:
    return (Button("task.see", data=f"task.open:{task.id}"),)


def _back() -> Button:
    return Button("task.mine", data="task.list:mine:0")


def calls(ask: Ask) -> Reply:
    """``task.calls``: whom to call because the bot cannot reach them, as a file. Each is an audit row."""
    made = call_list(ask.session, asker(ask), phones=bool(CALLERS & ask.who.roles))
    if not made.total:
        return Reply("replies/calls_none")
    lines = list(made.lines)
    people = [line.customer for line in lines if line.customer is not None]
    audit.exported(ask.session, ask.who.user_id, people, now=ask.now, how="calls")
    document = of_lines(made.name, "xlsx", made.columns, lines)
    return Reply("replies/calls", {"total": made.total, "most": MOST}, document=document)
