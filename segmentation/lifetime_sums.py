"""What the monthly refit needs of the log, summed in the database, so that no log is read for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, and_, case, distinct, func, or_, select
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.fillups import Fillup
from segmentation.classes import day_number
from segmentation.lifetime_table import summary
from segmentation.reading import whole_numbers
from segmentation.visits import Ints

NOTHING = pd.DataFrame({"repeat_visits": np.zeros(0, np.int64), "mean_value": np.zeros(0)})


@dataclass(frozen=True)
class Spent:
    """Money in one ``currency``, that of most fill-ups with money: one row per customer who paid in it.

    ``frame``: repeat_visits and mean_value of days with money, as lifetime_table.summary gives them.
    ``elsewhere``: customers who paid in other currencies alone.
    """

    currency: str
    frame: pd.DataFrame
    elsewhere: Ints


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


def _merged() -> ColumnElement[bool]:
    """Of somebody who was merged, or into whom somebody was."""
    gone = select(Customer.id).where(Customer.merged_into.is_not(None))
    stayed = select(Customer.merged_into).where(Customer.merged_into.is_not(None))
    return or_(Fillup.customer_id.in_(gone), Fillup.customer_id.in_(stayed))


def _joined(session: Session, day: date, survivors: dict[int, int]) -> pd.DataFrame:
    """The statistics of those who stay, from the days of everyone who was merged into them."""
    rows = session.execute(
        select(Fillup.customer_id, Fillup.day).where(_counts(day), _merged()).distinct()
    ).all()
    who = np.array([survivors[int(row[0] or 0)] for row in rows], dtype=np.int64)
    days = np.array([day_number(row[1]) for row in rows], dtype=np.int64)
    each = pd.DataFrame({"customer": who, "day": days}).drop_duplicates().groupby("customer")["day"]
    return pd.DataFrame({"visit_days": each.size(), "first_day": each.min(), "last_day": each.max()})


def spent(session: Session, day: date, *, trust: bool) -> Spent:
    """What everyone paid by the end of ``day``, in minor units. ``trust``: a driver's own word counts."""
    paid = and_(_counts(day), Fillup.amount.is_not(None), *([] if trust else [Fillup.confirmed.is_(True)]))
    currencies = _currencies(session, paid)
    if not currencies:
        return Spent("", NOTHING, np.zeros(0, np.int64))
    mine = and_(paid, Fillup.currency == currencies[0])
    frame, survivors = _means(session, mine), _survivors(session)
    if survivors:
        alone = frame[~frame.index.isin(list(survivors))]
        frame = pd.concat([alone, _joined_means(session, mine, survivors, day)])
    elsewhere = np.zeros(0, np.int64)
    if len(currencies) > 1:
        payers = select(Fillup.customer_id).where(paid).distinct().subquery()
        (found,) = whole_numbers(session, select(payers.c.customer_id))
        stayed = [survivors.get(customer, customer) for customer in found.tolist()]
        elsewhere = np.setdiff1d(np.array(stayed, np.int64), frame.index.to_numpy())
    return Spent(currencies[0], frame.sort_index(), elsewhere)


def _currencies(session: Session, paid: ColumnElement[bool]) -> list[str]:
    """That of most fill-ups first. They are counted without being sorted, for they may be many millions."""
    kinds = sorted(session.scalars(select(Fillup.currency).where(paid).distinct()))
    if len(kinds) < 2:
        return kinds
    each = (func.count(case((Fillup.currency == kind, 1))) for kind in kinds)
    counts = dict(zip(kinds, session.execute(select(*each).where(paid)).one(), strict=True))
    return sorted(kinds, key=lambda kind: -counts[kind])


def _means(session: Session, paid: ColumnElement[bool]) -> pd.DataFrame:
    """Of each customer by themselves: the first day apart, which says nothing of the days to come."""
    whole = (
        select(
            Fillup.customer_id,
            func.min(Fillup.day).label("first"),
            func.count(distinct(Fillup.day)).label("days"),
            func.sum(Fillup.amount).label("total"),
        )
        .where(paid)
        .group_by(Fillup.customer_id)
        .subquery()
    )
    of_first = and_(Fillup.customer_id == whole.c.customer_id, Fillup.day == whole.c.first)
    each = (
        select(
            whole.c.customer_id,
            (whole.c.days - 1).label("repeats"),
            (whole.c.total - func.sum(Fillup.amount)).label("later"),
        )
        .join_from(whole, Fillup, of_first)
        .where(paid)
        .group_by(whole.c.customer_id, whole.c.days, whole.c.total)
        .subquery()
    )
    customers, repeats, total = whole_numbers(session, select(*each.c))
    mean = np.where(repeats > 0, total / np.maximum(repeats, 1), np.nan)
    columns = {"repeat_visits": repeats, "mean_value": mean}
    return pd.DataFrame(columns, index=pd.Index(customers, name="customer"))


def _joined_means(
    session: Session, paid: ColumnElement[bool], survivors: dict[int, int], day: date
) -> pd.DataFrame:
    """The same of those who were merged, from the rows of both."""
    found = session.execute(
        select(Fillup.customer_id, Fillup.day, Fillup.amount).where(paid, _merged())
    ).all()
    columns = {
        "customer": np.array([survivors[int(row[0] or 0)] for row in found], dtype=np.int64),
        "day": np.array([day_number(row[1]) for row in found], dtype=np.int64),
        "value": np.array([row[2] for row in found], dtype=np.int64),
    }
    return summary(pd.DataFrame(columns), day_number(day))[["repeat_visits", "mean_value"]]
