"""Visits to come of a customer who is alive: a sum without a negative term. Pure.

The paper writes this with a hypergeometric function, which overflows for frequent visitors, loses digits
near a = 1 and has a pole where a + b + x = 1. The same quantity, read as what it counts: if nobody
left, the number of visits in the time t would be negative binomial, N ~ NB(r + x, z), z = t / (alpha +
T + t). Of n such visits only those before leaving happen: h(n) = sum over j < n of (b+x)_j / (a+b+x)_j, the
chance of being there after j visits. So E = sum over n of P(N = n) h(n).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_CLOSE = 1e-16  # of the sum: what may be left out
_BLOCK = 16  # terms between looks at who is done
_MOST = 500_000  # terms; what a fit within its bounds can ask for


def expected_while_alive(
    weeks: float, x: Floats, age: Floats, r: float, alpha: float, a: float, b: float
) -> Floats:
    """E[visits in ``weeks`` | alive at ``age``, x repeat visits so far], per row.

    Raises ArithmeticError where more than ``_MOST`` visits would have to be counted.
    """
    expected = np.zeros(len(x))
    if weeks <= 0:
        return expected
    state = _Sum(x, weeks / (alpha + age + weeks), r, a, b)
    open_rows = np.arange(len(x))
    for _ in range(0, _MOST, _BLOCK):
        if not len(open_rows):
            return expected
        for _ in range(_BLOCK):
            state.step()
        done = state.done()
        expected[open_rows[done]] = state.total[done] / state.mass[done]
        open_rows = open_rows[~done]
        state.keep(~done)
    raise ArithmeticError("the expected number of visits is too large to be summed")


class _Sum:
    """Running sums up to n, per row.

    ``mass`` (of P) divides ``total`` in the end, so P may start at any height: it never underflows.
    """

    def __init__(self, x: Floats, z: Floats, r: float, a: float, b: float) -> None:
        self.n = 0
        self.z = z
        self.shape = r + x  # of N
        self.stay = b + x
        self.leave = a
        self.chance = np.ones(len(x))  # (b+x)_n / (a+b+x)_n
        self.reached = np.zeros(len(x))  # h(n)
        self.weight = np.ones(len(x))  # P(N = n), up to a factor
        self.mass = np.ones(len(x))
        self.total = np.zeros(len(x))

    def step(self) -> None:
        self.reached += self.chance
        self.chance *= (self.stay + self.n) / (self.leave + self.stay + self.n)
        self.weight *= self._ratio()
        self.n += 1
        self.mass += self.weight
        self.total += self.weight * self.reached

    def _ratio(self) -> Floats:
        ratio: Floats = self.z * (self.shape + self.n) / (self.n + 1)
        return ratio

    def done(self) -> npt.NDArray[np.bool_]:
        """Which rows have no more to add; also rescales, so that nothing overflows."""
        ratio = self._ratio()
        falling = ratio < 1
        # Ratios head for z from either side and h(n) grows by less than (n+1)/n: a geometric tail.
        worst = np.maximum(ratio, self.z) * (1 + 1 / self.n)
        rest = self.weight * self.reached * worst
        finished: npt.NDArray[np.bool_] = (
            falling & (worst < 1) & (rest <= _CLOSE * self.total * np.maximum(1 - worst, 1e-12))
        )
        scale = np.maximum(self.mass, 1.0)
        for sums in (self.weight, self.mass, self.total):
            sums /= scale
        return finished

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        for name in ("z", "shape", "stay", "chance", "reached", "weight", "mass", "total"):
            setattr(self, name, getattr(self, name)[rows])
