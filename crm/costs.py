"""Costs of finding customers: what headquarters spent on a source in a month."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base

SOURCES = ("poster", "friend", "chat", "import")
MOST = 10**12  # minor units


class AcquisitionCost(Base):
    """``month`` is its first day; ``amount`` in minor units of ``currency``."""

    __tablename__ = "acquisition_costs"

    source: Mapped[str] = mapped_column(String(16), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    entered_by: Mapped[int | None] = mapped_column(BigInteger)  # Telegram id; empty: in the terminal
    entered_at: Mapped[datetime]


def put(
    session: Session, source: str, month: date, amount: int, currency: str, *, by: int | None, now: datetime
) -> None:
    """Enter a month's cost, over what was entered before; nought takes it away."""
    mine = (AcquisitionCost.source == source, AcquisitionCost.month == month)
    session.execute(delete(AcquisitionCost).where(*mine))
    if amount:
        session.add(
            AcquisitionCost(
                source=source, month=month, amount=amount, currency=currency, entered_by=by, entered_at=now
            )
        )
    session.flush()


def between(session: Session, begin: date, end: date, currency: str) -> dict[str, int]:
    """By source, what the months that begin in these days cost in this currency."""
    rows = session.execute(
        select(AcquisitionCost.source, func.sum(AcquisitionCost.amount))
        .where(AcquisitionCost.month.between(begin, end), AcquisitionCost.currency == currency)
        .group_by(AcquisitionCost.source)
    )
    return {source: int(amount) for source, amount in rows}
