"""Who comes when it is cheap: visits on days of a price drop, or with a coupon, against chance. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from segmentation.named import named
from segmentation.thresholds import Above, Price
from segmentation.visits import Ints

MILLION = 1_000_000
JUDGED = ("judged", "drop", "chance")


def judge(rows: pd.DataFrame, prices: pd.DataFrame, criteria: Price) -> pd.DataFrame:
    """Per row (same index): ``judged`` 1 where the price of its product there is known for long enough,
    ``drop`` 1 where it fell that day or just before, ``chance`` how many of the last ``look_back_days``
    were such days. A function of the row and of prices up to its day.

    ``prices``: station, product, day (from which on), price, in any order. ``rows``: visits.ROWS.
    """
    found = {name: np.zeros(len(rows), dtype=np.int64) for name in JUDGED}
    day = rows["day"].to_numpy()
    last = int(day.max()) if len(rows) else 0
    for mine, series in _priced(rows, prices):
        start, drops = _drop_days(series, last, criteria.drop_days)
        place = day[mine] - start
        known = place >= criteria.look_back_days - 1
        mine, place = mine[known], place[known]
        found["judged"][mine] = 1
        found["drop"][mine] = drops[place + 1] - drops[place]
        found["chance"][mine] = drops[place + 1] - drops[place + 1 - criteria.look_back_days]
    return pd.DataFrame(found, index=rows.index)


def _priced(rows: pd.DataFrame, prices: pd.DataFrame) -> Iterator[tuple[Ints, pd.DataFrame]]:
    """The places of the rows of each station and product that has a price, and its prices."""
    if prices.empty or rows.empty:
        return
    kinds = [str(name) for name in rows["product"].cat.categories]
    cell = rows["station"].to_numpy() * (len(kinds) + 1) + rows["product"].cat.codes.to_numpy()
    order = np.argsort(cell, kind="stable")
    cell = cell[order]
    codes = {name: place for place, name in enumerate(kinds)}
    for _, series in prices.groupby(["station", "product"], sort=False):
        product, station = str(series["product"].iloc[0]), int(series["station"].iloc[0])
        if product in codes:
            wanted = station * (len(kinds) + 1) + codes[product]
            first, end = np.searchsorted(cell, [wanted, wanted + 1])
            if end > first:
                yield order[first:end], series


def _drop_days(series: pd.DataFrame, last: int, drop_days: int) -> tuple[int, Ints]:
    """The first day, and running sums over the days from it: how many of them were drop days."""
    ordered = series.sort_values("day")
    day, price = ordered["day"].to_numpy(), ordered["price"].to_numpy()
    start = int(day[0])
    flags = np.zeros(max(last - start + 1, 0) + drop_days, dtype=np.int64)
    for fallen in (day[1:][price[1:] < price[:-1]] - start).tolist():
        flags[fallen : fallen + drop_days] = 1
    return start, np.concatenate(([0], np.cumsum(flags)))


def usual(coupons: int, visits: int) -> int:
    """The share of all visits that had a coupon, in millionths."""
    return MILLION * coupons // max(visits, 1)


def sensitivity(frame: pd.DataFrame, coupons: Ints, usual: int, criteria: Price) -> pd.DataFrame:
    """``price_sensitivity``; hits, and ``expected`` hits by chance in millionths; ``price_enough``.

    ``coupons``: visits with a redeemed coupon in the window. Chance is that of the drop days, and for
    coupons what is ``usual`` among everyone. Too few visits say nothing and count as low.
    ``frame``: window_visits and the sums of columns.SUMS.
    """
    visits = frame["window_visits"].to_numpy()
    hits = np.minimum(frame["drop_lines"].to_numpy() + coupons, visits)
    expected = MILLION * frame["chance"].to_numpy() // criteria.look_back_days + usual * visits
    enough = visits >= criteria.least_visits
    level = np.zeros(len(frame), dtype=np.int64)
    for rank, above in ((1, criteria.medium), (2, criteria.high)):
        level[enough & (hits >= criteria.least_hits) & _above(hits, expected, above)] = rank
    columns = {
        "price_sensitivity": named(level, ("low", "medium", "high")),
        "hits": hits,
        "coupon_visits": coupons,
        "expected": expected,
        "price_enough": enough,
    }
    return pd.DataFrame(columns, index=frame.index)


def _above(hits: Ints, expected: Ints, above: Above) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """So many times as often as chance, and so many standard deviations (of a count) above it."""
    chance = expected / MILLION
    fits: np.ndarray[tuple[int], np.dtype[np.bool_]] = (hits >= above.times * chance) & (
        hits - chance >= above.deviations * np.sqrt(chance)
    )
    return fits
