"""Words of campaigns as marketing wrote them: versions are only added, so that a row can keep its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id


class Copy(Base):
    """One saved text. Versions count per situation, over all its languages."""

    __tablename__ = "copies"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign: Mapped[str] = mapped_column(String(48))
    situation: Mapped[str] = mapped_column(String(32))
    version: Mapped[int]
    locale: Mapped[str] = mapped_column(String(8))
    body: Mapped[str | None] = mapped_column(Text)  # empty: the words that come with Forecourt again
    saved_at: Mapped[datetime]
    saved_by: Mapped[str] = mapped_column(String(64))

    __table_args__ = (UniqueConstraint("campaign", "situation", "version"),)


def save(
    session: Session,
    *,
    campaign: str,
    situation: str,
    locale: str,
    body: str | None,
    by: str,
    now: datetime,
) -> int:
    """Keep a new version; the version. Of two saved at once one fails on the unique number."""
    version = versions(session).get((campaign, situation), 0) + 1
    session.add(
        Copy(
            campaign=campaign,
            situation=situation,
            version=version,
            locale=locale,
            body=body,
            saved_at=now,
            saved_by=by,
        )
    )
    return version


def versions(session: Session) -> dict[tuple[str, str], int]:
    """(campaign, situation) -> its latest version, where anything was ever saved."""
    rows = session.execute(
        select(Copy.campaign, Copy.situation, func.max(Copy.version)).group_by(Copy.campaign, Copy.situation)
    )
    return {(campaign, situation): version for campaign, situation, version in rows}


def texts(session: Session, campaign: str, situation: str, version: int) -> dict[str, str]:
    """The edited words of a situation by language, as they stood at a version."""
    rows = session.execute(
        select(Copy.locale, Copy.body)
        .where(Copy.campaign == campaign, Copy.situation == situation, Copy.version <= version)
        .order_by(Copy.version)
    )
    latest = {row.locale: row.body for row in rows}  # a later version replaces an earlier one
    return {locale: body for locale, body in latest.items() if body is not None}


def saved(session: Session) -> list[Copy]:
    """Every version ever saved, the newest first."""
    return list(session.scalars(select(Copy).order_by(Copy.id.desc())))
