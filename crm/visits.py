"""Which rows of the log may be lines of one visit: within ten minutes there, or on one receipt of the day.

Visits are derived, not stored: what counts may change, and with it which row begins a visit. Stored is only
who stands ``beside`` another row of the same person and station, whatever these count for. That is added and
never taken back, so the doors cannot get it wrong by half; all other rows are a visit each, and a question
need look closely at these few alone.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, String, and_, cast, func, or_, type_coerce, update
from sqlalchemy.orm import Session
from sqlalchemy.types import Interval

from crm.db import Base

if TYPE_CHECKING:
    from crm.fillups import Fillup

ONE_VISIT = timedelta(minutes=10)  # from a row to the next of the same customer there
REACH = ONE_VISIT + timedelta(minutes=1)  # clocks are cut to seconds here and there
A_DAY = timedelta(days=1)


def mark_around(session: Session, fillup: Fillup) -> None:
    """Mark what stands beside a row just recorded, and the row itself.

    SQLite keeps no statistics here: "+ 0" tells it which of the columns its index is not to begin with.
    """
    log = Base.metadata.tables["fillups"].c
    soon = log.at.between(fillup.at - 2 * A_DAY, fillup.at + 2 * A_DAY)  # holds the days next to it
    if fillup.customer_id is not None:
        mark(session, log.customer_id == fillup.customer_id, log.station_id + 0 == fillup.station_id, soon)
    elif fillup.receipt is not None:
        nobody = (log.customer_id + 0).is_(None)
        mark(session, nobody, log.station_id == fillup.station_id, soon, log.receipt == fillup.receipt)


def mark_days(connection: Connection, first: date, last: date, customers: Select[int | None]) -> None:
    """Mark the rows of these customers, and of nobody known, of these station-local days and next to them."""
    log = Base.metadata.tables["fillups"].c
    near = log.day.between(first - A_DAY, last + A_DAY)
    mark(connection, near, log.customer_id.in_(customers))
    mark(connection, near, log.customer_id.is_(None))


def mark(connection: Connection | Session, *rows: ColumnElement[bool]) -> None:
    """Mark those of ``rows`` that stand beside another row. Void rows stand beside nobody."""
    table: Any = Base.metadata.tables["fillups"]
    other = table.alias("other")
    log = table.c
    bind = connection.get_bind() if isinstance(connection, Session) else connection
    of_day = and_(
        other.c.station_id == log.station_id,
        other.c.day == log.day,
        other.c.receipt == log.receipt,
        other.c.id != log.id,
        other.c.voided_at.is_(None),
    )
    soon = and_(
        other.c.customer_id == log.customer_id,
        other.c.station_id == log.station_id,
        other.c.id != log.id,
        other.c.voided_at.is_(None),
        _within(other.c.at, log.at, bind.dialect.name),
    )
    known = other.select().where(other.c.customer_id == log.customer_id, of_day)
    unknown = other.select().where(other.c.customer_id.is_(None), of_day)
    told = or_(known.exists(), and_(log.customer_id.is_(None), unknown.exists()))
    found = or_(other.select().where(soon).exists(), and_(log.receipt.is_not(None), told))
    connection.execute(
        update(table).where(log.beside.is_(None), *rows, found).values(beside=True),
        execution_options={"synchronize_session": False},
    )


def _within(moment: Any, of: Any, dialect: str) -> ColumnElement[bool]:
    """Written so that an index over customers and moments serves it."""
    if dialect != "sqlite":
        begin, end = of - cast(REACH, Interval), of + cast(REACH, Interval)
    else:
        minutes = int(REACH.total_seconds() // 60)
        begin = func.strftime("%Y-%m-%d %H:%M:%S", of, f"-{minutes} minutes")
        end = func.strftime("%Y-%m-%d %H:%M:%S", of, f"+{minutes} minutes")
        moment = type_coerce(moment, String)
    return and_(moment >= begin, moment <= end)
