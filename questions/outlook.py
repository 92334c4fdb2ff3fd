"""The seven days ahead: who is due by their own rhythm, and how many litres they usually take."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.fillups import Fillup, counting
from crm.segments import CustomerSegment
from questions.asker import Asker
from questions.ground import WINDOW

DAYS = 7


def outlook(session: Session, asker: Asker) -> dict[str, Any]:
    """As JSON: customers, millilitres, and rows of day, customers and millilitres, today first.

    Each is counted on the day their next visit is due. The litres expected of one are the mean of their
    confirmed fill-ups of 365 days that carry litres, at any station; of who has none, nothing.
    """
    ahead = [asker.today + timedelta(days=each) for each in range(DAYS)]
    due = (
        select(CustomerSegment.customer_id, CustomerSegment.due_on)
        .join(Customer, Customer.id == CustomerSegment.customer_id)
        .where(asker.customers, CustomerSegment.due_on.between(ahead[0], ahead[-1]))
        .cte("due")
    )
    counted = session.execute(select(due.c.due_on, func.count()).group_by(due.c.due_on))
    people: dict[Any, int] = dict(counted.all())
    worth = [] if asker.trust else [Fillup.confirmed.is_(True)]
    usual = (
        select(due.c.due_on, func.avg(Fillup.millilitres).label("millilitres"))
        .join(Fillup, Fillup.customer_id == due.c.customer_id)
        .where(counting(), *worth, Fillup.millilitres > 0)
        .where(Fillup.day.between(asker.today - timedelta(days=WINDOW - 1), asker.today))
        .group_by(due.c.due_on, due.c.customer_id)
        .subquery()
    )
    litres = session.execute(
        select(usual.c.due_on, func.sum(usual.c.millilitres)).group_by(usual.c.due_on)
    ).all()
    expected = {day: round(sum_) for day, sum_ in litres}
    rows = [
        {"day": day.isoformat(), "customers": people.get(day, 0), "millilitres": expected.get(day, 0)}
        for day in ahead
    ]
    return {
        "customers": sum(row["customers"] for row in rows),
        "millilitres": sum(row["millilitres"] for row in rows),
        "rows": rows,
    }
