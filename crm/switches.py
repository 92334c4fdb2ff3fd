"""Campaigns switched on and off by a person; what the campaigns file says holds until somebody does."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Select, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base


class Switch(Base):
    __tablename__ = "switches"

    campaign: Mapped[str] = mapped_column(String(48), primary_key=True)
    on: Mapped[bool]
    by: Mapped[int] = mapped_column(BigInteger)  # Telegram id
    at: Mapped[datetime]


def turn(session: Session, campaign: str, on: bool, *, by: int, now: datetime) -> bool:
    """Switch a campaign; whether anything changed."""
    kept = session.get(Switch, campaign)
    if kept is None:
        session.add(Switch(campaign=campaign, on=on, by=by, at=now))
        return True
    changed = kept.on != on
    kept.on, kept.by, kept.at = on, by, now
    return changed


def all_of(session: Session) -> dict[str, bool]:
    """campaign -> on, of those that somebody ever switched."""
    return {row.campaign: row.on for row in session.execute(select(Switch.campaign, Switch.on))}


def off() -> Select[str]:
    """The campaigns that are switched off, for a condition."""
    return select(Switch.campaign).where(Switch.on.is_(False))
