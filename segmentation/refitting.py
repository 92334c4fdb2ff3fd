"""The monthly refit and the database: what a fit needs is summed there, so that no log is read for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, and_, distinct, func, or_, select
from sqlalchemy.orm import Session

from crm import lifetime_fits
from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from segmentation import lifetime
from segmentation.alive import table
from segmentation.classes import day_number
from segmentation.refit import last_month_end


def refit(database: Database, *, as_of: date, now: datetime, again: bool = False) -> lifetime.Fit:
    """The fit that holds on ``as_of``; made and kept now where it is not yet (or ``again``)."""
    month = last_month_end(as_of)
    with database.read() as session:
        known = lifetime_fits.of(session, month)
        if known is not None and not again:
            return lifetime.Fit.of(known.parameters)
        rows = statistics(session, month)
    found = lifetime.fit(table(rows, day_number(month)))
    with database.write() as session:
        lifetime_fits.keep(session, month, found.facts(), found.weak, now)
    return found


def in_force(session: Session, as_of: date, known_at: datetime | None = None) -> lifetime.Fit | None:
    """The fit to predict with on ``as_of`` (alive.p_alive takes it), made by ``known_at`` where that is
    given; None before the first."""
    known = lifetime_fits.in_force(session, as_of, known_at)
    return lifetime.Fit.of(known.parameters) if known else None


def every(session: Session) -> Callable[[date], lifetime.Fit | None]:
    """The same for any day, after the session."""
    kept = [(row.month, lifetime.Fit.of(row.parameters)) for row in lifetime_fits.every(session)]
    return lambda day: next((fitted for month, fitted in kept if month <= day), None)


def statistics(session: Session, day: date) -> pd.DataFrame:
    """One row per customer who came by the end of ``day``: visit_days, first_day, last_day (days since 1970).

    Days with a row that counts; of merged customers for the one who stays. For the fit alone: a visit
    across midnight is two days here and one elsewhere.
    """
    found = session.execute(
        select(
            Fillup.customer_id,
            func.count(distinct(Fillup.day)),
            func.min(Fillup.day),
            func.max(Fillup.day),
        )
        .where(_counts(day))
        .group_by(Fillup.customer_id)
    ).all()
    columns = {
        "visit_days": np.array([row[1] for row in found], dtype=np.int64),
        "first_day": np.array([day_number(row[2]) for row in found], dtype=np.int64),
        "last_day": np.array([day_number(row[3]) for row in found], dtype=np.int64),
    }
    frame = pd.DataFrame(columns, index=pd.Index([row[0] for row in found], name="customer", dtype="int64"))
    survivors = _survivors(session)
    if survivors:
        frame = pd.concat([frame[~frame.index.isin(list(survivors))], _joined(session, day, survivors)])
    return frame.sort_index()


def _counts(day: date) -> ColumnElement[bool]:
    return and_(
        Fillup.customer_id.is_not(None),
        Fillup.voided_at.is_(None),
        Fillup.same_as.is_(None),
        Fillup.day <= day,
    )


def _survivors(session: Session) -> dict[int, int]:
    """Who was merged, and who stayed: each with who stays in the end."""
    merged = select(Customer.id, Customer.merged_into).where(Customer.merged_into.is_not(None))
    into = {row[0]: int(row[1] or 0) for row in session.execute(merged)}
    found = {}
    for customer in {*into, *into.values()}:
        last = customer
        while last in into:
            last = into[last]
        found[customer] = last
    return found


def _joined(session: Session, day: date, survivors: dict[int, int]) -> pd.DataFrame:
    """The statistics of those who stay, from the days of everyone who was merged into them."""
    gone = select(Customer.id).where(Customer.merged_into.is_not(None))
    stayed = select(Customer.merged_into).where(Customer.merged_into.is_not(None))
    rows = session.execute(
        select(Fillup.customer_id, Fillup.day)
        .where(_counts(day), or_(Fillup.customer_id.in_(gone), Fillup.customer_id.in_(stayed)))
        .distinct()
    ).all()
    who = np.array([survivors[int(row[0] or 0)] for row in rows], dtype=np.int64)
    days = np.array([day_number(row[1]) for row in rows], dtype=np.int64)
    each = pd.DataFrame({"customer": who, "day": days}).drop_duplicates().groupby("customer")["day"]
    return pd.DataFrame({"visit_days": each.size(), "first_day": each.min(), "last_day": each.max()})
