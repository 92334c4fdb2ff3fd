"""Maximum likelihood over positive parameters, with a report that says how far to trust it. Pure.

A ``Loss`` takes the logarithms of the parameters and gives the mean negative log-likelihood and its
gradient. L-BFGS-B comes near the optimum from several starts; Newton steps on differences of the gradient
finish, because the likelihoods here are so flat along one direction that a small gradient alone
would leave the third digit of a parameter open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Loss = Callable[[Floats], tuple[float, Floats]]

# The algebra here is of four numbers: more threads only wait for each other, on a busy machine twenty times
# longer than the fit takes.
ONE_THREAD = 1
LEAST_REPEATERS = 100  # fewer people who came back carry no fit
LOWEST, HIGHEST = 1e-3, 1e4  # a parameter outside has run away: the data do not hold it
CONVERGED = 1e-6  # largest slope of the mean log-likelihood along any log-parameter
UNCERTAIN = 2.0  # standard error of a log-parameter: it may as well be seven times larger
_REACH = (np.log(LOWEST) - 1, np.log(HIGHEST) + 1)
_STEP = 1e-4  # of the differences
_POLISHES = 4

TOO_FEW, NOT_CONVERGED, BOUNDARY, FLAT = "few_repeaters", "not_converged", "boundary", "flat"


def dot(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """The sum of products, without BLAS.

    Its threads make the last digits depend on the number of cores, and on a busy machine wait for each
    other up to a hundred times longer than the sum takes.
    """
    return float((one * other).sum())


@dataclass(frozen=True)
class Optimum:
    """Where the search ended: parameters, their standard errors (nan where flat), and how it went.

    ``iterations`` counts from the best start on: 0 where the starts competed on all the data.
    """

    parameters: Floats
    errors: Floats
    loss: float
    gradient: float
    iterations: int
    evaluations: int

    @property
    def converged(self) -> bool:
        return self.gradient < CONVERGED

    @property
    def weak(self) -> str | None:
        """Why the parameters are not to be used, or None."""
        if not self.converged:
            return NOT_CONVERGED
        if self.parameters.min() < LOWEST or self.parameters.max() > HIGHEST:
            return BOUNDARY
        relative = self.errors / self.parameters
        return None if bool((relative < UNCERTAIN).all()) else FLAT


@dataclass
class _Count:
    """The loss, counting how often it is asked."""

    loss: Loss
    asked: int = 0

    def __call__(self, point: Floats) -> tuple[float, Floats]:
        self.asked += 1
        return self.loss(point)


def best_start(loss: Loss, starts: Sequence[Floats]) -> Floats:
    """The best of the optima reached from ``starts`` (logarithms), the first of equals."""
    reached = [_descend(loss, start)[0] for start in starts]
    return reached[int(np.argmin([loss(point)[0] for point in reached]))]


def search(loss: Loss, start: Floats, count: int) -> Optimum:
    """The optimum near ``start``; ``count`` people stand behind the mean, for the standard errors."""
    counted = _Count(loss)
    point, iterations = _descend(counted, start)
    curvature = _curvature(counted, point)
    point, value, slope = _polish(counted, point, curvature)
    return Optimum(
        parameters=np.exp(point),
        errors=np.exp(point) * _errors(curvature, count),
        loss=value,
        gradient=float(np.abs(slope).max()),
        iterations=iterations,
        evaluations=counted.asked,
    )


def _descend(loss: Loss, start: Floats) -> tuple[Floats, int]:
    # 25 MB that only who fits should pay.
    from scipy.optimize import minimize

    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[_REACH] * len(start),
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7, "maxcor": 20},
    )
    return found.x, int(found.nit)


def _curvature(loss: Loss, point: Floats) -> Floats:
    """Second derivatives, from central differences of the gradient."""
    size = len(point)
    rows = np.empty((size, size))
    for place in range(size):
        step = np.zeros(size)
        step[place] = _STEP
        rows[place] = (loss(point + step)[1] - loss(point - step)[1]) / (2 * _STEP)
    symmetric: Floats = (rows + rows.T) / 2
    return symmetric


def _polish(loss: Loss, point: Floats, curvature: Floats) -> tuple[Floats, float, Floats]:
    value, slope = loss(point)
    if not _positive(curvature):
        return point, value, slope
    for _ in range(_POLISHES):
        trial = np.clip(point - np.linalg.solve(curvature, slope), *_REACH)
        its_value, its_slope = loss(trial)
        if np.abs(its_slope).max() >= np.abs(slope).max():
            break
        point, value, slope = trial, its_value, its_slope
    return point, value, slope


def _errors(curvature: Floats, count: int) -> Floats:
    if not _positive(curvature):
        return np.full(len(curvature), np.nan)
    errors: Floats = np.sqrt(np.diag(np.linalg.inv(curvature)) / count)
    return errors


def _positive(curvature: Floats) -> bool:
    """Positive definite by a margin that the differences can tell from zero."""
    return bool(np.linalg.eigvalsh(curvature)[0] > 1e-9)
