"""What stands beside the log, from the database: stations, prices, coupons, accounts, and who people are."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts import Account
from crm.coupons import Coupon
from crm.customers import Customer, Vehicle
from crm.prices import Price
from crm.stations import Station
from segmentation.accounts import FIELDS
from segmentation.classes import day_number
from segmentation.dimensions import Beside

ACCOUNT_TEXTS = ("code", "name", "industry", "size", "region", "currency")


def read(session: Session, people: pd.DataFrame, known_at: datetime | None = None) -> Beside:
    """Everything, as it is known now or was at ``known_at``; accounts carry no dates and are as they are now.

    ``people``: index id, column ``survivor`` (who they were merged into, themselves where not).
    """
    return Beside(
        stations=_stations(session),
        prices=_prices(session, known_at),
        coupons=_coupons(session, people, known_at),
        accounts=_accounts(session),
    )


def details(session: Session, people: pd.DataFrame, zone: tzinfo, known_at: datetime | None) -> pd.DataFrame:
    """``people`` with the columns of dimensions.PEOPLE; days of registering are those of ``zone``."""
    rows = session.execute(
        select(Customer.id, Customer.registered_at, Customer.account_id, Customer.home_station_id).order_by(
            Customer.id
        )
    ).all()
    kinds: dict[int, set[str]] = {}
    owned = select(Vehicle.customer_id, Vehicle.kind).where(Vehicle.kind.is_not(None))
    for customer, kind in session.execute(owned):
        kinds.setdefault(customer, set()).add(str(kind))
    registered = {row[0]: _day(row[1], zone, known_at) for row in rows}
    whole = people.assign(
        vehicles=[",".join(sorted(kinds.get(key, ()))) for key in people.index.tolist()],
        registered_on=_column(registered, people, -1),
        account=_column({row[0]: row[2] for row in rows if row[2]}, people, 0),
        home=_column({row[0]: row[3] for row in rows if row[3]}, people, 0),
    )
    whole["vehicles"] = whole["vehicles"].astype(object)
    return whole


def _column(values: dict[int, int], people: pd.DataFrame, nothing: int) -> Any:
    return np.array([values.get(key, nothing) for key in people.index.tolist()], dtype=np.int64)


def _day(moment: datetime | None, zone: tzinfo, known_at: datetime | None) -> int:
    if moment is None or (known_at is not None and moment > known_at):
        return -1
    return day_number(moment.astimezone(zone).date())


def _stations(session: Session) -> pd.DataFrame:
    rows = session.execute(select(Station.id, Station.code, Station.city, Station.region)).all()
    frame = _frame(rows, ("id", "code", "city", "region")).set_index("id")
    return frame.astype(object).where(frame.notna(), "")


def _prices(session: Session, known_at: datetime | None) -> pd.DataFrame:
    query = select(Price.station_id, Price.product, Price.day, Price.price)
    if known_at is not None:
        query = query.where(Price.known_at <= known_at)
    rows = [(row[0], row[1], day_number(row[2]), row[3]) for row in session.execute(query)]
    return _frame(rows, ("station", "product", "day", "price"))


def _coupons(session: Session, people: pd.DataFrame, known_at: datetime | None) -> pd.DataFrame:
    query = (
        select(Coupon.customer_id, Coupon.redeemed_at, Station.timezone)
        .join(Station, Station.id == Coupon.redeemed_station_id)
        .where(Coupon.redeemed_at.is_not(None))
    )
    rows = [
        (customer, day_number(at.astimezone(ZoneInfo(zone)).date()))
        for customer, at, zone in session.execute(query)
        if at is not None and (known_at is None or at <= known_at)
    ]
    found, keys = _frame(rows, ("customer", "day")).astype(np.int64), people.index.to_numpy()
    # Whoever is erased has no visits left to hold their coupons against.
    found = found[np.isin(found["customer"].to_numpy(), keys)]
    survivors = people["survivor"].to_numpy()[np.searchsorted(keys, found["customer"].to_numpy())]
    return found.assign(customer=survivors)


def _accounts(session: Session) -> pd.DataFrame:
    numbers = [getattr(Account, name) for name in FIELDS]
    texts = [getattr(Account, name) for name in ACCOUNT_TEXTS]
    rows = session.execute(select(Account.id, Account.parent_id, *texts, *numbers).order_by(Account.id)).all()
    frame = _frame(rows, ("id", "parent", *ACCOUNT_TEXTS, *FIELDS)).set_index("id")
    frame.index = frame.index.astype(np.int64)
    frame["parent"] = frame["parent"].fillna(0).astype(np.int64)
    for name in ACCOUNT_TEXTS:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "")
    for name in FIELDS:
        frame[name] = frame[name].astype("Int64")
    return frame


def _frame(rows: Any, names: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame([tuple(row) for row in rows], columns=list(names))
