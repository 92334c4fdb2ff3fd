"""What is no sum over the window: months of a customer's life, and the places where they come. Pure.

The two tables of columns.py (MONTHS and PLACES) come in as frames in any order; what the dimensions need
of them goes out, one row per customer.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import numpy as np
import pandas as pd

from segmentation import named as texts
from segmentation.criteria import Criteria
from segmentation.visits import Ints, Visits

EPOCH_MONTH = 12 * 1970
NO_MONTH = -1


def month_number(day: date) -> int:
    return 12 * day.year + day.month - 1


def month_of(number: int) -> date:
    """The first day of that month."""
    return date(number // 12, number % 12 + 1, 1)


def last_whole_month(as_of: date) -> int:
    """The number of the last month that is over at the end of that day."""
    over = as_of.day == calendar.monthrange(as_of.year, as_of.month)[1]
    return month_number(as_of if over else as_of.replace(day=1) - timedelta(days=1))


def months(rows: pd.DataFrame, visits: Visits) -> pd.DataFrame:
    """``customer``, ``month``, ``visits``, ``millilitres``: everything that counts, for all days given."""
    lines = pd.DataFrame(
        {
            "customer": rows["customer"].to_numpy(),
            "month": _month_numbers(rows["day"].to_numpy()),
            "visits": 0,
            "millilitres": rows["millilitres"].to_numpy(),
        }
    )
    came = pd.DataFrame(
        {
            "customer": visits.customers[visits.customer],
            "month": _month_numbers(visits.day),
            "visits": 1,
            "millilitres": 0,
        }
    )
    both = pd.concat([lines, came], ignore_index=True)
    return both.groupby(["customer", "month"], as_index=False)[["visits", "millilitres"]].sum()


def _month_numbers(days: Ints) -> Ints:
    found: Ints = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + EPOCH_MONTH
    return found


def monthly(table: pd.DataFrame, customers: Ints, as_of: date, criteria: Criteria) -> pd.DataFrame:
    """From ``months``, one row per customer:

    | column | meaning |
    | --- | --- |
    | months_seen, months_of | whole months with a visit, of so many since the first, at most `months` |
    | month_ml | millilitres of the last whole month |
    | peak_ml, peak_month | the best of the whole months looked back on, and which (the later of equals) |
    """
    last, count = last_whole_month(as_of), len(customers)
    person = np.searchsorted(customers, table["customer"].to_numpy())
    month, came = table["month"].to_numpy(), table["visits"].to_numpy() > 0
    litres = table["millilitres"].to_numpy()
    first = np.full(count, last + 1, dtype=np.int64)
    np.minimum.at(first, person[came], month[came])
    looked = criteria.loyalty.months
    recent = came & (month > last - looked) & (month <= last)
    whole = (month > last - criteria.decline.months) & (month <= last) & (litres > 0)
    # The best month and, of equals, the later one: volume first, then the month.
    order = np.lexsort((month[whole], litres[whole], person[whole]))
    best = _last_of_each(person[whole][order])
    peak_ml, peak_month = np.zeros(count, dtype=np.int64), np.full(count, NO_MONTH, dtype=np.int64)
    holder = person[whole][order][best]
    peak_ml[holder], peak_month[holder] = litres[whole][order][best], month[whole][order][best]
    now = month == last
    month_ml = np.bincount(person[now], weights=litres[now], minlength=count).astype(np.int64)
    return pd.DataFrame(
        {
            "months_seen": np.bincount(person[recent], minlength=count).astype(np.int64),
            "months_of": np.clip(last - first + 1, 0, looked),
            "month_ml": month_ml,
            "peak_ml": peak_ml,
            "peak_month": peak_month,
        },
        index=pd.Index(customers, name="customer"),
    )


def places(visits: Visits, day: int, window_days: int) -> pd.DataFrame:
    """``customer``, ``station``, ``visits``: everything that counts in the window that ends with ``day``."""
    seen = (visits.day > day - window_days) & (visits.day <= day)
    table = pd.DataFrame(
        {"customer": visits.customers[visits.customer[seen]], "station": visits.station[seen], "visits": 1}
    )
    return table.groupby(["customer", "station"], as_index=False)[["visits"]].sum()


def homes(table: pd.DataFrame, customers: Ints, declared: Ints, stations: pd.DataFrame) -> pd.DataFrame:
    """From ``places``, one row per customer: see ``housed``.

    Home is the station of most visits; of equals the one they named themselves, then the first by its code.
    ``stations``: index id; code, city, region.
    """
    count = len(customers)
    person, station = np.searchsorted(customers, table["customer"].to_numpy()), table["station"].to_numpy()
    came = table["visits"].to_numpy()
    rank = pd.Series(np.arange(len(stations)), index=stations.sort_values("code").index)
    by_code = rank.reindex(station).fillna(len(stations)).to_numpy().astype(np.int64)
    named = station == declared[person]
    order = np.lexsort((by_code, ~named, -came, person))
    first = _first_of_each(person[order])
    home, visits = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    holder = person[order][first]
    home[holder], visits[holder] = station[order][first], came[order][first]
    total = np.bincount(person, weights=came, minlength=count).astype(np.int64)
    seen = {"home_station": home, "home_visits": visits, "window_visits": total}
    return housed(pd.DataFrame(seen, index=pd.Index(customers, name="customer")), declared, stations)


def housed(seen: pd.DataFrame, declared: Ints, stations: pd.DataFrame) -> pd.DataFrame:
    """home_station (0: none), home_visits, window_visits, home_declared, city, region ("" where unknown).

    ``seen`` has the first three; who did not come in the window lives where they said.
    """
    nowhere = seen["home_station"].to_numpy() == 0
    home = np.where(nowhere, declared, seen["home_station"].to_numpy())
    place = stations.index.get_indexer(pd.Index(home)) + 1
    where = {name: texts.named(place, ["", *stations[name].tolist()]) for name in ("city", "region")}
    known = seen[["home_station", "home_visits", "window_visits"]]
    return known.assign(home_station=home, home_declared=nowhere & (home > 0), **where)


def added(table: pd.DataFrame, more: list[tuple[int, pd.DataFrame]], key: list[str]) -> pd.DataFrame:
    """``table`` and signed rows of the same columns, summed by ``key``."""
    parts = [table]
    for sign, part in more:
        rest = [name for name in part.columns if name not in key]
        parts.append(part.assign(**{name: sign * part[name] for name in rest}))
    return pd.concat(parts, ignore_index=True).groupby(key, as_index=False).sum()


def _first_of_each(person: Ints) -> Ints:
    if len(person) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate(([True], person[1:] != person[:-1])))


def _last_of_each(person: Ints) -> Ints:
    if len(person) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate((person[1:] != person[:-1], [True])))
