"""The customers -> a frame, as they are known now or were known at a moment."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import ColumnElement, Select, String, and_, case, cast, false, func, or_, select, true
from sqlalchemy.orm import Session

from crm.customers import Customer, Vehicle
from segmentation.classes import EPOCH
from segmentation.named import named
from segmentation.packing import narrowest
from segmentation.reading import among, chunks, numbered, seconds, start_of, whole_numbers
from segmentation.visits import Ints

NOT_YET = 2**20  # a day after all days
NEVER = -1
LONG_AGO = -(2**20)  # a day before all days
SOME_DAY = 7 * 86_400  # in seconds: a day long gone in any zone
Condition = ColumnElement[bool]
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
    settled = settled if known_at is None else None
    found = _found(session, settled)
    ids = np.sort(found["id"])
    told = _told(session, settled, found["told"])
    places = np.searchsorted(ids, told["id"])

    def whole(values: Ints, nothing: int) -> Ints:
        column = np.full(len(ids), nothing, dtype=np.int64)
        column[places] = values
        return column

    moments = [told[name] for name in ("joined", "registered", "known")]
    registered = whole(_registered_on(told["registered"], zone, known_at), NEVER)
    registered[np.searchsorted(ids, found["long"])] = 0
    home = np.zeros(len(ids), dtype=np.int64)
    home[np.searchsorted(ids, found["at_home"])] = found["home"]
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


def _found(session: Session, settled: date | None) -> dict[str, Ints]:
    """In one reading of all customers: the ids; who are ``at_home`` at a station that they named; who
    registered ``long`` ago, before the day that is settled; and of whom there is more to be ``told`` than of
    a plain customer known before that day.
    """
    at_home: Condition = Customer.home_station_id.is_not(None)
    long: Condition = false()
    told: Condition = true()
    if settled is not None:
        start = start_of(settled)
        long = Customer.registered_at < start
        late = or_(Customer.known_at >= start, Customer.registered_at >= start)
        told = or_(Customer.merged_into.is_not(None), Customer.account_id.is_not(None), late)
    asked: dict[str, Any] = {
        "id": Customer.id,
        "at_home": case((at_home, Customer.id)),
        "home": case((at_home, Customer.home_station_id)),
        "long": case((long, Customer.id)),
        "told": case((told, Customer.id)),
    }
    query = select(*asked.values()).where(Customer.erased_at.is_(None))
    return dict(zip(asked, whole_numbers(session, query), strict=True))


def _told(session: Session, settled: date | None, some: Ints) -> dict[str, Ints]:
    """What there is to tell of ``some``, by columns."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    moments: dict[str, Any] = {name: getattr(Customer, f"{name}_at") for name in MOMENTS}
    told = {name: seconds(sqlite, moment) for name, moment in moments.items()}
    query: Condition = Customer.erased_at.is_(None)
    if settled is not None:  # which day of those before it is all the same, and the text of it costs
        start = start_of(settled)
        told = {name: case((moments[name] < start, SOME_DAY), else_=told[name]) for name in MOMENTS}
        query = among(session, Customer.id, some)
    asked: dict[str, Any] = {
        "id": Customer.id,
        "into": func.coalesce(Customer.merged_into, 0),
        "account": func.coalesce(Customer.account_id, 0),
        **{name: func.coalesce(moment, NEVER) for name, moment in told.items()},
    }
    return dict(zip(asked, whole_numbers(session, select(*asked.values()).where(query)), strict=True))


def _personas(session: Session, ids: Ints) -> pd.Categorical:
    """As declared ("unknown")."""
    theirs = func.aggregate_strings(cast(Customer.id, String), ",")
    told = and_(Customer.persona.is_not(None), Customer.erased_at.is_(None))
    asked = select(Customer.persona, theirs).where(told).group_by(Customer.persona)
    some = {str(name): numbered(listed) for name, listed in session.execute(asked)}
    names = sorted({"unknown", *some})
    place = np.full(len(ids), names.index("unknown"))
    for name, keys in some.items():
        place[np.searchsorted(ids, keys)] = names.index(name)
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
