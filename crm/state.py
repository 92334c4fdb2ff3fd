"""What segmentation remembers between two nights, so that it need not read the whole log again.

Everything here can be thrown away: it is a function of the log, and `forecourt segment --verify` proves it.
The numbers are packed column by column (see StatePack); a new number needs no migration.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.db import Base, Id


class SegmentState(Base):
    """One row: the day up to which the state goes. ``day`` is empty while it is being written."""

    __tablename__ = "segment_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=0)  # counts writers: of two runs at once one gives way
    day: Mapped[date | None]
    signature: Mapped[str] = mapped_column(Text, default="")  # what the numbers are and how they were made


class StatePack(Base):
    """Rows of the customers of one range of ids, packed. A few large values are read many times faster than
    a row for each customer.

    ``kind`` numbers: a customer's numbers. places: visits in the window by station. Of both a later ``step``
    replaces a customer's rows of earlier ones, so that a night adds only those it changed; nothing in the
    first number says that there are none any more. months: visits and millilitres; the step is the month.
    """

    __tablename__ = "state_packs"

    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    part: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    how: Mapped[dict[str, Any]]


class MonthEnd(Base):
    """How everyone stood at the end of a month: their features then, and the classes made of them."""

    __tablename__ = "month_ends"

    day: Mapped[date] = mapped_column(primary_key=True)
    facts: Mapped[dict[str, Any]]  # cut-offs, and what the classes were made with
    marks: Mapped[bytes | None] = mapped_column(LargeBinary)  # classes; empty: to be made anew
    customers: Mapped[bytes] = mapped_column(LargeBinary)
    features: Mapped[bytes] = mapped_column(LargeBinary)  # last: SQLite reads through what stands before


class LogChange(Base):
    """The log of a customer changed on a day, and the state does not know it yet. Only ever added to;
    a run deletes the very rows that it has seen.
    """

    __tablename__ = "log_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[date]
