"""Cohorts: of those whose first visit was in a month, how many came to the asker's stations in each since."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, String, cast, func, select
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.fillups import Fillup
from crm.segments import CustomerSegment
from questions.asker import Asker
from questions.ground import Ground

MONTHS = 12


def months(today: date, count: int = MONTHS) -> list[str]:
    """The last months as 2026-05, the current one last."""
    number = today.year * 12 + today.month - 1
    return [f"{each // 12}-{each % 12 + 1:02}" for each in range(number - count + 1, number + 1)]


def retention(session: Session, asker: Asker) -> dict[str, Any]:
    """As segmentation.cohorts.cohorts: as_of, partial, customers, and rows of month, customers and came.

    ``came`` has one number per month from that of the first visit to the current one. A first visit is the
    chain's; what follows are the visits to the asker's stations, of any record that counts.
    """
    names = months(asker.today)
    begin = date.fromisoformat(f"{names[0]}-01")
    new = _new(begin, asker)
    counted = session.execute(select(new.c.first, func.count()).group_by(new.c.first))
    sizes: dict[str, int] = dict(counted.all())
    month, visited = _month(Fillup.day), Ground(session, asker).came((begin, asker.today))
    seen = session.execute(
        select(new.c.first, month, func.count(Fillup.customer_id.distinct()))
        .join(Fillup, Fillup.customer_id == new.c.customer_id)
        .where(visited)
        .group_by(new.c.first, month)
    )
    came = {(first, name): count for first, name, count in seen}
    rows = [
        {
            "month": name,
            "customers": sizes.get(name, 0),
            "came": [came.get((name, other), 0) for other in names[place:]],
        }
        for place, name in enumerate(names)
    ]
    return {
        "as_of": asker.today.isoformat(),
        "partial": (asker.today + timedelta(days=1)).day != 1,
        "customers": sum(sizes.values()),
        "rows": rows,
    }


def _month(day: Any) -> ColumnElement[str]:
    return func.substr(cast(day, String), 1, 7)


def _new(begin: date, asker: Asker) -> CTE:
    """The asker's customers whose first visit was since ``begin``."""
    return (
        select(CustomerSegment.customer_id, _month(CustomerSegment.first_visit).label("first"))
        .join(Customer, Customer.id == CustomerSegment.customer_id)
        .where(asker.customers, CustomerSegment.first_visit.between(begin, asker.today))
        .cte("newcomers")
    )
