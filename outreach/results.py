"""Did it work? Two arms fixed at eligibility, compared as assigned (pure).

Intervals of shares after Newcombe (1998), method 10, from the Wilson limits of each arm; intervals of
money and litres by the percentile bootstrap (Efron, 1979), with a seed, so that a page read twice says
the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil, log10, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959964
Z_POWER = 0.841621  # 80 % of the time a true effect of ``WORTH`` is seen
WORTH = 0.05  # a lift smaller than this is not worth a campaign
FEWEST = 30  # in either arm; with less nothing is said
REPLICATES = (200, 2000)
WORK = 40_000_000  # draws; bounds the time of one bootstrap to seconds

Code = Literal["works", "harms", "no_effect", "too_early", "no_holdout"]


@dataclass(frozen=True, slots=True)
class Arm:
    """What the people of one arm did in their windows; ``litres`` (ml) and ``spend`` (minor units) have
    one entry per person who came, ``visits`` their number."""

    people: int
    visited: int = 0
    visits: int = 0
    litres: Sequence[int] = ()
    spend: Sequence[int] = ()
    opted_out: int = 0

    @property
    def share(self) -> float:
        return self.visited / self.people if self.people else 0.0

    def facts(self) -> dict[str, Any]:
        return {
            "people": self.people,
            "visited": self.visited,
            "share": self.share,
            "visits": self.visits,
            "millilitres": sum(self.litres),
            "spend": sum(self.spend),
            "opted_out": self.opted_out,
        }


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference, treated less held out, with its 95 % limits."""

    difference: float
    low: float
    high: float

    def covers(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to say first. ``more``: how many more people it would take, of ``too_early`` alone."""

    code: Code
    more: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """``lift`` in shares of people who came; ``spend`` in minor units and ``litres`` in ml per person."""

    treated: Arm
    held: Arm
    verdict: Verdict
    lift: Interval | None = None
    spend: Interval | None = None
    litres: Interval | None = None

    def facts(self) -> dict[str, Any]:
        """JSON. ``uplift`` relative to the holdout, ``incremental``: people who came because of it."""
        lift = None
        if self.lift is not None:
            base = self.held.share
            lift = asdict(self.lift) | {
                "uplift": self.lift.difference / base if base else None,
                "incremental": round(self.treated.people * self.lift.difference),
            }
        return {
            "treated": self.treated.facts(),
            "holdout": self.held.facts(),
            "verdict": asdict(self.verdict),
            "lift": lift,
            "spend": asdict(self.spend) if self.spend else None,
            "litres": asdict(self.litres) if self.litres else None,
        }


def compare(treated: Arm, held: Arm, *, seed: int = 0) -> Result:
    """Both arms, their differences and the verdict; without a holdout there is nothing to compare."""
    if not held.people or not treated.people:
        return Result(treated, held, Verdict("no_holdout"))
    lift = newcombe(treated.visited, treated.people, held.visited, held.people)
    chance = np.random.default_rng(seed)
    return Result(
        treated,
        held,
        verdict(treated, held, lift),
        lift,
        bootstrap(treated.spend, treated.people, held.spend, held.people, chance),
        bootstrap(treated.litres, treated.people, held.litres, held.people, chance),
    )


def wilson(successes: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """The score interval of a share (Wilson, 1927). Raises ValueError without a trial."""
    if trials <= 0 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no share")
    share, square = successes / trials, z * z
    centre = share + square / (2 * trials)
    reach = z * sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    below, above = (centre - reach) / (1 + square / trials), (centre + reach) / (1 + square / trials)
    return max(0.0, below), min(1.0, above)


def newcombe(treated: int, of_treated: int, held: int, of_held: int, z: float = Z95) -> Interval:
    """The difference of two independent shares with its limits."""
    share_t, share_c = treated / of_treated, held / of_held
    low_t, high_t = wilson(treated, of_treated, z)
    low_c, high_c = wilson(held, of_held, z)
    difference = share_t - share_c
    below = sqrt((share_t - low_t) ** 2 + (high_c - share_c) ** 2)
    above = sqrt((high_t - share_t) ** 2 + (share_c - low_c) ** 2)
    return Interval(difference, max(-1.0, difference - below), min(1.0, difference + above))


def bootstrap(
    treated: Sequence[int], of_treated: int, held: Sequence[int], of_held: int, chance: np.random.Generator
) -> Interval:
    """The difference of two means per person; everyone without an entry counts as 0."""
    least, most = REPLICATES
    times = min(most, max(least, WORK // (len(treated) + len(held) + 1)))
    a, b = _means(treated, of_treated, times, chance), _means(held, of_held, times, chance)
    low, high = np.quantile(a - b, (0.025, 0.975))
    return Interval(sum(treated) / of_treated - sum(held) / of_held, float(low), float(high))


def _means(entries: Sequence[int], people: int, times: int, chance: np.random.Generator) -> NDArray[Any]:
    """Means of ``times`` resamples. How many are not zero is binomial: only those are drawn."""
    values = np.asarray(entries, dtype=np.float64)
    if not len(values):
        return np.zeros(times)
    drawn = chance.binomial(people, len(values) / people, size=times)
    sums = (values[chance.integers(0, len(values), size=each)].sum() for each in drawn)
    return np.fromiter(sums, dtype=np.float64, count=times) / people


def verdict(treated: Arm, held: Arm, lift: Interval) -> Verdict:
    """One word for people. ``no_effect`` only where an effect worth having would have been seen."""
    people = treated.people + held.people
    base = (treated.visited + held.visited) / people
    needed = people_needed(base, held.people / people)
    scarce = FEWEST - min(treated.people, held.people)
    if scarce > 0:
        rate = min(treated.people, held.people) / people
        return Verdict("too_early", about(max(needed - people, ceil(scarce / rate))))
    if not lift.covers(0.0):
        return Verdict("works" if lift.difference > 0 else "harms")
    if people >= needed:
        return Verdict("no_effect")
    return Verdict("too_early", about(needed - people))


def people_needed(base: float, held_share: float, worth: float = WORTH) -> int:
    """People in both arms together to see a lift of ``worth`` over ``base``, 5 % two-sided, power 80 %."""
    better = min(1.0, base + worth)
    spread = better * (1 - better) / (1 - held_share) + base * (1 - base) / held_share
    return max(2 * FEWEST, ceil((Z95 + Z_POWER) ** 2 * spread / worth**2))


def about(number: int) -> int:
    """Rounded up to two digits: nobody plans by the last one."""
    step: int = 10 ** max(0, int(log10(max(1, number))) - 1)
    return ceil(number / step) * step
