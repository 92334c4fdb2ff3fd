"""Errands: what somebody asked for in chat that takes longer than an answer may, until it is brought."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Index, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id

KEPT = timedelta(days=30)


class Errand(Base):
    """``message_id``: the message that says how far it is; 0 where none arrived, empty until it was sent."""

    __tablename__ = "errands"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)  # Telegram id
    chat_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    facts: Mapped[dict[str, Any]]
    asked_at: Mapped[datetime]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(16))  # brought, refused, failed

    __table_args__ = (Index("ix_errands_done", "done_at"),)


def send(
    session: Session, user_id: int, chat_id: int, kind: str, facts: dict[str, Any], *, now: datetime
) -> int | None:
    """The number of a new errand; None where the same is under way for this person."""
    open_ones = select(Errand).where(Errand.user_id == user_id, Errand.kind == kind, Errand.done_at.is_(None))
    if any(one.facts == facts for one in session.scalars(open_ones)):
        return None
    errand = Errand(user_id=user_id, chat_id=chat_id, kind=kind, facts=facts, asked_at=now)
    session.add(errand)
    session.flush()
    return errand.id


def shown(session: Session, number: int, message_id: int) -> None:
    """The message that says how far it is has been sent: the errand may begin."""
    errand = session.get(Errand, number)
    if errand is not None and errand.message_id is None:
        errand.message_id = message_id


def next_one(session: Session) -> Errand | None:
    """The oldest that may begin and is not done."""
    waiting = select(Errand).where(Errand.done_at.is_(None), Errand.message_id.is_not(None))
    return session.scalar(waiting.order_by(Errand.id).limit(1))


def done(session: Session, number: int, outcome: str, *, now: datetime) -> None:
    errand = session.get_one(Errand, number)
    errand.done_at, errand.outcome = now, outcome


def tidy(session: Session, *, now: datetime) -> int:
    """Forget what was brought long ago; how many they were."""
    old = delete(Errand).where(Errand.done_at < now - KEPT)
    return len(session.scalars(old.returning(Errand.id)).all())
