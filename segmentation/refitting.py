"""The monthly refit and the database: the fit that is in force, and what it expects of everyone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from math import isnan
from typing import Any

import pandas as pd
from sqlalchemy import delete, not_, select
from sqlalchemy.orm import Session

from crm import lifetime_fits
from crm.customers import Customer, standing
from crm.db import Database
from crm.forecasts import Forecast
from segmentation import lifetime
from segmentation.alive import table
from segmentation.classes import day_number
from segmentation.forecast import forecast
from segmentation.lifetime_sums import spent, statistics
from segmentation.reading import one_state
from segmentation.refit import last_month_end
from segmentation.state_store import pour

COLUMNS = ("customer_id", "month", "visits", "value", "currency")


def refit(
    database: Database, *, as_of: date, now: datetime, trust: bool = False, again: bool = False
) -> lifetime.Fit:
    """The fit that holds on ``as_of``; made now where it is not yet (or ``again``), and kept with what it
    expects of everyone. ``trust``: a driver's own word says what they spend.
    """
    month = last_month_end(as_of)
    with database.read() as session:
        one_state(session)
        known = lifetime_fits.of(session, month)
        if known is not None and not again:
            return lifetime.Fit.of(known.parameters)
        seen, money = statistics(session, month), spent(session, month, trust=trust)
    found = lifetime.fit(table(seen, day_number(month)))
    expected = forecast(seen, money.frame, money.elsewhere, day_number(month), found)
    with database.write() as session:
        lifetime_fits.keep(session, month, found.facts(), found.weak, now)
        if lifetime_fits.is_latest(session, month):
            _replace(session, month, money.currency, expected)
    return found


def _replace(session: Session, month: date, currency: str, expected: pd.DataFrame) -> None:
    """What was expected before goes, whatever comes instead of it; of people merged or erased meanwhile
    nothing is expected."""
    session.execute(delete(Forecast))
    pour(session, "forecasts", COLUMNS, _rows(month, currency, expected))
    gone = select(Customer.id).where(not_(standing()))
    session.execute(delete(Forecast).where(Forecast.customer_id.in_(gone)))


def _rows(month: date, currency: str, expected: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    day = month.isoformat()
    columns = (expected.index, expected["expected_visits_90d"], expected["expected_value_90d"])
    for customer, visits, value in zip(*(column.tolist() for column in columns), strict=True):
        yield customer, day, visits, None if isnan(value) else int(value), currency


def in_force(session: Session, as_of: date, known_at: datetime | None = None) -> lifetime.Fit | None:
    """The fit to predict with on ``as_of`` (alive.p_alive takes it), made by ``known_at`` where that is
    given; None before the first."""
    known = lifetime_fits.in_force(session, as_of, known_at)
    return lifetime.Fit.of(known.parameters) if known else None


def every(session: Session) -> Callable[[date], lifetime.Fit | None]:
    """The same for any day, after the session."""
    kept = [(row.month, lifetime.Fit.of(row.parameters)) for row in lifetime_fits.every(session)]
    return lambda day: next((fitted for month, fitted in kept if month <= day), None)
