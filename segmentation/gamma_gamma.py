"""What a visit of a customer is worth: the Gamma-Gamma model of spend. Pure.

Fader and Hardie (2013), "The Gamma-Gamma Model of Monetary Value". Each visit's value is gamma (shape p)
around the customer's own mean; the rates of customers are gamma (shape q, rate v). It takes the value of a
visit as unrelated to how often a customer comes: ``correlation`` tells how true that is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import digamma, gammaln
from threadpoolctl import threadpool_limits

from segmentation.lifetime_search import (
    LEAST_REPEATERS,
    ONE_THREAD,
    TOO_FEW,
    Floats,
    best_start,
    dot,
    search,
)

NO_MEAN = "no_mean"
_SAMPLE = 20_000
_STARTS = ((1.0, 2.0, 1.0), (6.0, 4.0, 0.5), (0.5, 3.0, 4.0))  # p, q, v in units of the mean value


class ValueParameters(NamedTuple):
    """p and q without a unit, v in the unit of the values."""

    p: float
    q: float
    v: float


@dataclass(frozen=True)
class ValueFit:
    """Parameters and the report of their fit; ``left_out`` repeaters had no positive mean value.

    ``weak``: few_repeaters, not_converged, boundary, flat, or no_mean (q <= 1: the model's mean is infinite).
    """

    parameters: ValueParameters | None
    errors: ValueParameters | None
    log_likelihood: float | None
    customers: int
    left_out: int
    correlation: float | None
    converged: bool
    iterations: int
    evaluations: int
    gradient: float | None
    weak: str | None

    def facts(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        named = {name: facts[name] and ValueParameters(*facts[name]) for name in ("parameters", "errors")}
        return cls(**(facts | named))


def fit(frame: pd.DataFrame) -> ValueFit:
    """Maximum likelihood over ``frame``: repeat_visits and mean_value (one currency, any unit)."""
    x, m = frame["repeat_visits"].to_numpy(np.float64), frame["mean_value"].to_numpy(np.float64)
    back = x > 0
    usable = back & np.isfinite(m) & (np.nan_to_num(m) > 0)
    left_out = int(back.sum() - usable.sum())
    # One order of summation, whatever the order of the rows.
    order = np.lexsort((m[usable], x[usable]))
    x, m = x[usable][order], m[usable][order]
    if len(x) < LEAST_REPEATERS:
        return ValueFit(None, None, None, len(x), left_out, None, False, 0, 0, None, TOO_FEW)
    unit = float(m.mean())
    every = slice(None, None, max(1, len(x) // _SAMPLE))
    with threadpool_limits(ONE_THREAD):
        start = best_start(_Likelihood(x[every], m[every] / unit).loss, [np.log(start) for start in _STARTS])
        best = search(_Likelihood(x, m / unit).loss, start, len(x))
    back_to_unit = np.array([1.0, 1.0, unit])
    p, q, v = (best.parameters * back_to_unit).tolist()
    return ValueFit(
        parameters=ValueParameters(p, q, v),
        errors=ValueParameters(*(best.errors * back_to_unit).tolist())
        if np.isfinite(best.errors).all()
        else None,
        log_likelihood=-best.loss * len(x) - len(x) * float(np.log(unit)),
        customers=len(x),
        left_out=left_out,
        correlation=_correlation(x, m),
        converged=best.converged,
        iterations=best.iterations,
        evaluations=best.evaluations,
        gradient=best.gradient,
        weak=best.weak or (NO_MEAN if q <= 1 else None),
    )


def _correlation(x: Floats, m: Floats) -> float | None:
    if x.std() == 0 or m.std() == 0:
        return None
    return float(np.corrcoef(x, m)[0, 1])


class _Likelihood:
    """Equation (1a): gamma functions over distinct x only, two passes over the customers."""

    def __init__(self, x: Floats, m: Floats) -> None:
        self.size = len(x)
        self.each, place = np.unique(x, return_inverse=True)
        self.count = np.bincount(place).astype(np.float64)
        self.x, self.spent = x, x * m
        logs = np.log(m)
        # sum of (px - 1) ln m + px ln x, as p times one sum minus another.
        self.with_p = dot(x, logs + np.log(x))
        self.without_p = float(logs.sum())

    def loss(self, point: Floats) -> tuple[float, Floats]:
        """Mean negative log-likelihood at these log-parameters, and its gradient."""
        p, q, v = np.exp(point)
        px, n = p * self.each, self.count
        all_spent = self.spent + v
        logs, share = np.log(all_spent), 1 / all_spent
        log_sum, log_visits = float(logs.sum()), dot(self.x, logs)
        value = dot(n, gammaln(px + q) - gammaln(px)) - self.size * (gammaln(q) - q * np.log(v))
        value += p * self.with_p - self.without_p - p * log_visits - q * log_sum
        slope = [
            dot(n, self.each * (digamma(px + q) - digamma(px))) + self.with_p - log_visits,
            dot(n, digamma(px + q)) - self.size * (digamma(q) - np.log(v)) - log_sum,
            self.size * q / v - p * dot(self.x, share) - q * share.sum(),
        ]
        gradient = np.array(slope) * np.array([p, q, v])
        return -float(value) / self.size, -gradient / self.size


def expected_mean(x: npt.ArrayLike, mean_value: npt.ArrayLike, at: ValueParameters) -> Floats:
    """Equation (5): the value of a visit to come, between the customer's own mean and everyone's.

    Who never came back, or of whom no value is known, gets everyone's; a mean below 0 (refunds) counts as 0.
    """
    m = np.asarray(mean_value, dtype=np.float64)
    visits = np.where(np.isfinite(m), np.asarray(x, dtype=np.float64), 0.0)
    own = at.p * visits / (at.p * visits + at.q - 1)
    everyone = at.v * at.p / (at.q - 1)
    expected: Floats = (1 - own) * everyone + own * np.maximum(np.nan_to_num(m), 0.0)
    return expected
