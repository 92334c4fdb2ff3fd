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
from segmentation.dimensions import Beside, Where, Window, complete, coupon_visits, window
from segmentation.features import History, features
from segmentation.named import named
from segmentation.packing import narrowest
from segmentation.visits import Ints, visits

LIFE = ("visits", "first_day", "last_day", "last_gap", "gaps", "gap_sum", "gap_squares")
STOOD = (*LIFE, "last_confirmed", "frequency", "monetary", "currency")  # what a month end remembers
MONTHLY = ("months_seen", "months_of", "month_ml", "peak_ml", "peak_month")
HOMES = ("home_station", "home_visits", "window_visits", "home_declared")
NUMBERS = (*STOOD, "visit_days", "currencies", "last_at", *NAMES, *MONTHLY, *HOMES)
OVERALL = ("frequency", "monetary", "currency", "last_confirmed", "gaps", "gap_sum", "gap_squares")
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
    known = [name for name in (*LIFE, "visit_days", "frequency", "monetary") if name in numbers]
    frame = numbers[known]
    last = numbers["last_confirmed"].to_numpy()
    frame["recency_days"] = np.where(last < 0, -1, day - last)
    frame["currency"] = currency_names(numbers["currency"].to_numpy())
    return frame


class Kept:
    """The numbers of a state, as segments.Source. ``numbers`` may be narrow; ``people``: complete."""

    def __init__(
        self, numbers: pd.DataFrame, people: pd.DataFrame, as_of: date, criteria: Criteria, beside: Beside
    ) -> None:
        self.numbers, self.people, self.as_of, self.criteria = numbers, people, as_of, criteria
        self.stations, self.keys = beside.stations, people.index.to_numpy()
        self.coupons_of = coupon_visits(
            beside.coupons, self.keys, day_number(as_of), criteria.rfm.window_days
        )
        visits = spread(numbers[["window_visits"]], self.keys)["window_visits"]
        self.coupons, self.visits = int(self.coupons_of.sum()), int(visits.sum())

    @property
    def overall(self) -> pd.DataFrame:
        return featured(spread(self.numbers[[*OVERALL]], self.keys), day_number(self.as_of))

    def features(self, where: Where) -> pd.DataFrame:
        names = [*LIFE, "last_confirmed", "visit_days", "frequency", "monetary", "currency"]
        return featured(spread(self.numbers[names], self.keys[where]), day_number(self.as_of))

    def inside(self, where: Where) -> Window:
        """What dimensions.window makes of the rows, from the numbers."""
        numbers = spread(self.numbers[[*NAMES, *MONTHLY, *HOMES]], self.keys[where])
        homes = sides.housed(numbers[[*HOMES]], self.people["home"].to_numpy()[where], self.stations)
        return Window(numbers[[*NAMES]], numbers[[*MONTHLY]], homes, self.coupons_of[where])


def spread(numbers: pd.DataFrame, customers: Ints) -> pd.DataFrame:
    """The numbers of ``customers``, in that order; those of whom nothing is known never came.

    ``numbers`` may be narrow, the answer is wide.
    """
    keys = numbers.index.to_numpy()
    place = np.searchsorted(keys, customers)
    place[place == len(keys)] = 0
    nobody = np.flatnonzero(keys[place] != customers) if len(keys) else slice(None)
    columns, index = {}, pd.Index(customers, name="customer")
    for name in numbers.columns:
        values = numbers[name].to_numpy().take(place) if len(keys) else place
        columns[name] = values.astype(np.int64)
        columns[name][nobody] = NOBODY.get(name, 0)
    return pd.DataFrame(columns, index=index, copy=False)


def replaced(numbers: pd.DataFrame, touched: Ints, made: pd.DataFrame) -> pd.DataFrame:
    """``numbers`` with those of ``touched`` as ``made``; who is not in it (sorted) has none any more.

    Each column stays as narrow as it can. ``numbers`` is used up, so that there are never two of all columns.
    """
    fresh = made.index.to_numpy()
    gone = np.isin(numbers.index.to_numpy(), np.setdiff1d(touched, fresh))
    if gone.any():
        numbers = numbers[~gone]
    keys = numbers.index.to_numpy()
    place, known = np.searchsorted(keys, fresh), np.isin(fresh, keys, assume_unique=True)
    came = place[~known]
    columns = {}
    for name in [*numbers.columns]:
        values, new = numbers.pop(name).to_numpy(), made[name].to_numpy()
        values = values.astype(np.promote_types(values.dtype, narrowest(new)))
        values[place[known]] = new[known]
        columns[name] = np.insert(values, came, new[~known]) if len(came) else values
    index = pd.Index(np.insert(keys, came, fresh[~known]), name="customer")
    return pd.DataFrame(columns, index=index, copy=False)


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


def currency_names(codes: Ints) -> pd.Categorical:
    place, found = pd.factorize(codes)
    return named(place, [int(code).to_bytes(3, "big").strip(b"\0").decode() for code in found])
