"""What segmentation remembers between two nights, so that it need not read the whole log again.

Everything here can be thrown away: it is a function of the log, and `forecourt segment --verify` proves it.
The numbers are packed as 64-bit integers (little endian) in the order that ``SegmentState.signature`` names:
one value per customer is read many times faster than fifty, and a new number needs no migration.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.db import Base, Id


class SegmentState(Base):
    """One row: the day up to which the state goes. ``day`` is empty while it is being written."""

    __tablename__ = "segment_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=0)  # counts writers: of two runs at once one gives way
    day: Mapped[date | None]
    signature: Mapped[str] = mapped_column(Text, default="")  # what the numbers are and how they were made


class CustomerState(Base):
    """One row per customer who ever came: their sums as of the day of the state."""

    __tablename__ = "customer_state"

    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    numbers: Mapped[bytes] = mapped_column(LargeBinary)


class CustomerSides(Base):
    """What is no sum over the window: (month, visits, millilitres)..., and (station, visits)... packed."""

    __tablename__ = "customer_sides"

    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    months: Mapped[bytes] = mapped_column(LargeBinary)
    places: Mapped[bytes] = mapped_column(LargeBinary)


class MonthEnd(Base):
    """How everyone stood at the end of a month: their features then, and the classes made of them."""

    __tablename__ = "month_ends"

    day: Mapped[date] = mapped_column(primary_key=True)
    customers: Mapped[bytes] = mapped_column(LargeBinary)
    features: Mapped[bytes] = mapped_column(LargeBinary)
    marks: Mapped[bytes | None] = mapped_column(LargeBinary)  # classes; empty: to be made anew
    facts: Mapped[dict[str, Any]]  # cut-offs, and what the classes were made with


class LogChange(Base):
    """The log of a customer changed on a day, and the state does not know it yet. Only ever added to;
    a run deletes the very rows that it has seen.
    """

    __tablename__ = "log_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[date]
