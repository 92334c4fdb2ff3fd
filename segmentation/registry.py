"""The customers -> a frame, as they are known now or were known at a moment."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from crm.customers import Customer, Vehicle
from segmentation.classes import EPOCH
from segmentation.reading import chunks, seconds
from segmentation.visits import Ints

NOT_YET = 2**20  # a day after all days
NEVER = -1


def customers(session: Session, zone: tzinfo, known_at: datetime | None) -> pd.DataFrame:
    """Every customer, merged ones too. Index: id, sorted.

    ``survivor`` is the id of who they were merged into (their own where not), ``known_on`` the day in
    ``zone`` from which the chain can have known them, if only from the record itself, ``registered_on``
    that of their registration in chat (-1). ``persona`` as declared ("unknown"), ``vehicles`` (kinds,
    joined by commas), ``account`` and ``home`` station (ids, 0 for none).
    """
    sqlite = session.get_bind().dialect.name == "sqlite"
    moments = (Customer.joined_at, Customer.registered_at, Customer.known_at, Customer.merged_at)
    found = _table(
        session,
        select(
            Customer.id,
            func.coalesce(Customer.persona, "unknown"),
            func.coalesce(Customer.merged_into, 0),
            func.coalesce(Customer.account_id, 0),
            func.coalesce(Customer.home_station_id, 0),
            *(func.coalesce(seconds(sqlite, moment), NEVER) for moment in moments),
        ).order_by(Customer.id),
    )
    ids, persona, into, account, home, joined, registered, known, merged = found
    frame = pd.DataFrame(index=pd.Index(_ints(ids), name="customer"))
    frame["persona"] = _names(persona)
    frame["survivor"] = _survivors(_ints(ids), _ints(into), _ints(merged), known_at)
    frame["known_on"] = _known_on([_ints(joined), _ints(registered), _ints(known)], zone, known_at)
    frame["registered_on"] = _registered_on(_ints(registered), zone, known_at)
    frame["vehicles"] = _vehicles(session, frame.index)
    frame["account"], frame["home"] = _ints(account), _ints(home)
    return frame


def numbers(session: Session, keys: Ints) -> pd.Series[str]:
    """The public numbers of these customers ("" where there is none)."""
    found = _table(session, select(Customer.id, func.coalesce(Customer.member, Customer.reference, "")))
    known = pd.Series(list(found[1]), index=_ints(found[0]), dtype=object)
    return known.reindex(keys)


def present(people: pd.DataFrame, came: Ints, as_of: date) -> pd.DataFrame:
    """Who is a customer on that day: not merged away, and either ``came`` by then or was known by then."""
    keys = people.index.to_numpy()
    known = people["known_on"].to_numpy() <= (as_of - EPOCH).days
    alone = people["survivor"].to_numpy() == keys
    there: pd.DataFrame = people.loc[alone & (np.isin(keys, came) | known)]
    return there


def _table(session: Session, asked: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The answer by columns."""
    rows = list(chain.from_iterable(chunks(session, asked)))
    return list(zip(*rows, strict=True)) or [() for _ in asked.selected_columns]


def _ints(values: Any) -> Ints:
    return np.array(values, dtype=np.int64)


def _names(values: tuple[str, ...]) -> npt.NDArray[np.object_]:
    return np.array(values, dtype=object)


def _survivors(ids: Ints, into: Ints, merged: Ints, known_at: datetime | None) -> Ints:
    found = ids.copy()
    joined = into > 0
    if known_at is not None:
        joined &= merged <= known_at.timestamp()
    leads = dict(zip(ids[joined].tolist(), into[joined].tolist(), strict=True))
    for place in np.flatnonzero(joined).tolist():
        customer = int(ids[place])
        while customer in leads:
            customer = leads[customer]
        found[place] = customer
    return found


def _known_on(moments: list[Ints], zone: tzinfo, known_at: datetime | None) -> Ints:
    some = np.where(np.array(moments) == NEVER, np.iinfo(np.int64).max, np.array(moments))
    first: Ints = some.min(axis=0) if some.size else np.zeros(0, dtype=np.int64)
    local = _local_days(first, zone)
    if known_at is not None:
        local[first > known_at.timestamp()] = NOT_YET
    return local


def _registered_on(moments: Ints, zone: tzinfo, known_at: datetime | None) -> Ints:
    hidden = moments > (np.inf if known_at is None else known_at.timestamp())
    return _local_days(np.where(hidden, NEVER, moments), zone)


def _local_days(moments: Ints, zone: tzinfo) -> Ints:
    """Seconds -> days in that zone; -1 stays."""
    days_of = np.full(len(moments), NEVER, dtype=np.int64)
    some = moments != NEVER
    local = pd.DatetimeIndex(moments[some].astype("datetime64[s]"), tz="UTC").tz_convert(zone)
    days_of[some] = local.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    return days_of


def _vehicles(session: Session, ids: pd.Index) -> npt.NDArray[np.object_]:
    asked = select(Vehicle.customer_id, Vehicle.kind).where(Vehicle.kind.is_not(None))
    kinds: dict[int, set[str]] = {}
    for customer, kind in session.execute(asked):
        kinds.setdefault(customer, set()).add(str(kind))
    found = np.full(len(ids), "", dtype=object)
    for customer, of in kinds.items():
        found[ids.get_loc(customer)] = ",".join(sorted(of))
    return found
