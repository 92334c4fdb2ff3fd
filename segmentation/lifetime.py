"""How alive a customer is and how often they will come: BG/NBD. Pure: frames in, frames out.

Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2). While alive a
customer comes at random at their own rate (gamma: shape r, rate alpha in weeks); after each visit they
are gone for good with their own probability (beta: a, b). x is the repeat visits, t_x first to last
visit, T first visit to today.

The likelihood is summed over distinct patterns, and its gamma functions over distinct x only, so that an
exact fit of a million customers takes seconds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betaln, digamma, expit, gammaln
from threadpoolctl import threadpool_limits

from segmentation import gamma_gamma
from segmentation.lifetime_search import (
    LEAST_REPEATERS,
    ONE_THREAD,
    TOO_FEW,
    Floats,
    best_start,
    dot,
    search,
)
from segmentation.lifetime_table import Ints, Patterns, patterns
from segmentation.lifetime_visits import expected_while_alive

HORIZON_DAYS = 90
_SAMPLE = 20_000  # patterns on which the starts compete
_SHAPES = ((0.3, 0.8, 2.5), (1.0, 1.0, 1.0), (2.0, 0.2, 5.0), (8.0, 1.0, 20.0))  # r, a, b


class Parameters(NamedTuple):
    """r and alpha (weeks) of the rate, a and b of leaving."""

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True)
class Fit:
    """Parameters and the report of their fit; ``facts`` and ``of`` keep it as JSON from month to month.

    ``weak`` names why it is not to be used (few_repeaters, not_converged, boundary, flat): then nothing
    is predicted from it, and rhythm alone speaks. ``approximate`` says that recency and age were counted
    in whole weeks; ``log_likelihood`` is then that of those.
    """

    parameters: Parameters | None
    errors: Parameters | None
    log_likelihood: float | None
    customers: int
    repeaters: int
    patterns: int
    converged: bool
    iterations: int
    evaluations: int
    gradient: float | None
    approximate: bool
    weak: str | None

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        named = {name: facts[name] and Parameters(*facts[name]) for name in ("parameters", "errors")}
        return cls(**(facts | named))


def fit(frame: pd.DataFrame, *, approximate: bool = False) -> Fit:
    """Maximum likelihood over ``frame``: repeat_visits, recency_weeks, age_weeks (as from summary).

    Raises ValueError where a row cannot be (a recency beyond the age, a negative count).
    """
    found = patterns(frame, rounded=approximate)
    customers, repeaters = int(found.count.sum()), int(found.count[found.repeats > 0].sum())
    if repeaters < LEAST_REPEATERS:
        return Fit(
            None, None, None, customers, repeaters, len(found), False, 0, 0, None, approximate, TOO_FEW
        )
    with threadpool_limits(ONE_THREAD):
        start = best_start(_Likelihood(found.thinned(_SAMPLE)).loss, _starts(found))
        best = search(_Likelihood(found).loss, start, customers)
    return Fit(
        parameters=Parameters(*best.parameters.tolist()),
        errors=Parameters(*best.errors.tolist()) if np.isfinite(best.errors).all() else None,
        log_likelihood=-best.loss * customers,
        customers=customers,
        repeaters=repeaters,
        patterns=len(found),
        converged=best.converged,
        iterations=best.iterations,
        evaluations=best.evaluations,
        gradient=best.gradient,
        approximate=approximate,
        weak=best.weak,
    )


def _starts(found: Patterns) -> list[Floats]:
    """Logarithms of parameters that would give the visits per week seen."""
    weeks = max(dot(found.count, found.age), 1.0)
    rate = dot(found.count, found.repeats) / weeks
    return [np.log([r, r / rate, a, b]) for r, a, b in _SHAPES]


class _Likelihood:
    """The log-likelihood of some patterns.

    ln L = ln G(r+x) - ln G(r) + r ln alpha + ln B(a,b+x) - ln B(a,b) - (r+x) ln(alpha+T) + [x>0] ln(1 + e^s),
    s = ln a - ln(b+x-1) + (r+x) (ln(alpha+T) - ln(alpha+t_x)): the odds of being gone.
    """

    def __init__(self, found: Patterns) -> None:
        self.total = float(found.count.sum())
        self.x, place = np.unique(found.repeats.astype(np.float64), return_inverse=True)
        self.by_x = np.bincount(place, weights=found.count)
        self.ages, age = np.unique(found.age, return_inverse=True)
        self.by_age = np.bincount(age, weights=found.count)
        self.visits_by_age = np.bincount(age, weights=found.count * found.repeats)
        back = found.repeats > 0
        self.count, self.repeats = found.count[back], found.repeats[back].astype(np.float64)
        self.place, self.age = place[back], age[back]
        self.recencies, self.recency = np.unique(found.recency[back], return_inverse=True)

    def loss(self, point: Floats) -> tuple[float, Floats]:
        """Mean negative log-likelihood at these log-parameters, and its gradient."""
        r, alpha, a, b = np.exp(point)
        value, slope = self._plain(r, alpha, a, b)
        more, steeper = self._gone(r, alpha, a, b)
        gradient = (slope + steeper) * np.array([r, alpha, a, b])
        return float(-(value + more) / self.total), -gradient / self.total

    def _plain(self, r: float, alpha: float, a: float, b: float) -> tuple[float, Floats]:
        """All but the last term."""
        x, n, since = self.x, self.by_x, np.log(alpha + self.ages)
        value = dot(n, gammaln(r + x) - gammaln(r) + betaln(a, b + x) - betaln(a, b))
        value += self.total * r * np.log(alpha) - dot(r * self.by_age + self.visits_by_age, since)
        both = digamma(a + b) - digamma(a + b + x)
        slope = [
            dot(n, digamma(r + x) - digamma(r)) + self.total * np.log(alpha) - dot(self.by_age, since),
            self.total * r / alpha - ((r * self.by_age + self.visits_by_age) / (alpha + self.ages)).sum(),
            dot(n, both),
            dot(n, both + digamma(b + x) - digamma(b)),
        ]
        return value, np.array(slope)

    def _gone(self, r: float, alpha: float, a: float, b: float) -> tuple[float, Floats]:
        """The last term: those who came back may have left since."""
        # Who never came back has no such term; 1 keeps the logarithm of their unused place finite.
        left = np.log(a) - np.log(np.where(self.x > 0, b + self.x - 1, 1.0))
        away = np.log(alpha + self.ages)[self.age] - np.log(alpha + self.recencies)[self.recency]
        exponent = r + self.repeats
        odds = left[self.place] + exponent * away
        small = np.exp(-np.abs(odds))
        value = dot(self.count, np.maximum(odds, 0) + np.log1p(small))
        gone = self.count * np.where(odds >= 0, 1.0, small) / (1 + small)
        pull = gone * exponent
        per_age = np.bincount(self.age, weights=pull, minlength=len(self.ages))
        per_recency = np.bincount(self.recency, weights=pull, minlength=len(self.recencies))
        per_x = np.bincount(self.place, weights=gone, minlength=len(self.x))
        slope = [
            dot(gone, away),
            (per_age / (alpha + self.ages)).sum() - (per_recency / (alpha + self.recencies)).sum(),
            gone.sum() / a,
            -(per_x / np.where(self.x > 0, b + self.x - 1, 1.0)).sum(),
        ]
        return value, np.array(slope)


def _gone_odds(x: Floats, recency: Floats, age: Floats, at: Parameters) -> Floats:
    """ln of P(gone) / P(alive); -inf for who never came back: the model lets nobody leave before."""
    some = np.maximum(x, 1)
    away = np.log((at.alpha + age) / (at.alpha + recency))
    odds: Floats = np.where(x > 0, (at.r + x) * away + np.log(at.a / (at.b + some - 1)), -np.inf)
    return odds


def p_alive(x: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, at: Parameters) -> Floats:
    """P(alive), 0 to 1; nan for x = 0, where the formula says 1 of everyone and so says nothing."""
    visits = np.asarray(x, dtype=np.float64)
    odds = _gone_odds(visits, np.asarray(recency, np.float64), np.asarray(age, np.float64), at)
    alive: Floats = np.where(visits > 0, expit(-odds), np.nan)
    return alive


def expected_visits(
    weeks: float, x: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, at: Parameters
) -> Floats:
    """Visits (days with one) expected in the next ``weeks``, by equation (10) of the paper."""
    visits, since = np.asarray(x, dtype=np.int64), np.asarray(age, dtype=np.float64)
    odds = _gone_odds(visits.astype(np.float64), np.asarray(recency, np.float64), since, at)
    # What a living customer does depends on x and T alone, and there are few such pairs.
    ages, code = np.unique(since, return_inverse=True)
    pairs, place = np.unique(visits * max(len(ages), 1) + code, return_inverse=True)
    repeats: Ints = pairs // max(len(ages), 1)
    each = expected_while_alive(weeks, repeats.astype(np.float64), ages[pairs % max(len(ages), 1)], *at)
    expected: Floats = each[place] * expit(-odds)
    return expected


def apply(
    frame: pd.DataFrame, fitted: Fit, value: gamma_gamma.ValueFit | None = None, days: int = HORIZON_DAYS
) -> pd.DataFrame:
    """What the fits say of each row of ``frame`` (as from summary): the columns named for ``days``.

    ``p_alive``; ``one_visit`` (True: P(alive) is not to be shown); ``expected_visits_90d``;
    ``expected_value_90d`` in minor units. nan where a fit is weak or missing.
    """
    x = frame["repeat_visits"].to_numpy()
    nothing = np.full(len(frame), np.nan)
    alive, visits, money = nothing, nothing, nothing
    if fitted.parameters is not None and fitted.weak is None:
        recency, age = frame["recency_weeks"].to_numpy(), frame["age_weeks"].to_numpy()
        alive = p_alive(x, recency, age, fitted.parameters)
        visits = expected_visits(days / 7, x, recency, age, fitted.parameters)
    if value is not None and value.parameters is not None and value.weak is None:
        money = visits * gamma_gamma.expected_mean(x, frame["mean_value"].to_numpy(), value.parameters)
    columns = {
        "p_alive": alive,
        "one_visit": x == 0,
        f"expected_visits_{days}d": visits,
        f"expected_value_{days}d": money,
    }
    return pd.DataFrame(columns, index=frame.index)
