"""Prices at the pump: what a product costs at a station from a day on, until the next one."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id


class Price(Base):
    """``price`` in thousandths of the currency unit per litre, from the station-local ``day`` on."""

    __tablename__ = "prices"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    product: Mapped[str] = mapped_column(String(32))
    day: Mapped[date]
    price: Mapped[int] = mapped_column(BigInteger)
    known_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("station_id", "product", "day"),)


def on(session: Session, station_id: int, product: str, day: date) -> int | None:
    """The price of a product at a station on a day; None where nobody told."""
    return session.scalar(
        select(Price.price)
        .where(Price.station_id == station_id, Price.product == product, Price.day <= day)
        .order_by(Price.day.desc())
        .limit(1)
    )
