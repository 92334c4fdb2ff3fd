"""How far a goal has come, counted from the records each time: also long after it ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session

from crm import scope
from crm.customers import Customer
from crm.fillups import Fillup, counting
from crm.goals import Goal
from crm.segments import CustomerSegment, SegmentChange
from crm.stations import Station
from questions import period, standing
from questions.asker import Asker
from questions.ground import Ground
from questions.question import Question

ASKED = {
    "win_back": "start:{who} visited:{when} period:{when}",
    "new": "first:{when} visited:{when}",
    "vip": "became:vip period:{when}",
    "litres": "visited:{when} period:{when} sort:-litres",
}


def progress(session: Session, asker: Asker, goal: Goal) -> dict[str, Any]:
    """As JSON: what is wanted, ``done`` of ``target``, ``share``, days left, and where this pace leads.

    ``projected`` is None before the first day and after the last. People are counted once each.
    """
    last = min(goal.end, asker.today)
    done = _DONE[goal.kind](session, asker, goal, last) if goal.begin <= last else 0
    gone, whole = (last - goal.begin).days + 1, (goal.end - goal.begin).days + 1
    running = goal.begin <= asker.today <= goal.end
    return {
        "id": goal.id,
        "kind": goal.kind,
        "who": goal.who,
        "target": goal.target,
        "done": done,
        "share": done / goal.target,
        "begin": goal.begin.isoformat(),
        "end": goal.end.isoformat(),
        "days_left": (goal.end - asker.today).days if running else 0,
        "state": "running" if running else "ended" if goal.end < asker.today else "ahead",
        "projected": round(done * whole / gone) if running else None,
        "places": _places(session, goal),
    }


def _places(session: Session, goal: Goal) -> list[str]:
    """The names of its stations; none where it is the whole chain's."""
    if goal.stations is None:
        return []
    rows = session.scalars(select(Station.name).where(Station.id.in_(goal.stations)).order_by(Station.code))
    return list(rows)


def asked(session: Session, goal: Goal) -> str:
    """The question whose list is those who count for the goal (of litres: who took the most)."""
    month = period.whole("month", goal.begin)
    when = f"{goal.begin:%Y-%m}" if (goal.begin, goal.end) == month else f"{goal.begin}..{goal.end}"
    text = ASKED[goal.kind].format(who=goal.who, when=when)
    if goal.stations is None:
        return text
    codes = session.scalars(select(Station.code).where(Station.id.in_(goal.stations)).order_by(Station.code))
    return f"{text} station:{','.join(_quoted(code) for code in codes)}"


def _quoted(code: str) -> str:
    return code if code.isalnum() else f'"{code}"'


def _came(goal: Goal, last: date, begin: date | None = None) -> ColumnElement[bool]:
    """A fill-up that counts at the goal's stations; in its days unless it is told from when."""
    places = goal.places
    here = true() if places is None else Fillup.station_id.in_(places)
    days = Fillup.day.between(begin or goal.begin, last)
    return exists().where(Fillup.customer_id == Customer.id, counting(), days, here)


def _count(session: Session, *where: ColumnElement[bool]) -> int:
    query = (
        select(func.count())
        .select_from(Customer)
        .join(CustomerSegment, CustomerSegment.customer_id == Customer.id)
    )
    return session.scalar(query.where(Customer.merged_into.is_(None), *where)) or 0


def _won_back(session: Session, asker: Asker, goal: Goal, last: date) -> int:
    """Who was in the segment when the goal began, and has come since."""
    were = standing.stood(goal.begin - timedelta(days=1), (goal.who,))
    return _count(session, Customer.id.in_(were), _came(goal, last))


def _new(session: Session, asker: Asker, goal: Goal, last: date) -> int:
    """Whose first visit ever was in these days, and who came to these stations in them."""
    return _count(session, CustomerSegment.first_visit.between(goal.begin, last), _came(goal, last))


def _vips(session: Session, asker: Asker, goal: Goal, last: date) -> int:
    """Who moved into the segment in these days: customers of these stations when it ends."""
    became = select(SegmentChange.customer_id).where(
        SegmentChange.before.is_not(None),
        SegmentChange.after == "vip",
        SegmentChange.as_of.between(goal.begin, last),
    )
    places = goal.places
    if places is None:
        return _count(session, Customer.id.in_(became))
    theirs = or_(Customer.home_station_id.in_(places), _came(goal, last, scope.since(last)))
    return _count(session, and_(Customer.id.in_(became), theirs))


def _litres(session: Session, asker: Asker, goal: Goal, last: date) -> int:
    """Confirmed millilitres sold at these stations in these days, whoever bought them."""
    ground = Ground(session, replace(asker, stations=goal.places))
    sold = select(func.sum(Fillup.millilitres)).where(*ground.rows(Question(), (goal.begin, last)))
    return int(session.scalar(sold) or 0)


_DONE = {"win_back": _won_back, "new": _new, "vip": _vips, "litres": _litres}
