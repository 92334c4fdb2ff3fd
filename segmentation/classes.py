"""Value and frequency classes by cut-offs that are values of the data. Pure.

Levels are numbers: 0 none, 1 low, 2 medium, 3 high. A value equal to a cut-off belongs to the higher.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from babel.numbers import get_currency_precision

from segmentation.criteria import Criteria
from segmentation.visits import Ints

EPOCH = date(1970, 1, 1)
LEVELS = np.array(["", "low", "medium", "high"], dtype=object)
Levels = npt.NDArray[np.uint8]
Cuts = tuple[int, int]  # from here high, from here medium


def day_number(day: date) -> int:
    return (day - EPOCH).days


def day_of(number: int) -> date:
    return EPOCH + timedelta(days=number)


@dataclass(frozen=True)
class Cutoffs:
    """Cut-offs in minor units per currency and in visits, as they stood at the end of day ``taken``.

    Empty where fewer customers than the minimum had a visit in the window.
    """

    taken: int
    population: int
    value: dict[str, Cuts]
    frequency: Cuts | None

    def facts(self) -> dict[str, Any]:
        return {
            "taken_on": day_of(self.taken).isoformat(),
            "population": self.population,
            "value": {name: {"high": cuts[0], "medium": cuts[1]} for name, cuts in self.value.items()},
            "frequency": self.frequency and {"high": self.frequency[0], "medium": self.frequency[1]},
        }

    @classmethod
    def told(cls, facts: dict[str, Any]) -> Cutoffs:
        """From ``facts``."""
        visits = facts["frequency"]
        return cls(
            day_number(date.fromisoformat(facts["taken_on"])),
            facts["population"],
            {name: (pair["high"], pair["medium"]) for name, pair in facts["value"].items()},
            (visits["high"], visits["medium"]) if visits else None,
        )


def cutoffs(features: pd.DataFrame, day: int, criteria: Criteria) -> Cutoffs:
    """Take the cut-offs from ``features`` of that day; the population is who came in the window."""
    least = criteria.rfm.minimum_population
    frequency = features["frequency"].to_numpy()
    scored = frequency > 0
    population = int(scored.sum())
    currency, money = features["currency"].to_numpy()[scored], features["monetary"].to_numpy()[scored]
    high, medium = criteria.value.high_percent, criteria.value.medium_percent
    value: dict[str, Cuts] = {}
    for name in sorted(pd.unique(currency).tolist()) if population >= least else ():
        spent = money[currency == name]
        if len(spent) >= least:
            cut = largest(spent, high, 100)
            if criteria.value.high_spend is not None:
                cut = round(criteria.value.high_spend * 10 ** get_currency_precision(str(name)))
            value[str(name)] = (cut, min(cut, largest(spent, high + medium, 100)))
    return Cutoffs(day, population, value, _frequency_cuts(frequency[scored], criteria))


def _frequency_cuts(visits: Ints, criteria: Criteria) -> Cuts | None:
    if criteria.frequency.method == "fixed":
        return criteria.frequency.high_visits, criteria.frequency.medium_visits
    if len(visits) < criteria.rfm.minimum_population:
        return None
    return largest(visits, 1, 3), largest(visits, 2, 3)


def largest(values: Ints, share: int, of: int) -> int:
    """The smallest value of the largest ``share / of`` of them (rounded up to whole values)."""
    rank = -(-len(values) * share // of)
    if rank == 0:
        return int(values.max()) + 1
    return int(np.partition(values, len(values) - rank)[len(values) - rank])


def value_levels(features: pd.DataFrame, cuts: Cutoffs, before: Ints | Levels, keep_percent: int) -> Ints:
    """Levels by money, each customer by the cut-offs of their currency. 0: no visit, or no cut-off."""
    money, currency = features["monetary"].to_numpy(), features["currency"].to_numpy()
    levels = np.zeros(len(features), dtype=np.int64)
    for name, pair in cuts.value.items():
        mine = currency == name
        levels[mine] = level(money[mine], pair, before[mine], keep_percent)
    return levels


def frequency_levels(features: pd.DataFrame, cuts: Cutoffs, before: Ints | Levels, keep_percent: int) -> Ints:
    """Levels by visits in the window. 0: no visit ever, or no cut-off."""
    if cuts.frequency is None:
        return np.zeros(len(features), dtype=np.int64)
    levels = level(features["frequency"].to_numpy(), cuts.frequency, before, keep_percent)
    return np.where(features["recency_days"].to_numpy() >= 0, levels, 0)


def level(amounts: Ints, cuts: Cuts, before: Ints | Levels, keep_percent: int) -> Ints:
    """The level of each amount; nothing or less is low, whatever the cut-offs.

    Who had a level ``before`` keeps it down to ``keep_percent`` below its cut-off.
    """
    levels = np.ones(len(amounts), dtype=np.int64)
    for rank, cut in ((2, cuts[1]), (3, cuts[0])):
        keeps = (before >= rank) & (100 * amounts >= (100 - keep_percent) * cut)
        levels[((amounts >= cut) | keeps) & (amounts > 0)] = rank
    return levels
