"""Audit: who looked up whom, and what was done with rights that others lack."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id


class Audit(Base):
    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[int] = mapped_column(BigInteger)  # Telegram id
    action: Mapped[str] = mapped_column(String(32))  # look_up, refused, invite, join, record
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)
    detail: Mapped[str | None] = mapped_column(String(200))


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
