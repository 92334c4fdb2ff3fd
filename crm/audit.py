"""Audit: who looked up whom, and what was done with rights that others lack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id


class Audit(Base):
    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[int] = mapped_column(BigInteger)  # Telegram id
    action: Mapped[str] = mapped_column(String(32))  # look_up, export, refused, invite, join, record
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)
    detail: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (Index("ix_audit_actor_action_at", "actor", "action", "at"),)


def note(
    session: Session,
    actor: int,
    action: str,
    *,
    now: datetime,
    customer_id: int | None = None,
    detail: str | None = None,
) -> None:
    session.add(Audit(at=now, actor=actor, action=action, customer_id=customer_id, detail=detail))


def viewed(session: Session, actor: int, customer_ids: Iterable[int], *, now: datetime, how: str) -> None:
    """One row per person shown to ``actor``; ``how`` names the screen, such as card or list."""
    for customer_id in customer_ids:
        note(session, actor, "look_up", now=now, customer_id=customer_id, detail=how)


def exported(session: Session, actor: int, customer_ids: Sequence[int], *, now: datetime, how: str) -> None:
    """One row per person whose data ``actor`` was given in a file; ``how`` names it."""
    rows = [
        {"at": now, "actor": actor, "action": "export", "customer_id": one, "detail": how[:200]}
        for one in customer_ids
    ]
    if rows:
        session.execute(insert(Audit), rows)


def count_since(session: Session, actor: int, action: str, since: datetime) -> int:
    """How often ``actor`` did this after ``since``; what limits on wrong tries are measured with."""
    found = session.scalar(
        select(func.count()).where(Audit.actor == actor, Audit.action == action, Audit.at > since)
    )
    return found or 0


def last_detail(session: Session, actor: int, action: str) -> str | None:
    """The detail of the last time ``actor`` did this."""
    return session.scalar(
        select(Audit.detail)
        .where(Audit.actor == actor, Audit.action == action)
        .order_by(Audit.at.desc(), Audit.id.desc())
        .limit(1)
    )
