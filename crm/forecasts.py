"""Forecasts: what the lifetime model expects of each customer in the 90 days after a month end.

The monthly refit replaces all of them; a fit that is not to be trusted leaves none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import BigInteger, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base

GOOD_FOR = timedelta(days=45)  # after its month end: the next month's, and two weeks in which it may be late


class Forecast(Base):
    """One row per customer who came by the end of ``month``. ``value``: minor units of ``currency``, empty
    where nobody can tell it. Month and currency are the same for all.
    """

    __tablename__ = "forecasts"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), primary_key=True)
    month: Mapped[date]  # the month end whose fit says so
    visits: Mapped[float]  # days with a visit
    value: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))


@dataclass(frozen=True, slots=True)
class Standing:
    """The forecasts that hold: of which month end, in which currency ("" where nobody ever paid)."""

    month: date
    currency: str


def good_on(month: date, day: date) -> bool:
    """Whether what was expected at that month end may be told on ``day`` as what is to come."""
    return month <= day <= month + GOOD_FOR


def in_force(session: Session, day: date) -> Standing | None:
    """None where there are none, where they are of later than ``day``, and where they have grown old."""
    found = session.execute(select(Forecast.month, Forecast.currency).limit(1)).first()
    return Standing(*found) if found is not None and good_on(found.month, day) else None


def with_value(session: Session) -> bool:
    """Whether the value of anybody is known: its own fit may be weak."""
    known = select(Forecast.customer_id).where(Forecast.value.is_not(None))
    return session.scalar(known.limit(1)) is not None


def of(session: Session, customer_id: int, day: date) -> Forecast | None:
    """What may be told of this customer on ``day``."""
    found = session.get(Forecast, customer_id)
    return found if found is not None and good_on(found.month, day) else None


def move(session: Session, keep: int, gone: int) -> None:
    """Of two who become one both are expected, until the next refit knows them as one."""
    theirs, mine = session.get(Forecast, gone), session.get(Forecast, keep)
    if theirs is None:
        return
    session.delete(theirs)
    if mine is None:
        told = {name: getattr(theirs, name) for name in ("month", "visits", "value", "currency")}
        session.add(Forecast(customer_id=keep, **told))
        return
    mine.visits += theirs.visits
    if theirs.value is not None:
        mine.value = (mine.value or 0) + theirs.value


def erase(session: Session, customer_id: int) -> None:
    """Nothing is expected of them any more."""
    if (theirs := session.get(Forecast, customer_id)) is not None:
        session.delete(theirs)
