"""Each customer's own rhythm, and where in their life as a customer they stand. Pure.

Gaps between visits are taken as log-normal. A customer's mean and variance of x = ln(gap in days) are
pulled towards those of similar customers, as if ``prior_weight`` gaps had been seen there (the usual
normal shrinkage with unknown mean and variance), so that the first visits already have a limit.
All sums are integers of thousandths: every door and every order gives the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segmentation.columns import THIRDS, WEEKDAYS
from segmentation.criteria import Criteria, Lifecycle, Rhythm
from segmentation.named import named
from segmentation.thresholds import Pattern
from segmentation.visits import DAY_SECONDS, Ints

Floats = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]
Groups = Any  # texts, one per customer: whatever pd.factorize takes
CHAIN = "chain"  # the prior is that of everyone
FREQUENCIES = ("none", "low", "medium", "high")  # by level
DEFAULT = "default"  # nobody has two gaps yet: the prior stands in the criteria


@dataclass(frozen=True)
class Prior:
    """Mean and variance of ln(gap in days), and of whom."""

    mean: float
    variance: float
    of: str


@dataclass(frozen=True)
class Priors:
    """The prior of each group of similar customers, by its name."""

    groups: dict[str, Prior]

    def facts(self) -> dict[str, list[float]]:
        """Mean and variance by whom they are of, as JSON."""
        return {prior.of: [prior.mean, prior.variance] for prior in self.groups.values()}


def rhythm(
    features: pd.DataFrame, similar: Groups, criteria: Rhythm, known: Priors | None = None
) -> pd.DataFrame:
    """Typical gap and limit in days (hundredths), ``spread`` in thousandths (the standard deviation of
    ln(gap in days)), and whose rhythm they were pulled towards (``prior``).

    ``features`` as from features.features; ``similar`` names each customer's group; ``known`` are the
    priors of the groups, where not everyone is in ``features``. With n gaps of mean m and variance v,
    prior m0, v0 and weight k:
    m' = (n m + k m0) / (n + k); v' = (n v + k v0 + n k / (n + k) (m - m0)^2) / (n + k);
    typical = exp(m'); limit = max(exp(m' + 1.645 sqrt(v')), 1.5 typical, 10 days).
    """
    known = known or priors_of(features, similar, criteria)
    group, names = pd.factorize(similar)
    priors = [known.groups[name] for name in names]
    m0 = np.array([prior.mean for prior in priors])[group]
    v0 = np.array([prior.variance for prior in priors])[group]
    n, total = features["gaps"].to_numpy(), features["gap_sum"].to_numpy()
    some = np.maximum(n, 1)
    m = total / (1000 * some)
    v = (n * features["gap_squares"].to_numpy() - total**2) / (1e6 * some**2)
    k = criteria.prior_weight
    mean = (n * m + k * m0) / (n + k)
    variance = (n * v + k * v0 + n * k / (n + k) * (m - m0) ** 2) / (n + k)
    typical = np.exp(mean)
    spread = np.sqrt(variance)
    limit = np.exp(mean + criteria.spread_factor * spread)
    limit = np.maximum(np.maximum(limit, criteria.typical_multiple * typical), criteria.shortest_limit_days)
    # The rounded limit is the one that counts, so that what is shown is what was compared.
    columns = {
        "typical_days": np.round(typical, 2),
        "limit_days": np.round(limit, 2),
        "spread": np.rint(1000 * spread).astype(np.int64),
        "prior": named(group, [prior.of for prior in priors]),
    }
    return pd.DataFrame(columns, index=features.index)


def priors_of(features: pd.DataFrame, similar: Groups, criteria: Rhythm) -> Priors:
    """One prior per group."""
    group, names = pd.factorize(similar, sort=True)
    seen = features["gaps"].to_numpy() >= 2
    chain = _pooled(features[seen], CHAIN) if seen.any() else _default(criteria)
    enough = np.bincount(group[seen], minlength=len(names)) >= criteria.similar_customers
    groups = {
        str(name): _pooled(features[seen & (group == place)], str(name)) if enough[place] else chain
        for place, name in enumerate(names)
    }
    return Priors(groups or {CHAIN: chain})


def _pooled(members: pd.DataFrame, of: str) -> Prior:
    # Whole numbers of any size: these sums would overflow 64 bits when squared.
    n, total, squares = (int(members[name].sum()) for name in ("gaps", "gap_sum", "gap_squares"))
    return Prior(total / (1000 * n), (n * squares - total * total) / (1_000_000 * n * n), of)


def _default(criteria: Rhythm) -> Prior:
    return Prior(log(criteria.default_gap_days), criteria.default_spread**2, DEFAULT)


def lifecycle(
    features: pd.DataFrame,
    rhythms: pd.DataFrame,
    day: int,
    criteria: Lifecycle,
    alive: Floats | None = None,
) -> pd.DataFrame:
    """Days since the last visit (-1: none), the dormant and churned limits in days, and the stage.

    ``alive``: P(alive), -1 where nobody can tell; without it silence alone says who is churned.
    """
    last = features["last_day"].to_numpy()
    none = last < 0
    since = np.where(none, -1, day - last)
    dormant = np.maximum(
        criteria.dormant_multiple * rhythms["limit_days"].to_numpy(), criteria.dormant_least_days
    ).round(2)
    churned = (dormant + criteria.churned_after_days).round(2)
    gone = since > churned
    if alive is not None:
        enough = features["visits"].to_numpy() >= criteria.churned_least_visits
        gone |= enough & (alive >= 0) & (alive < criteria.churned_p_alive)
    came_back = features["last_gap"].to_numpy() > dormant * DAY_SECONDS
    tests: list[tuple[str, npt.NDArray[np.bool_]]] = [
        ("prospect", none),
        ("churned", gone),
        ("dormant", since > dormant),
        ("lapsing", since > rhythms["limit_days"].to_numpy()),
        ("reactivated", came_back & (since <= criteria.reactivated_days)),
        ("new", day - features["first_day"].to_numpy() <= criteria.new_days),
    ]
    stage = np.zeros(len(features), dtype=np.int64)
    for place, (_name, fits) in reversed(list(enumerate(tests, start=1))):
        stage[fits] = place
    stages = named(stage, ["active", *(name for name, _fits in tests)])
    columns = {"since_days": since, "dormant_days": dormant, "churned_days": churned, "lifecycle": stages}
    return pd.DataFrame(columns, index=features.index)


def similar(personas: Groups, frequency_level: Ints) -> pd.Categorical:
    """The group of each customer: persona and frequency class."""
    group, names = pd.factorize(personas)
    both = [f"{name}/{level}" for name in names for level in FREQUENCIES]
    return named(len(FREQUENCIES) * group + frequency_level, both)


def life(
    features: pd.DataFrame,
    personas: Groups,
    frequency_level: Ints,
    day: int,
    criteria: Criteria,
    alive: Floats | None = None,
) -> pd.DataFrame:
    """Rhythm and stage together; similar are customers of one persona and frequency class."""
    rhythms = rhythm(features, similar(personas, frequency_level), criteria.rhythm)
    return rhythms.join(lifecycle(features, rhythms, day, criteria.lifecycle, alive))


def due(frame: pd.DataFrame, day: int) -> pd.DataFrame:
    """``due_day``: the last visit and a typical gap (whole days, half up; -1: no visit); ``overdue_days``
    since then, 0 where it is still to come. The typical gap is the median of a log-normal rhythm.
    """
    last = frame["last_day"].to_numpy()
    gap = np.maximum(np.floor(frame["typical_days"].to_numpy() + 0.5), 1).astype(np.int64)
    day_due = np.where(last < 0, -1, last + gap)
    overdue = np.where(last < 0, 0, np.maximum(day - day_due, 0))
    return pd.DataFrame({"due_day": day_due, "overdue_days": overdue}, index=frame.index)


def pattern(sums: pd.DataFrame, criteria: Pattern) -> pd.DataFrame:
    """The day of the week and the third of the month (pay days) with most visits, and their shares.

    ``weekday`` and ``third`` are -1 where no share reaches its threshold or there are too few visits; of
    equal days the first.
    """
    columns: dict[str, Ints] = {}
    for name, count, percent in (
        ("weekday", WEEKDAYS, criteria.weekday_percent),
        ("third", THIRDS, criteria.third_percent),
    ):
        table = np.column_stack([sums[f"{name}_{place}"].to_numpy() for place in range(count)])
        total, most = table.sum(axis=1), table.max(axis=1)
        theirs = (total >= criteria.least_visits) & (100 * most >= percent * total)
        columns[name] = np.where(theirs, table.argmax(axis=1), -1)
        columns[f"{name}_top"] = table.argmax(axis=1)
        columns[f"{name}_percent"] = 100 * most // np.maximum(total, 1)
    return pd.DataFrame(columns, index=sums.index)
