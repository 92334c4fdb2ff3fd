"""Questions that staff asked in chat, kept so that a button can go on from one: its data holds the number."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Index, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id

KEPT = timedelta(days=90)


class Asked(Base):
    __tablename__ = "asked"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)  # Telegram id
    question: Mapped[str] = mapped_column(Text)  # as a typed filter
    at: Mapped[datetime]  # the last time

    __table_args__ = (Index("ix_asked_user_at", "user_id", "at"), Index("ix_asked_at", "at"))


def remember(session: Session, user_id: int, question: str, *, now: datetime) -> int:
    """The number of this person's question; one that they asked before keeps its number."""
    mine = select(Asked).where(Asked.user_id == user_id, Asked.question == question)
    row = session.scalar(mine)
    if row is None:
        row = Asked(user_id=user_id, question=question, at=now)
        session.add(row)
    row.at = now
    session.flush()
    return row.id


def recall(session: Session, user_id: int, number: int) -> str | None:
    """This person's own question of that number; nobody else's, and none that is forgotten."""
    return session.scalar(select(Asked.question).where(Asked.id == number, Asked.user_id == user_id))


def tidy(session: Session, *, now: datetime) -> int:
    """Forget what nobody has asked for long; how many they were."""
    old = delete(Asked).where(Asked.at < now - KEPT)
    return len(session.scalars(old.returning(Asked.id)).all())
