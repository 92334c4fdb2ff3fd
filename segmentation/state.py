"""Each customer's numbers, so that a run need not read the whole log. What they are, how they are made. Pure.

Whatever the dimensions look at is here, as integers. A customer none of whose rows enters or leaves the
window keeps every number, so only the others are made anew; what depends on the day alone (recency, days
away) is made from days when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from segmentation import sides
from segmentation.classes import day_number
from segmentation.columns import NAMES
from segmentation.criteria import Criteria
from segmentation.dimensions import Beside, Window, complete, coupon_visits, window
from segmentation.features import History, features
from segmentation.visits import Ints, visits

LIFE = ("visits", "first_day", "last_day", "last_gap", "gaps", "gap_sum", "gap_squares")
STOOD = (*LIFE, "last_confirmed", "frequency", "monetary", "currency")  # what a month end remembers
MONTHLY = ("months_seen", "months_of", "month_ml", "peak_ml", "peak_month")
HOMES = ("home_station", "home_visits", "window_visits", "home_declared")
NUMBERS = (*STOOD, "visit_days", "currencies", "last_at", *NAMES, *MONTHLY, *HOMES)
NOBODY = {"first_day": -1, "last_day": -1, "last_gap": -1, "last_confirmed": -1, "peak_month": sides.NO_MONTH}


@dataclass(frozen=True)
class Made:
    """The numbers of some customers (index: their keys, all of whom came), and their side tables."""

    numbers: pd.DataFrame
    months: pd.DataFrame
    places: pd.DataFrame
    history: History


def make(rows: pd.DataFrame, people: pd.DataFrame, as_of: date, criteria: Criteria, beside: Beside) -> Made:
    """The numbers as of the end of that day, from all rows of these customers up to it."""
    people = complete(people.loc[np.unique(rows["customer"].to_numpy())])
    keys, day = people.index.to_numpy(), day_number(as_of)
    history = History(visits(rows, keys, criteria))
    found = features(history, day, criteria.rfm.window_days)
    main = found["currency"].to_numpy().astype(object)
    inside = window(rows, history.visits, people, main, as_of, criteria, beside)
    months = sides.months(rows, history.visits)
    places = sides.places(history.visits, day, criteria.rfm.window_days)
    frame = stood(found, day)
    frame["visit_days"] = found["visit_days"]
    frame["currencies"] = _currencies(rows, keys)
    frame["last_at"] = history.visits.at[history.position(day) - 1]
    frame = pd.concat([frame, inside.sums, inside.months, inside.homes], axis=1)
    # A home that was only named is no number of theirs: what was named then is kept to see it change.
    frame.loc[inside.homes["home_declared"], "home_station"] = 0
    frame["home_declared"] = people["home"].to_numpy()
    return Made(frame[list(NUMBERS)].astype(np.int64), months, places, history)


def stood(found: pd.DataFrame, day: int) -> pd.DataFrame:
    """Features of a day as numbers that no day changes (STOOD)."""
    frame = found[[*LIFE, "frequency", "monetary"]].copy()
    recency = found["recency_days"].to_numpy()
    frame["last_confirmed"] = np.where(recency < 0, -1, day - recency)
    frame["currency"] = currency_codes(found["currency"])
    return frame[list(STOOD)]


def featured(numbers: pd.DataFrame, day: int) -> pd.DataFrame:
    """The same again as features.features gives it for that day; a month end knows no days with a visit."""
    known = [name for name in ("visit_days",) if name in numbers]
    frame = numbers[[*LIFE, *known, "frequency", "monetary"]].copy()
    last = numbers["last_confirmed"].to_numpy()
    frame["recency_days"] = np.where(last < 0, -1, day - last)
    frame["currency"] = currency_names(numbers["currency"].to_numpy())
    return frame


def spread(numbers: pd.DataFrame, customers: Ints) -> pd.DataFrame:
    """The numbers of ``customers``, in that order; those of whom nothing is known never came."""
    if np.array_equal(numbers.index.to_numpy(), customers):
        return numbers
    place = pd.Index(numbers.index).get_indexer(pd.Index(customers))
    known = place >= 0
    columns = {}
    for name in numbers.columns:
        values = np.full(len(customers), NOBODY.get(name, 0), dtype=np.int64)
        values[known] = numbers[name].to_numpy()[place[known]]
        columns[name] = values
    return pd.DataFrame(columns, index=pd.Index(customers, name="customer"))


def inside(
    numbers: pd.DataFrame, people: pd.DataFrame, as_of: date, criteria: Criteria, beside: Beside
) -> Window:
    """What dimensions.window makes of the rows, from the numbers."""
    keys = people.index.to_numpy()
    came = numbers["home_station"].to_numpy() > 0
    top = pd.DataFrame(
        {
            "customer": keys[came],
            "station": numbers["home_station"].to_numpy()[came],
            "visits": numbers["home_visits"].to_numpy()[came],
        }
    )
    homes = sides.homes(top, keys, people["home"].to_numpy(), beside.stations)
    homes["window_visits"] = numbers["window_visits"].to_numpy()
    return Window(
        sums=numbers[list(NAMES)],
        months=numbers[list(MONTHLY)],
        homes=homes,
        coupons=coupon_visits(beside.coupons, keys, day_number(as_of), criteria.rfm.window_days),
    )


def replaced(numbers: pd.DataFrame, touched: Ints, made: pd.DataFrame) -> pd.DataFrame:
    """``numbers`` with those of ``touched`` as ``made``; who is not in it (sorted) has none any more."""
    keys, fresh = numbers.index.to_numpy(), made.index.to_numpy()
    stay = np.ones(len(keys), dtype=bool)
    stay[np.isin(keys, np.setdiff1d(touched, fresh))] = False
    values = numbers.to_numpy()[stay] if not stay.all() else numbers.to_numpy(copy=True)
    keys, rows = keys[stay], made[list(numbers.columns)].to_numpy()
    place = np.searchsorted(keys, fresh)
    known = np.isin(fresh, keys, assume_unique=True)
    values[place[known]] = rows[known]
    if not known.all():
        keys = np.insert(keys, place[~known], fresh[~known])
        values = np.insert(values, place[~known], rows[~known], axis=0)
    index = pd.Index(keys, name="customer")
    return pd.DataFrame(np.asfortranarray(values), columns=numbers.columns, index=index, copy=False)


def _currencies(rows: pd.DataFrame, keys: Ints) -> Ints:
    """In how many currencies each customer's rows are."""
    pairs = np.unique(
        np.stack([rows["customer"].to_numpy(), rows["currency"].cat.codes.to_numpy().astype(np.int64)]),
        axis=1,
    )
    return np.bincount(np.searchsorted(keys, pairs[0]), minlength=len(keys)).astype(np.int64)


def currency_codes(names: pd.Series[str]) -> Ints:
    """Three letters as a number; none is 0."""
    codes, found = pd.factorize(names.to_numpy().astype(object))
    numbers = np.array([int.from_bytes(name.encode(), "big") for name in found], dtype=np.int64)
    made: Ints = numbers[codes] if len(codes) else np.zeros(0, dtype=np.int64)
    return made


def currency_names(codes: Ints) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    place, found = pd.factorize(codes)
    names = [int(code).to_bytes(3, "big").strip(b"\0").decode() for code in found]
    return np.array([*names, ""], dtype=object)[place]
