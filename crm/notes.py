"""Notes: what staff write down of a customer for one another. No customer ever sees one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id
from crm.staff import Staff

LONGEST = 500  # signs of one note
MOST = 100  # notes of one customer


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    text: Mapped[str] = mapped_column(String(LONGEST))
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Written:
    """A note with the name of who wrote it."""

    id: int
    text: str
    by: str
    staff_id: int
    at: datetime


class TooMany(Exception):
    """Nobody reads more than this of one customer; older ones must go first."""


def add(session: Session, customer_id: int, staff_id: int, text: str, *, now: datetime) -> Note:
    """Keep a note of 1 to LONGEST signs. Raises TooMany."""
    if count(session, customer_id) >= MOST:
        raise TooMany
    note = Note(customer_id=customer_id, staff_id=staff_id, text=text, at=now)
    session.add(note)
    session.flush()
    return note


def count(session: Session, customer_id: int) -> int:
    return session.scalar(select(func.count()).where(Note.customer_id == customer_id)) or 0


def of(session: Session, customer_id: int, limit: int = MOST) -> list[Written]:
    """This customer's notes, the newest first."""
    query = (
        select(Note, Staff.name)
        .join(Staff, Staff.id == Note.staff_id)
        .where(Note.customer_id == customer_id)
        .order_by(Note.at.desc(), Note.id.desc())
        .limit(limit)
    )
    return [
        Written(note.id, note.text, name, note.staff_id, note.at) for note, name in session.execute(query)
    ]


def remove(session: Session, note_id: int, *, customer_id: int, staff_id: int) -> bool:
    """Take back a note of one's own. False: there is none, or somebody else wrote it."""
    own = delete(Note).where(Note.id == note_id, Note.customer_id == customer_id, Note.staff_id == staff_id)
    return session.execute(own.returning(Note.id)).first() is not None


def move(session: Session, keep: int, gone: int) -> None:
    """Two rows turn out to be one customer: the notes of both stay."""
    session.execute(update(Note).where(Note.customer_id == gone).values(customer_id=keep))


def erase(session: Session, customer_id: int) -> None:
    """Forget all of it with the customer."""
    session.execute(delete(Note).where(Note.customer_id == customer_id))
