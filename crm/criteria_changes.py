"""Changes of the criteria made in chat: by whom, when, from when on, and what they set beside the file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id


class CriteriaChange(Base):
    """``settings`` holds all that was ever set in chat and still holds: dotted name -> value.

    ``changes``: what this one changed, name -> [before, after]. Rows are never altered.
    """

    __tablename__ = "criteria_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    effective_at: Mapped[datetime]
    actor: Mapped[int] = mapped_column(BigInteger)  # Telegram id
    settings: Mapped[dict[str, Any]]
    changes: Mapped[dict[str, Any]]


def last(session: Session, effective_by: datetime | None = None) -> CriteriaChange | None:
    """The newest change; of those that have taken effect by then, where a moment is given."""
    query = select(CriteriaChange).order_by(CriteriaChange.id.desc()).limit(1)
    if effective_by is not None:
        query = query.where(CriteriaChange.effective_at <= effective_by)
    return session.scalar(query)


def add(
    session: Session,
    actor: int,
    settings: dict[str, Any],
    changes: dict[str, Any],
    *,
    now: datetime,
    effective_at: datetime,
) -> CriteriaChange:
    """``settings`` beside those that were set before."""
    before = last(session)
    whole = (before.settings if before else {}) | settings
    row = CriteriaChange(at=now, effective_at=effective_at, actor=actor, settings=whole, changes=changes)
    session.add(row)
    session.flush()
    return row
