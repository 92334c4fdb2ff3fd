"""Every dimension beside RFM, value, frequency and lifecycle, from the sums of the window. Pure.

Where the sums come from, rows of the log or a state that slides, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segmentation import accounts, lifetime, prices, sides
from segmentation.classes import Cutoffs, day_number
from segmentation.criteria import Criteria
from segmentation.loyalty import loyalty
from segmentation.named import named
from segmentation.persona import persona
from segmentation.products import preference
from segmentation.rhythm import due, pattern
from segmentation.sums import sums
from segmentation.visits import Ints, Visits

Texts = npt.NDArray[np.object_]
Where = slice | Ints  # places of some customers among all
ML = 1000  # in a litre
PEOPLE: dict[str, Any] = {"persona": "unknown", "vehicles": "", "registered_on": -1, "account": 0, "home": 0}


def _empty(*columns: str, index: str | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {name: np.zeros(0, dtype=np.int64) for name in columns},
        index=pd.Index(np.zeros(0, dtype=np.int64), name=index),
    )


@dataclass(frozen=True)
class Beside:
    """What stands beside the log, as frames in any order; days since 1970-01-01, money in minor units.

    | frame | index | columns |
    | --- | --- | --- |
    | stations | id | code, city, region ("" where unknown) |
    | prices | any | station, product, day (from which on), price (thousandths per litre) |
    | coupons | any | customer, day: redeemed coupons, by the station's local day |
    | accounts | id, sorted | code, name, industry, size, region ("" unknown), parent (id, 0), currency, |
    | | | credit_limit, balance, days_overdue, failed_payments (missing where nobody told) |

    ``fit``: the lifetime fit in force on the day looked at; None where there is none.
    """

    stations: pd.DataFrame = field(
        default_factory=lambda: _empty("code", "city", "region", index="station").astype(object)
    )
    prices: pd.DataFrame = field(default_factory=lambda: _empty("station", "product", "day", "price"))
    coupons: pd.DataFrame = field(default_factory=lambda: _empty("customer", "day"))
    accounts: pd.DataFrame = field(
        default_factory=lambda: _empty(
            *("code", "name", "industry", "size", "region", "currency", "parent"),
            *accounts.FIELDS,
            index="account",
        )
    )
    fit: lifetime.Fit | None = None


@dataclass(frozen=True)
class Window:
    """One row per customer each: columns.SUMS; sides.monthly; sides.homes; redeemed coupons."""

    sums: pd.DataFrame
    months: pd.DataFrame
    homes: pd.DataFrame
    coupons: Ints

    def of(self, where: Where) -> Window:
        sums, months, homes = (frame.iloc[where] for frame in (self.sums, self.months, self.homes))
        return Window(sums, months, homes, self.coupons[where])


def complete(people: pd.DataFrame) -> pd.DataFrame:
    """Customers with every column of PEOPLE; what is not given is unknown."""
    return people.assign(**{name: value for name, value in PEOPLE.items() if name not in people})


def window(
    rows: pd.DataFrame,
    visits: Visits,
    people: pd.DataFrame,
    main: Texts,
    as_of: date,
    criteria: Criteria,
    beside: Beside,
) -> Window:
    """The window that ends with ``as_of``, from the rows themselves."""
    day, days = day_number(as_of), criteria.rfm.window_days
    keys = people.index.to_numpy()
    inside = rows[rows["day"].to_numpy() > day - days]
    inside = inside.assign(**prices.judge(inside, beside.prices, criteria.price))
    return Window(
        sums=sums(inside, visits, main, day, days),
        months=sides.monthly(sides.months(rows, visits), keys, as_of, criteria),
        homes=sides.homes(sides.places(visits, day, days), keys, people["home"].to_numpy(), beside.stations),
        coupons=coupon_visits(beside.coupons, keys, day, days),
    )


def coupon_visits(coupons: pd.DataFrame, customers: Ints, day: int, window_days: int) -> Ints:
    """Days of the window on which each customer redeemed a coupon."""
    seen = coupons[(coupons["day"] > day - window_days) & (coupons["day"] <= day)]
    seen = seen[np.isin(seen["customer"], customers)].drop_duplicates(["customer", "day"])
    place = np.searchsorted(customers, seen["customer"].to_numpy())
    return np.bincount(place, minlength=len(customers)).astype(np.int64)


def dimensions(
    frame: pd.DataFrame, around: Window, people: pd.DataFrame, as_of: date, criteria: Criteria, usual: int
) -> pd.DataFrame:
    """Every column that the dimensions add to ``frame`` (features, scores, classes and rhythm).

    ``usual``: as prices.usual of everyone.
    """
    day = day_number(as_of)
    bought, when = preference(around.sums, criteria.product), pattern(around.sums, criteria.pattern)
    whole = pd.concat([around.months, around.homes, bought, due(frame, day), when], axis=1)
    registered = people["registered_on"].to_numpy()
    whole["in_chat"] = (registered >= 0) & (registered <= day)
    whole["declining"] = declining(whole, as_of, criteria)
    whole["account"] = people["account"].to_numpy()
    known = pd.concat([frame, around.sums, whole], axis=1)
    others = (
        loyalty(known, day, criteria.loyalty),
        persona(known, people, criteria.persona),
        prices.sensitivity(known, around.coupons, usual, criteria.price),
    )
    return pd.concat([whole, *others, around.sums[["own_lines", "drop_lines", "judged_lines"]]], axis=1)


def declining(frame: pd.DataFrame, as_of: date, criteria: Criteria) -> npt.NDArray[np.bool_]:
    """The last whole month is below so many per cent of the best one within the months looked back on,
    where that one was a month to speak of."""
    peak, month = frame["peak_ml"].to_numpy(), frame["peak_month"].to_numpy()
    below = 100 * frame["month_ml"].to_numpy() < criteria.decline.percent * peak
    enough = (peak > 0) & (peak >= ML * criteria.decline.least_peak_litres)
    found: npt.NDArray[np.bool_] = enough & (month < sides.last_whole_month(as_of)) & below
    return found


def fleets(
    mine: pd.DataFrame, account: Ints, records: pd.DataFrame, cuts: Cutoffs, criteria: Criteria
) -> pd.DataFrame:
    """One row per account: its record, its credit risk, and its drivers' classes (accounts.classify).

    ``mine``: features and stages of those who drive on one of ``records``, and on which.
    """
    risks = accounts.credit(records, criteria.credit)
    drivers = accounts.Drivers(
        account=account,
        frequency=mine["frequency"].to_numpy(),
        monetary=mine["monetary"].to_numpy(),
        currency=mine["currency"].to_numpy().astype(object),
        stage=mine["lifecycle"].to_numpy().astype(object),
    )
    classes = accounts.classify(records, drivers, cuts, criteria.accounts, risks)
    return records.drop(columns="currency").join(risks).join(classes)


def credit_risks(frame: pd.DataFrame, fleet: pd.DataFrame) -> pd.Categorical:
    """Each customer's credit risk: that of the account they drive for."""
    place = fleet.index.get_indexer(pd.Index(frame["account"])) + 1
    return named(place, ["none", *fleet["credit_risk"].tolist()])
