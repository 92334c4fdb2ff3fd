"""What kinds of drivers are there? k-means over standardised features. Pure; for exploring, not for rules.

MacQueen (1967) as scikit-learn does it; the number of groups is the one with the best silhouette
(Rousseeuw 1987). The same customers give the same groups in any order of rows: they are sorted, the seed
is fixed and one thread adds up. Groups keep their numbers from run to run where earlier centres are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from segmentation.rhythm import Floats
from segmentation.visits import Ints

LEAST, FEWEST, MOST = 50, 3, 8  # customers; groups
FITTED, JUDGED = 20_000, 2_000  # customers that decide the centres, and the number of groups
FAR = 4.0  # standard deviations: nobody pulls further than that
NAMED_BY = 2


@dataclass(frozen=True)
class Clusters:
    """``group``: each customer's number, 1 the largest (or the number it had before).

    ``centres``: one row per group (index: its number), in the units of ``measure``; ``away``: the same in
    standard deviations from the mean of all.
    """

    group: pd.Series[int]
    centres: pd.DataFrame
    away: pd.DataFrame
    silhouettes: dict[int, float]

    def facts(self) -> dict[str, Any]:
        """As JSON; ``named_by``: the features that set a group apart, as feature and high or low."""
        sizes = self.group.value_counts()
        return {
            "customers": len(self.group),
            "silhouettes": {str(k): round(score, 4) for k, score in self.silhouettes.items()},
            "groups": [
                {
                    "group": number,
                    "customers": int(sizes.get(number, 0)),
                    "named_by": named_by(self.away.loc[number]),
                    "centre": {name: round(float(value), 6) for name, value in centre.items()},
                    "away": {name: round(float(value), 3) for name, value in self.away.loc[number].items()},
                }
                for number, centre in zip(
                    self.centres.index.tolist(), self.centres.to_dict(orient="records"), strict=True
                )
            ],
        }


def named_by(away: pd.Series[float]) -> list[str]:
    """The features furthest from everyone, such as ["visits_high", "home_low"]."""
    first = away.abs().sort_values(ascending=False, kind="stable").index[:NAMED_BY]
    return [f"{name}_{'high' if away[name] > 0 else 'low'}" for name in first]


def measure(frame: pd.DataFrame, day: int) -> pd.DataFrame:
    """Outcome.frame as of ``day`` -> features of everyone with a confirmed visit in the window.

    | feature | of |
    | --- | --- |
    | visits, spend | ln(1 + visits); ln(1 + spend a visit) beside others of the same currency |
    | absent, known | ln(1 + days since the last visit); days since the first |
    | uneven | standard deviation of ln(gap) |
    | home, months | shares: of visits at the home station, of months with a visit |
    | bargains | share of purchases on days of a price drop |

    A feature that the frame has no numbers for, or that is the same of everyone, is left out.
    """
    some = frame[frame["frequency"] > 0].sort_index()
    visits = some["frequency"].to_numpy()
    spend = np.log1p(np.maximum(some["monetary"].to_numpy(), 0) / visits)
    by_currency = pd.Series(spend, index=some.index).groupby(some["currency"])
    columns: dict[str, Any] = {
        "visits": np.log1p(visits),
        "spend": spend - by_currency.transform("mean").to_numpy(),
        "absent": np.log1p(np.maximum(some["since_days"].to_numpy(), 0)),
        "uneven": some["spread"].to_numpy() / 1000,
        "known": day - some["first_day"].to_numpy(),
        "home": _share(some, "home_visits", "window_visits"),
        "months": _share(some, "months_seen", "months_of"),
        "bargains": _share(some, "drop_lines", "judged_lines"),
    }
    table = pd.DataFrame(columns, index=some.index).astype(np.float64)
    return table[[name for name in table if table[name].std() > 1e-9]]


def _share(frame: pd.DataFrame, part: str, whole: str) -> Floats:
    if part not in frame or whole not in frame:
        return np.zeros(len(frame))
    found: Floats = frame[part].to_numpy() / np.maximum(frame[whole].to_numpy(), 1)
    return found


def clusters(table: pd.DataFrame, before: pd.DataFrame | None = None) -> Clusters | None:
    """Group the rows of ``table`` (measure). None for fewer than LEAST, or where nothing tells them apart.

    ``before``: the ``centres`` of an earlier run, whose numbers the nearest groups keep.
    """
    if len(table) < LEAST or table.empty or not len(table.columns):
        return None
    mean, spread = table.mean(), table.std()
    points = ((table - mean) / spread).clip(-FAR, FAR).to_numpy()
    every = slice(None, None, max(1, len(points) // FITTED))
    sample = points[every]
    judged = sample[:: max(1, len(sample) // JUDGED)]
    with threadpool_limits(1):
        fits = {k: KMeans(k, n_init=10, random_state=0).fit(sample) for k in range(FEWEST, MOST + 1)}
        scores = {k: _silhouette(judged, fit.predict(judged)) for k, fit in fits.items()}
        best = fits[max(scores, key=lambda k: (scores[k], -k))]
        label = best.predict(points)
    kept = None if before is None else (before.reindex(columns=table.columns) - mean) / spread
    number = _numbers(best.cluster_centers_, np.bincount(label, minlength=best.n_clusters), kept)
    away = pd.DataFrame(best.cluster_centers_, index=pd.Index(number, name="group"), columns=table.columns)
    away = away.sort_index()
    return Clusters(pd.Series(number[label], index=table.index), away * spread + mean, away, scores)


def _silhouette(points: Floats, label: Ints) -> float:
    return float(silhouette_score(points, label)) if len(np.unique(label)) > 1 else -1.0


def _numbers(centres: Floats, sizes: Ints, before: pd.DataFrame | None) -> Ints:
    """A number per centre: by size, or that of the earlier centre it is matched to, then the next free."""
    number = np.zeros(len(centres), dtype=np.int64)
    if before is not None:
        # What was not measured then tells nothing about which group is which.
        then = before.fillna(0.0).to_numpy()
        apart = ((centres[:, None, :] - then[None, :, :]) ** 2).sum(axis=2)
        mine, theirs = linear_sum_assignment(apart)
        number[mine] = before.index.to_numpy()[theirs]
    free = iter(n for n in range(1, 10_000) if n not in set(number.tolist()))
    for place in np.lexsort((np.arange(len(sizes)), -sizes)).tolist():
        if number[place] == 0:
            number[place] = next(free)
    return number


def centres(facts: dict[str, Any]) -> pd.DataFrame:
    """The centres that ``Clusters.facts`` told. Raises KeyError, TypeError or ValueError for other facts."""
    index = pd.Index([int(group["group"]) for group in facts["groups"]], name="group")
    if index.has_duplicates or not len(index):
        raise ValueError("the groups of a run have numbers of their own")
    rows = [
        {str(name): float(value) for name, value in dict(group["centre"]).items()}
        for group in facts["groups"]
    ]
    return pd.DataFrame(rows, index=index)
