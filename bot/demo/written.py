"""What the demo's manager wrote down of customers, and their follow-ups: a life that has begun already."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.demo.calendar import Calendar
from bot.demo.data import part
from crm import notes, scope, tags, tasks
from crm.customers import Customer
from crm.db import Database
from crm.segments import CustomerSegment
from crm.staff import Staff, stations_of

Line = Mapping[str, Any]


def write_down(database: Database, calendar: Calendar) -> None:
    """Notes, tags and follow-ups of ``written.toml``, and a follow-up for each VIP at risk."""
    with database.write() as session:
        manager = session.scalars(select(Staff).where(Staff.telegram_id == part("manager").id)).one()
        for line in _lines():
            customer = _meant(session, line, manager, calendar)
            if customer is not None:
                _keep(session, line, customer, manager, calendar)
        tasks.for_vips(session, today=calendar.today, now=calendar.now)


def _lines() -> list[Line]:
    found: list[Line] = tomllib.loads(Path(__file__).with_name("written.toml").read_text("utf-8"))["about"]
    return found


def _meant(session: Session, line: Line, manager: Staff, calendar: Calendar) -> Customer | None:
    """Somebody of the cast, or the Nth by spend of a segment at the manager's stations. A small chain lacks
    some."""
    if role := line.get("role"):
        return session.scalars(select(Customer).where(Customer.chat_id == part(role).id)).one()
    theirs = scope.customers_of(stations_of(session, manager), scope.since(calendar.today))
    query = (
        select(Customer)
        .join(CustomerSegment, CustomerSegment.customer_id == Customer.id)
        .where(theirs, Customer.name != "", CustomerSegment.segment == line["segment"])
        .order_by(CustomerSegment.monetary.desc(), Customer.id)
    )
    return session.scalar(query.offset(line["place"] - 1).limit(1))


def _keep(session: Session, line: Line, customer: Customer, manager: Staff, calendar: Calendar) -> None:
    then = calendar.now - timedelta(days=line["days"])
    if "note" in line:
        notes.add(session, customer.id, manager.id, line["note"], now=then)
    for tag in line.get("tags", ()):
        tags.add(session, customer.id, manager.id, tag, now=then)
    if "reason" not in line:
        return
    task, _new = tasks.make(
        session, customer, line["reason"], words=line.get("words"), staff_id=manager.id, now=then,
        due=calendar.today + timedelta(days=line["due"]), today=calendar.today - timedelta(days=line["days"]),
    )  # fmt: skip
    if "outcome" in line:
        tasks.close(session, task, line["outcome"], staff_id=manager.id, now=then + timedelta(days=1))
        task.said = line["said"]
