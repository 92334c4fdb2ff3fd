"""The numbers of a digest: sales of the days before against the same weekdays, who moved, who is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm import segments, tasks
from crm.customers import Customer
from crm.segments import CustomerSegment
from questions import standing, totals
from questions.asker import Asker
from questions.ground import Ground
from questions.outlook import outlook
from questions.question import Question

WEEK = 7
TOLD = ("vip", "reactivated", "at_risk_vip", "lapsing", "dormant", "churned")  # the moves that matter
NAMED = 3


@dataclass(frozen=True, slots=True)
class Digest:
    """``facts`` are JSON; ``named``: ids of the customers whose names are among them."""

    facts: dict[str, Any]
    named: tuple[int, ...]


def digest(session: Session, asker: Asker, staff_id: int, days: int) -> Digest:
    """The ``days`` (1 or 7) before the asker's day, each sum beside that of the days a week before."""
    end = asker.today - timedelta(days=1)
    begin = end - timedelta(days=days - 1)
    ground, week = Ground(session, asker), timedelta(days=WEEK)
    now, before = (_sums(ground, begin - back, end - back) for back in (timedelta(), week))
    vips = _new_at_risk(session, asker, begin) if segments.ran_by(session, begin) else []
    facts = {
        "days": days,
        "begin": begin.isoformat(),
        "end": end.isoformat(),
        "currency": ground.currency,
        "sums": [{"name": name, "value": now[name], "before": before[name]} for name in now],
        "moved": _moved(session, asker, asker.today - timedelta(days=days)),
        "vips": [name for _, name in vips],
        "due": _due(session, asker, days),
        "overdue": _overdue(session, asker, staff_id),
        "daily": _daily(ground),
    }
    return Digest(facts, tuple(number for number, _ in vips))


def _sums(ground: Ground, begin: Any, end: Any) -> dict[str, int]:
    found = totals.totals(Question(measure="visits"), ground, days=(begin, end)).get(None, totals.Totals())
    return {"visits": found.visits, "litres": found.litres, "spend": found.spend}


def _daily(ground: Ground) -> list[dict[str, Any]]:
    """Visits of each of the last seven days, and of the same weekday before."""
    today = ground.asker.today
    days = [today - timedelta(days=back) for back in range(2 * WEEK, 0, -1)]
    found = totals.totals_by(Question(measure="visits"), ground, [(day, day) for day in days])
    visits = [found[place].visits if place in found else 0 for place in range(2 * WEEK)]
    return [
        {"day": day.isoformat(), "visits": visits[WEEK + place], "before": visits[place]}
        for place, day in enumerate(days[WEEK:])
    ]


def _moved(session: Session, asker: Asker, since: Any) -> list[dict[str, Any]] | None:
    """How many have come into each segment that matters; None where nothing is known of back then."""
    if not segments.ran_by(session, since):
        return None
    found = standing.crossing(session, asker, since)
    into = dict.fromkeys(TOLD, 0)
    for (before, after), count in found.items():
        if before not in (after, standing.NOBODY) and after in into:
            into[after] += count
    return [{"segment": segment, "customers": count} for segment, count in into.items() if count]


def _new_at_risk(session: Session, asker: Asker, begin: Any) -> list[tuple[int, str]]:
    """The VIPs at risk who were not at risk before, the biggest spenders."""
    were = standing.stood(begin, ("at_risk_vip",))
    query = (
        select(Customer.id, Customer.name)
        .join(CustomerSegment, CustomerSegment.customer_id == Customer.id)
        .where(CustomerSegment.segment == "at_risk_vip", Customer.id.not_in(were), asker.customers)
        .order_by(CustomerSegment.monetary.desc(), Customer.id)
    )
    return [(number, name) for number, name in session.execute(query.limit(NAMED))]


def _due(session: Session, asker: Asker, days: int) -> dict[str, int]:
    """Who is due today, or in the seven days from today."""
    rows = outlook(session, asker)["rows"][:days]
    return {name: sum(row[name] for row in rows) for name in ("customers", "millilitres")}


def _overdue(session: Session, asker: Asker, staff_id: int) -> int:
    theirs = tasks.of_staff(staff_id, asker.stations)
    late = tasks.listed(asker.customers).where(theirs, tasks.Task.due < asker.today)
    return session.scalar(select(func.count()).select_from(late.order_by(None).subquery())) or 0
