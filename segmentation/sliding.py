"""A state from one day to a later one: add the rows that enter the window, subtract those that leave. Pure.

Exact for customers whose visits each stand on one day, who have one currency and have come before. The
others, a handful, are named by ``unfit`` and made anew from all their rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from segmentation import prices, sides, state
from segmentation.classes import day_number
from segmentation.columns import NAMES
from segmentation.criteria import Criteria
from segmentation.dimensions import Beside
from segmentation.sums import sums
from segmentation.visits import Ints, Visits, sessions, thousandths_of_ln, visits


@dataclass(frozen=True)
class Rows:
    """The rows of the days ``after`` < day <= ``until``; ``beside``: those of the day beside each end that
    may be of one visit with some of them.
    """

    frame: pd.DataFrame
    beside: pd.DataFrame
    after: int
    until: int

    def inside(self, customers: Ints) -> pd.DataFrame:
        mine = np.isin(self.frame["customer"].to_numpy(), customers)
        return self.frame[mine].reset_index(drop=True)

    def customers(self) -> Ints:
        found: Ints = np.unique(self.frame["customer"].to_numpy())
        return found


def unfit(numbers: pd.DataFrame, entering: Rows, leaving: Rows, criteria: Criteria) -> Ints:
    """Who cannot slide. ``numbers``: state.NUMBERS of everyone as of the day before."""
    fit = (numbers["currencies"].to_numpy() == 1) & (numbers["currency"].to_numpy() > 0)
    known = numbers.index.to_numpy()[fit]
    everyone = np.union1d(entering.customers(), leaving.customers())
    midnight = [_over_midnight(rows, criteria) for rows in (entering, leaving)]
    bad = [everyone[~np.isin(everyone, known)], *midnight]
    come = entering.inside(known)
    codes = state.currency_codes(come["currency"].astype(object))
    main = numbers["currency"].reindex(come["customer"]).to_numpy()
    bad.append(come["customer"].to_numpy()[codes != main])
    return np.intersect1d(np.concatenate(bad), everyone)


def _over_midnight(rows: Rows, criteria: Criteria) -> Ints:
    """Customers with a visit whose rows stand on more than one day."""
    names = ("station", "at", "day", "receipt", "customer")
    columns = {name: np.concatenate([rows.frame[name], rows.beside[name]]) for name in names}
    customer = columns.pop("customer")
    order = np.lexsort((columns["day"], columns["at"], columns["station"], customer))
    customer, columns = customer[order], {name: values[order] for name, values in columns.items()}
    session = sessions(customer, columns, criteria.visit.gap_minutes * 60)
    frame = pd.DataFrame({"session": session, "day": columns["day"], "customer": customer})
    days = frame.groupby("session").agg(
        first=("day", "min"), last=("day", "max"), customer=("customer", "first")
    )
    found: Ints = np.unique(days["customer"].to_numpy()[(days["first"] < days["last"]).to_numpy()])
    return found


def slide(
    numbers: pd.DataFrame,
    places_before: pd.DataFrame,
    entering: Rows,
    leaving: Rows,
    people: pd.DataFrame,
    as_of: date,
    criteria: Criteria,
    beside: Beside,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Numbers and places of these customers as of that day, from those of the day before; and the rows that
    come to their months.

    ``numbers`` (all of whom are fit) and ``places_before`` belong together; ``people`` has the column
    ``home``. What is made of whole months stays as it was: only a month that ends changes that.
    """
    keys, day = numbers.index.to_numpy(), day_number(as_of)
    frame = numbers.copy()
    main = state.currency_names(numbers["currency"].to_numpy()).to_numpy()
    come, go = (_judged(rows.inside(keys), beside, criteria) for rows in (entering, leaving))
    here, gone = visits(come, keys, criteria), visits(go, keys, criteria)
    span = entering.until - entering.after
    plus, minus = sums(come, here, main, day, span), sums(go, gone, main, leaving.until, span)
    for name in NAMES:
        frame[name] += plus[name].to_numpy() - minus[name].to_numpy()
    for sign, of in ((1, here), (-1, gone)):
        frame["frequency"] += sign * _count(of, of.confirmed)
        frame["monetary"] += sign * _total(of)
    _live_on(frame, here, criteria)
    places = [(1, sides.places(here, day, span)), (-1, sides.places(gone, leaving.until, span))]
    left = sides.added(places_before, places, ["customer", "station"])
    left = left[left["visits"] > 0]
    declared = people["home"].loc[keys].to_numpy()
    homes = sides.homes(left, keys, declared, beside.stations)
    frame["home_station"] = np.where(homes["home_declared"], 0, homes["home_station"])
    frame["home_visits"], frame["window_visits"] = homes["home_visits"], homes["window_visits"]
    return frame[list(state.NUMBERS)].astype(np.int64), sides.months(come, here), left


def _judged(rows: pd.DataFrame, beside: Beside, criteria: Criteria) -> pd.DataFrame:
    return rows.assign(**prices.judge(rows, beside.prices, criteria.price))


def _count(of: Visits, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Ints:
    return np.bincount(of.customer[which], minlength=len(of.customers)).astype(np.int64)


def _total(of: Visits) -> Ints:
    total = np.zeros(len(of.customers), dtype=np.int64)
    np.add.at(total, of.customer, of.money.sum(axis=0) if len(of.money) else 0)
    return total


def _live_on(frame: pd.DataFrame, here: Visits, criteria: Criteria) -> None:
    """What is counted for life: visits, gaps, and the last visit."""
    if len(here.day) == 0:
        return
    who = here.customer
    first = np.concatenate(([True], who[1:] != who[:-1]))
    last = np.concatenate((first[1:], [True]))
    gap = here.gap.copy()
    gap[first] = np.maximum(here.at[first] - frame["last_at"].to_numpy()[who[first]], 0)
    rhythm = thousandths_of_ln(gap, criteria.rhythm.shortest_gap_days)
    one = np.ones(len(who), dtype=np.int64)
    counted = {"visits": one, "visit_days": here.new_day.astype(np.int64), "gaps": one}
    for name, values in {**counted, "gap_sum": rhythm, "gap_squares": rhythm**2}.items():
        total = frame[name].to_numpy().copy()
        np.add.at(total, who, values)
        frame[name] = total
    for name, values in (("last_day", here.day), ("last_at", here.at), ("last_gap", gap)):
        latest = frame[name].to_numpy().copy()
        latest[who[last]] = values[last]
        frame[name] = latest
    confirmed = frame["last_confirmed"].to_numpy().copy()
    np.maximum.at(confirmed, who[here.confirmed], here.day[here.confirmed])
    frame["last_confirmed"] = confirmed
