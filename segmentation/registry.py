"""The customers -> a frame, as they are known now or were known at a moment."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from crm.customers import Customer, Vehicle
from segmentation.classes import EPOCH
from segmentation.named import named
from segmentation.packing import narrowest
from segmentation.reading import chunks, seconds, start_of, whole_numbers
from segmentation.visits import Ints

NOT_YET = 2**20  # a day after all days
NEVER = -1
LONG_AGO = -(2**20)  # a day before all days
SOME_DAY = 7 * 86_400  # in seconds: a day long gone in any zone
MOMENTS = ("joined", "registered", "known", "merged")


def customers(
    session: Session, zone: tzinfo, known_at: datetime | None, settled: date | None = None
) -> pd.DataFrame:
    """Every customer, merged ones too, erased ones not. Index: id, sorted.

    ``survivor`` is the id of who they were merged into (their own where not), ``known_on`` the day in
    ``zone`` from which the chain can have known them, if only from the record itself, ``registered_on``
    that of their registration in chat (-1). ``persona`` as declared ("unknown"), ``vehicles`` (kinds,
    joined by commas), ``account`` and ``home`` station (ids, 0 for none). Who was known before the day
    ``settled`` may have been so LONG_AGO: nobody who asks of that day or a later one sees a difference.
    """
    (erased,) = whole_numbers(session, select(Customer.id).where(Customer.erased_at.is_not(None)))
    ids = np.sort(whole_numbers(session, select(Customer.id))[0])
    ids = ids[~np.isin(ids, erased, assume_unique=True)]
    told = _told(session, None if known_at is not None else settled)
    places = np.searchsorted(ids, told["id"])

    def whole(values: Ints, nothing: int) -> Ints:
        column = np.full(len(ids), nothing, dtype=np.int64)
        column[places] = values
        return column

    moments = [told[name] for name in ("joined", "registered", "known")]
    registered = whole(_registered_on(told["registered"], zone, known_at), NEVER)
    if known_at is None and settled is not None:
        long = and_(Customer.registered_at < start_of(settled), Customer.erased_at.is_(None))
        registered[np.searchsorted(ids, whole_numbers(session, select(Customer.id).where(long))[0])] = 0
    at_home = Customer.home_station_id.is_not(None) & Customer.erased_at.is_(None)
    named_home = whole_numbers(session, select(Customer.id, Customer.home_station_id).where(at_home))
    home = np.zeros(len(ids), dtype=np.int64)
    home[np.searchsorted(ids, named_home[0])] = named_home[1]
    columns = {
        "persona": _personas(session, ids),
        "survivor": _survivors(ids, whole(told["into"], 0), whole(told["merged"], NEVER), known_at),
        "known_on": _narrow(whole(_known_on(moments, zone, known_at), LONG_AGO)),
        "registered_on": _narrow(registered),
        "vehicles": _vehicles(session, ids),
        "account": _narrow(whole(told["account"], 0)),
        "home": _narrow(home),
    }
    return pd.DataFrame(columns, index=pd.Index(ids, name="customer"), copy=False)


def _narrow(values: Ints) -> npt.NDArray[Any]:
    """The same in less memory: to be compared, not to be computed with."""
    return values.astype(narrowest(values))


def _told(session: Session, settled: date | None) -> dict[str, Ints]:
    """By columns, of those customers of whom there is anything to tell but their id; of everyone, where
    no day is ``settled``: a plain customer known before that day needs no row.
    """
    sqlite = session.get_bind().dialect.name == "sqlite"
    moments: dict[str, Any] = {name: getattr(Customer, f"{name}_at") for name in MOMENTS}
    told = {name: seconds(sqlite, moment) for name, moment in moments.items()}
    if settled is not None:  # which day of those before it is all the same, and the text of it costs
        start = start_of(settled)
        told = {name: case((moments[name] < start, SOME_DAY), else_=told[name]) for name in MOMENTS}
    asked: dict[str, Any] = {
        "id": Customer.id,
        "into": func.coalesce(Customer.merged_into, 0),
        "account": func.coalesce(Customer.account_id, 0),
        **{name: func.coalesce(moment, NEVER) for name, moment in told.items()},
    }
    query = select(*asked.values()).where(Customer.erased_at.is_(None))
    if settled is not None:
        registered = func.coalesce(Customer.registered_at, Customer.known_at)
        early = and_(Customer.known_at < start, registered < start)
        query = query.where(
            or_(Customer.merged_into.is_not(None), Customer.account_id.is_not(None), early.is_not(True))
        )
    return dict(zip(asked, whole_numbers(session, query), strict=True))


def _personas(session: Session, ids: Ints) -> pd.Categorical:
    """As declared ("unknown")."""
    told = and_(Customer.persona.is_not(None), Customer.erased_at.is_(None))
    some = set(session.scalars(select(Customer.persona).where(told).distinct()))
    names = sorted({"unknown", *map(str, some)})
    place = np.full(len(ids), names.index("unknown"))
    for name in some:
        (theirs,) = whole_numbers(session, select(Customer.id).where(told, Customer.persona == name))
        place[np.searchsorted(ids, theirs)] = names.index(str(name))
    return named(place, names)


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
    here = alone & known
    if not here.all():
        here = alone & (known | np.isin(keys, came))
    there: pd.DataFrame = people if here.all() else people.loc[here]
    return there


def _table(session: Session, asked: Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The answer by columns."""
    rows = list(chain.from_iterable(chunks(session, asked)))
    return list(zip(*rows, strict=True)) or [() for _ in asked.selected_columns]


def _ints(values: Any) -> Ints:
    return np.array(values, dtype=np.int64)


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


def _vehicles(session: Session, ids: Ints) -> pd.Categorical:
    asked = select(Vehicle.customer_id, Vehicle.kind).where(Vehicle.kind.is_not(None))
    kinds: dict[int, set[str]] = {}
    for customer, kind in session.execute(asked):
        kinds.setdefault(customer, set()).add(str(kind))
    names, place = [""], np.zeros(len(ids), dtype=np.int64)
    place[np.searchsorted(ids, np.array(list(kinds), dtype=np.int64))] = np.arange(1, len(kinds) + 1)
    return named(place, [*names, *(",".join(sorted(of)) for of in kinds.values())])
