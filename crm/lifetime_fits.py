"""The monthly fits of the lifetime model: what was fitted of which month end, and whether to trust it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import String, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base


class LifetimeFit(Base):
    """One per month end. ``parameters``: the whole report, as segmentation.lifetime.Fit.facts gives it."""

    __tablename__ = "lifetime_fits"

    month: Mapped[date] = mapped_column(primary_key=True)  # the month end whose log was fitted
    made_at: Mapped[datetime]
    parameters: Mapped[dict[str, Any]]
    weak: Mapped[str | None] = mapped_column(String(32))  # why nothing is to be predicted from it


def keep(session: Session, month: date, facts: dict[str, Any], weak: str | None, now: datetime) -> None:
    """Keep the fit of a month end, in place of an earlier one of the same."""
    session.merge(LifetimeFit(month=month, made_at=now, parameters=facts, weak=weak))


def of(session: Session, month: date) -> LifetimeFit | None:
    return session.get(LifetimeFit, month)


def is_latest(session: Session, month: date) -> bool:
    """Whether no later month end was fitted."""
    return session.scalar(select(LifetimeFit.month).where(LifetimeFit.month > month).limit(1)) is None


def in_force(session: Session, day: date, known_at: datetime | None = None) -> LifetimeFit | None:
    """The fit that holds on ``day``: the latest by then, weak ones too, so that rhythm alone speaks.

    Of those made by ``known_at``, where that is given.
    """
    known = true() if known_at is None else LifetimeFit.made_at <= known_at
    return session.scalar(
        select(LifetimeFit).where(LifetimeFit.month <= day, known).order_by(LifetimeFit.month.desc()).limit(1)
    )


def every(session: Session) -> list[LifetimeFit]:
    """All fits, the latest first."""
    return list(session.scalars(select(LifetimeFit).order_by(LifetimeFit.month.desc())))
