"""Goals: what managers want to reach by when. Only the wish is kept: how far it has come is counted."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id

KINDS = ("win_back", "new", "vip", "litres")
MOST = 10**12


class Goal(Base):
    """``stations`` are ids as they were when the goal was set; empty: the whole chain.

    ``target`` counts people, or millilitres of the kind ``litres``. ``who`` is the segment to win back.
    """

    __tablename__ = "goals"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    who: Mapped[str] = mapped_column(String(16), default="")
    target: Mapped[int] = mapped_column(BigInteger)
    begin: Mapped[date]
    end: Mapped[date]  # the last day
    stations: Mapped[list[Any] | None]
    created_by: Mapped[int] = mapped_column(BigInteger, index=True)  # Telegram id
    created_at: Mapped[datetime]
    dropped_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint(f"kind in {KINDS}", name="kind"),)

    @property
    def places(self) -> frozenset[int] | None:
        return None if self.stations is None else frozenset(self.stations)


def put(
    session: Session,
    *,
    kind: str,
    who: str,
    target: int,
    begin: date,
    end: date,
    stations: frozenset[int] | None,
    by: int,
    now: datetime,
) -> Goal:
    """Set a goal; the same one of the same person for the same time gets the new target."""
    places = None if stations is None else sorted(stations)
    same = (Goal.kind == kind, Goal.who == who, Goal.begin == begin, Goal.end == end)
    mine = select(Goal).where(Goal.created_by == by, Goal.dropped_at.is_(None), *same)
    goal = next((each for each in session.scalars(mine) if each.stations == places), None)
    if goal is None:
        goal = Goal(kind=kind, who=who, begin=begin, end=end, stations=places, created_by=by, created_at=now)
        session.add(goal)
    goal.target = target
    session.flush()
    return goal


def seen_by(session: Session, stations: frozenset[int] | None, since: date) -> list[Goal]:
    """Goals not dropped that end on ``since`` or later, the next to end first: those of the whole chain
    for who sees it, those of some stations for whoever sees all of these."""
    rows = session.scalars(
        select(Goal).where(Goal.dropped_at.is_(None), Goal.end >= since).order_by(Goal.end, Goal.id)
    )
    return [goal for goal in rows if within(goal, stations)]


def within(goal: Goal, stations: frozenset[int] | None) -> bool:
    """Whether whoever sees ``stations`` may see this goal."""
    places = goal.places
    return stations is None or (places is not None and bool(places) and places <= stations)


def drop(goal: Goal, *, now: datetime) -> bool:
    """Give a goal up. False: it was given up before."""
    if goal.dropped_at is not None:
        return False
    goal.dropped_at = now
    return True
