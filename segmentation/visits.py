"""Rows of the log -> visits. Pure: a frame in, a frame out, whatever the order of the rows.

The rows (``ROWS``) are what is known and counts: not voided, not merged into another row, no
anonymous sales, none after the day looked at. One row per line of the log:

| column | meaning |
| --- | --- |
| customer | int64, who (merged customers already resolved) |
| station | int64, where |
| at | int64, whole seconds since 1970 UTC |
| day | int64, station-local day, days since 1970-01-01 |
| receipt | int64, equal codes are equal receipts; 0 where there is none (see receipt_codes) |
| amount | int64, minor units; 0 where nobody knows |
| millilitres | int64; 0 where nobody knows |
| confirmed | int64, 1 where an attendant or a POS row says so (or the chain trusts its drivers) |
| currency | category |
| product | category, missing where nobody knows |
| payment | category, missing where nobody knows |
| source | category: pos, attendant, driver |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segmentation.criteria import Criteria
from segmentation.named import meanings

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ROWS = (
    "customer",
    "station",
    "at",
    "day",
    "receipt",
    "amount",
    "millilitres",
    "confirmed",
    "currency",
    "product",
    "payment",
    "source",
)
_USED = ("station", "at", "day", "receipt", "confirmed", "amount")
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Visits:
    """Visits in the order customer, day, time; ``customer`` is a position in ``customers``.

    ``gap`` holds the seconds since that customer's previous visit, -1 for the first; ``rhythm`` is
    round(1000 ln(gap in days)) and 0 for the first. ``money`` and ``paid`` have one row per currency
    (in alphabetical order): confirmed minor units, and whether a confirmed row had that currency.
    """

    customers: Ints
    currencies: list[str]
    customer: Ints
    station: Ints
    day: Ints
    at: Ints
    confirmed: Bools
    gap: Ints
    rhythm: Ints
    money: Ints
    paid: Bools

    @property
    def new_day(self) -> Bools:
        """Per visit: the first of its customer on its day."""
        fresh = np.ones(len(self.day), dtype=bool)
        fresh[1:] = (self.customer[1:] != self.customer[:-1]) | (self.day[1:] != self.day[:-1])
        return fresh


def receipt_codes(receipts: npt.NDArray[np.object_]) -> Ints:
    """Texts -> numbers that are equal where the texts are; None -> 0."""
    missing = pd.isna(receipts)
    texts = np.where(missing, "", receipts)
    codes: Ints = pd.util.hash_array(texts, categorize=False).view(np.int64).copy()
    codes[missing] = 0
    return codes


def visits(rows: pd.DataFrame, customers: Ints, criteria: Criteria) -> Visits:
    """The visits of ``customers`` (sorted, unique, every ``rows.customer`` among them)."""
    position = np.searchsorted(customers, rows["customer"].to_numpy())
    columns = {
        name: rows[name].to_numpy() for name in ("station", "at", "day", "receipt", "confirmed", "amount")
    }
    order = np.lexsort((columns["day"], columns["at"], columns["station"], position))
    position = position[order]
    columns = {name: column[order] for name, column in columns.items()}
    session = sessions(position, columns, criteria.visit.gap_minutes * 60)
    if not bool(np.all(session[1:] >= session[:-1])):
        again = np.argsort(session, kind="stable")
        order, position, session = order[again], position[again], session[again]
        columns = {name: column[again] for name, column in columns.items()}
    start = _starts(session)
    currencies, currency = _currencies(rows["currency"], order)
    counts = columns["confirmed"] > 0
    money, paid = _money(currency, len(currencies), counts, columns["amount"], start)
    found = {name: columns[name][start] for name in ("at", "day", "station")}
    confirmed = _any(counts, start)
    person = position[start]
    order = np.lexsort((found["at"], found["day"], person))
    person, at = person[order], found["at"][order]
    gap = _gaps(person, at)
    return Visits(
        customers=customers,
        currencies=currencies,
        customer=person,
        station=found["station"][order],
        day=found["day"][order],
        at=at,
        confirmed=confirmed[order],
        gap=gap,
        rhythm=thousandths_of_ln(gap, criteria.rhythm.shortest_gap_days),
        money=money[:, order],
        paid=paid[:, order],
    )


def sessions(customer: Ints, columns: dict[str, Ints], gap_seconds: int) -> Ints:
    """A number per row, equal for rows of one visit. Rows are sorted by customer, station, time.

    One visit: each row at most ``gap_seconds`` after the one before it there, or lines of one receipt
    of one day (tills begin again at 1, so the same number on another day is another receipt).
    """
    station, at, day = columns["station"], columns["at"], columns["day"]
    if len(at) == 0:
        return np.zeros(0, dtype=np.int64)
    elsewhere = (customer[1:] != customer[:-1]) | (station[1:] != station[:-1])
    later = at[1:] - at[:-1] > gap_seconds
    session = np.concatenate(([0], np.cumsum(elsewhere | later)))
    place = np.concatenate(([0], np.cumsum(elsewhere | (day[1:] != day[:-1]))))
    split = np.zeros(int(place[-1]) + 1, dtype=bool)
    split[place[1:][later & (place[1:] == place[:-1])]] = True
    doubtful = np.flatnonzero(split[place] & (columns["receipt"] != 0))
    return _join(session, place[doubtful], columns["receipt"][doubtful], doubtful)


def _join(session: Ints, place: Ints, receipt: Ints, rows: Ints) -> Ints:
    """Give sessions that share a receipt at one place and day the lowest of their numbers."""
    if len(rows) == 0:
        return session
    order = np.lexsort((receipt, place))
    same = (place[order][1:] == place[order][:-1]) & (receipt[order][1:] == receipt[order][:-1])
    left, right = session[rows[order][:-1][same]], session[rows[order][1:][same]]
    label = np.arange(int(session[-1]) + 1)
    while True:
        before = label.copy()
        lowest = np.minimum(label[left], label[right])
        np.minimum.at(label, left, lowest)
        np.minimum.at(label, right, lowest)
        label = label[label]
        if np.array_equal(before, label):
            return label[session]


def among(texts: Any, wanted: Iterable[str]) -> Bools:
    """Which of these texts, of a few kinds, are among those wanted."""
    names = set(wanted)
    return meanings(texts, names.__contains__) > 0


def _starts(label: Ints) -> Ints:
    """Where each run of equal labels begins."""
    if len(label) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], label[1:] != label[:-1])))


def _any(flags: Bools, start: Ints) -> Bools:
    return np.logical_or.reduceat(flags, start) if len(start) else np.zeros(0, dtype=bool)


def _currencies(column: pd.Series[str], order: Ints) -> tuple[list[str], Ints]:
    """The currencies in alphabetical order, and each ordered row's place among them."""
    names = [str(name) for name in column.cat.categories]
    rank = np.argsort(np.argsort(np.array(names, dtype=object)))
    codes = rank[column.cat.codes.to_numpy()[order]] if names else np.zeros(len(order), dtype=np.int64)
    return sorted(names), codes


def _money(currency: Ints, kinds: int, counts: Bools, amount: Ints, start: Ints) -> tuple[Ints, Bools]:
    money = np.zeros((kinds, len(start)), dtype=np.int64)
    paid = np.zeros((kinds, len(start)), dtype=bool)
    for kind in range(kinds if len(start) else 0):
        mine = counts & (currency == kind)
        money[kind] = np.add.reduceat(np.where(mine, amount, 0), start)
        paid[kind] = _any(mine, start)
    return money, paid


def _gaps(customer: Ints, at: Ints) -> Ints:
    gap = np.full(len(at), -1, dtype=np.int64)
    same = customer[1:] == customer[:-1]
    # Two stations in two zones can disagree on which of two close visits came first.
    gap[1:][same] = np.maximum(at[1:] - at[:-1], 0)[same]
    return gap


def thousandths_of_ln(gap: Ints, shortest_days: float) -> Ints:
    days = np.maximum(gap / DAY_SECONDS, shortest_days)
    rhythm: Ints = np.rint(1000 * np.log(days)).astype(np.int64)
    rhythm[gap < 0] = 0
    return rhythm
