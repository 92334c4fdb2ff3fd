"""Scans: who opened the bot by a poster's or a friend's link before they were a customer."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ForeignKey, String, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base

KEPT = timedelta(days=400)


class Scan(Base):
    """One row per person and link: the first time. ``detail`` is the station's code or the member number."""

    __tablename__ = "scans"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # Telegram id
    source: Mapped[str] = mapped_column(String(16), primary_key=True)  # poster, friend
    detail: Mapped[str] = mapped_column(String(64), primary_key=True)
    station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))  # the friend's home station
    at: Mapped[datetime] = mapped_column(index=True)


def note(
    session: Session, user_id: int, source: str, detail: str, station_id: int | None, *, now: datetime
) -> None:
    """Remember that a link was opened; the second time changes nothing."""
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    row = {"user_id": user_id, "source": source, "detail": detail, "station_id": station_id, "at": now}
    session.execute(insert(Scan).values(row).on_conflict_do_nothing())


def tidy(session: Session, *, now: datetime) -> int:
    """Forget scans that no funnel asks about any more; how many they were."""
    return len(session.scalars(delete(Scan).where(Scan.at < now - KEPT).returning(Scan.user_id)).all())
