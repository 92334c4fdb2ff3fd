"""Fill-ups: the log that everything else is computed from.

Void and merged rows are kept with the time at which that became known, so that any past day can be
seen as it was known then. What nobody knows (litres, price or amount) stays empty.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.db import Base, Id


class Fillup(Base):
    __tablename__ = "fillups"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))  # empty: an anonymous sale
    vehicle_id: Mapped[int | None] = mapped_column(ForeignKey("vehicles.id"))
    station_id: Mapped[int] = mapped_column(ForeignKey("stations.id"))
    pump: Mapped[str | None] = mapped_column(String(32))
    receipt: Mapped[str | None] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(240), unique=True)  # business key of a POS row

    at: Mapped[datetime]
    day: Mapped[date]  # the station's local day
    product: Mapped[str | None] = mapped_column(String(32))
    millilitres: Mapped[int | None] = mapped_column(BigInteger)
    unit_price: Mapped[int | None] = mapped_column(BigInteger)  # thousandths of the currency unit per litre
    amount: Mapped[int | None] = mapped_column(BigInteger)  # minor units; below zero: a refund
    currency: Mapped[str] = mapped_column(String(3))
    payment: Mapped[str | None] = mapped_column(String(32))
    odometer_km: Mapped[int | None] = mapped_column(BigInteger)

    source: Mapped[str] = mapped_column(String(16))  # pos, attendant, driver
    confirmed: Mapped[bool]  # by an attendant or a POS row
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[int | None] = mapped_column(BigInteger)  # Telegram id
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None] = mapped_column(String(32))  # undo, correction, not_me
    same_as: Mapped[int | None] = mapped_column(ForeignKey("fillups.id"))  # the row that counts for this tank
    merged_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_fillups_customer_at", "customer_id", "at"),
        Index("ix_fillups_station_at", "station_id", "at"),
        CheckConstraint("source in ('pos', 'attendant', 'driver')", name="source"),
    )
