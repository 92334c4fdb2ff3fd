"""Digests: who of the staff hears the numbers when, and the letters that carry them.

A letter is a row of the inbox that no update brought: its number is made of the person and the day, so that
there is one per person and day whoever writes it, and a crash between COMMIT and send loses no word of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm import inbox
from crm.db import Base
from crm.inbox import Incoming
from crm.staff import Staff, stations_of
from crm.stations import Station

EVERY = ("off", "weekly", "daily")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LATE = timedelta(hours=12)  # a letter that could not leave by then is not sent any more
DAYS = 10**7  # more days than there will be, so that no two people share a number
HEARS_UNASKED = "manager"  # the role that gets it without having chosen


class DigestChoice(Base):
    """What somebody chose; without a row a manager gets it on Mondays at eight, everyone else nothing."""

    __tablename__ = "digest_choices"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    every: Mapped[str] = mapped_column(String(8))
    weekday: Mapped[int]  # 0 is Monday
    hour: Mapped[int]  # on the clock of their station
    changed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"every in {EVERY}", name="every"),
        CheckConstraint("weekday between 0 and 6 and hour between 0 and 23", name="when"),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """``since``: nothing that was due before is sent."""

    every: str
    weekday: int
    hour: int
    since: datetime

    @property
    def cron(self) -> str:
        """As outreach.calendar reads it."""
        return f"0 {self.hour} * * {WEEKDAYS[self.weekday] if self.every == 'weekly' else '*'}"


def of(session: Session, staff: Staff) -> Choice:
    row = session.get(DigestChoice, staff.id)
    if row is not None:
        return Choice(row.every, row.weekday, row.hour, row.changed_at)
    return Choice("weekly" if staff.role == HEARS_UNASKED else "off", 0, 8, staff.added_at)


def choose(session: Session, staff: Staff, every: str, weekday: int, hour: int, *, now: datetime) -> None:
    session.merge(DigestChoice(staff_id=staff.id, every=every, weekday=weekday, hour=hour, changed_at=now))
    session.flush()


def zone_of(session: Session, staff: Staff, default: str) -> str:
    """The clock somebody's digest goes by: that of the first of their stations, else the chain's."""
    theirs = select(Station.timezone).where(Station.id.in_(stations_of(session, staff)))
    return session.scalar(theirs.order_by(Station.code).limit(1)) or default


def number(staff: Staff, day: date) -> int:
    """The number of the letter of a day: below zero, where Telegram has none."""
    return -(staff.id * DAYS + day.toordinal())


def written(session: Session, letter: int) -> bool:
    return session.get(Incoming, letter) is not None


def write(
    session: Session, letter: int, chat_id: int, replies: list[Any], *, due: datetime, now: datetime
) -> bool:
    """Keep a letter that was due at ``due`` until it is spoken. False: it was written before."""
    if not inbox.remember(session, {"update_id": letter}, chat_id, now=due):
        return False
    return inbox.done(session, letter, replies, now=now)


def expire(session: Session, *, now: datetime) -> int:
    """Letters that could not leave in time are not sent any more; how many they were."""
    late = (Incoming.update_id < 0, Incoming.spoken_at.is_(None), Incoming.received_at < now - LATE)
    gone = update(Incoming).where(*late).values(state="ignored", spoken_at=now, replies=None)
    return len(session.scalars(gone.returning(Incoming.update_id)).all())
