"""A walk forward -> counts at any multiplier, whole curves, and the rules at equal misses. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from segmentation.backtest import Walk
from segmentation.rhythm import Floats
from segmentation.visits import Bools, Ints

Lines = Literal["words", "lapsing", "dormant", "two"]
LINES: tuple[Lines, ...] = ("words", "lapsing", "dormant", "two")
SPOKEN = ("ours", "rhythm")  # rules that have two words; people use the others as one line
GRID: Floats = 2.0 ** (np.arange(-24, 25) / 8)  # 1/8 to 8
# Of the threshold 0.5, by even steps of the odds: almost everything happens close to 1.
ODDS: Floats = 2 / (1 + np.exp(-np.arange(-16, 33) / 4))
LEVELS = 200  # of misses, at which two rules are held against each other


@dataclass(frozen=True)
class Rule:
    """The numbers of one rule that decide (see backtest.Stretch), sorted, of those that matter.

    ``alarms``: of who came back soon; ``gone``: of who stayed away; ``fears``: of loyal customers' gaps.
    """

    name: str
    alarms: Floats
    gone: Floats
    fears: Floats
    years: float

    def false_alarms(self, multiplier: Floats) -> Ints:
        return len(self.alarms) - np.searchsorted(self.alarms, multiplier, side="right")

    def misses(self, multiplier: Floats) -> Ints:
        return np.searchsorted(self.gone, multiplier, side="right")

    def episodes(self, multiplier: Floats) -> Floats:
        """Per loyal customer and year."""
        count = len(self.fears) - np.searchsorted(self.fears, multiplier, side="right")
        return count / self.years if self.years else np.zeros(len(multiplier))

    def multiplier_at(self, misses: float) -> float | None:
        """The largest multiplier with at most so many misses; None where no multiplier has so few."""
        if misses < 0 or len(self.gone) == 0:
            return None
        least = int(np.searchsorted(self.gone, 0.0, side="right"))  # never called, however quick the rule
        place = int(np.floor(misses))
        if place < least:
            return None
        if place >= len(self.gone):
            return float(self.gone[-1])
        return float(np.nextafter(self.gone[place], 0.0))

    def alarms_at(self, misses: float) -> float | None:
        """False alarms with exactly so many misses, on the straight line between two steps of the curve."""
        low = self.multiplier_at(misses)
        if low is None:
            return None
        steps = np.array([low, np.nextafter(low, np.inf)])
        alarms, missed = self.false_alarms(steps), self.misses(steps)
        if missed[1] == missed[0] or misses >= missed[1]:
            return float(alarms[0])
        return float(np.interp(misses, missed, alarms))


def rule(walk: Walk, name: str, lines: Lines) -> Rule:
    """What calls and what misses: one line for both, ``lapsing`` (or worse) or ``dormant`` (or churned);
    ``two``: an alarm is a call by the dormant line, a miss is none by the lapsing line; ``words``: that for
    SPOKEN, for the others their first line alone."""
    stretch = walk.stretch[name]
    if lines == "words":
        lines = "two" if name in SPOKEN else "lapsing"
    back, gone = walk.back & walk.checked[0], walk.gone & walk.checked[1]
    return Rule(
        name,
        _sorted(stretch.lapsing if lines == "lapsing" else stretch.dormant, back),
        _sorted(stretch.dormant if lines == "dormant" else stretch.lapsing, gone),
        np.sort(walk.fears[name]),
        walk.loyal_years,
    )


def _sorted(values: Floats, among: Bools) -> Floats:
    return np.sort(values[among])


def facts(walk: Walk, name: str) -> dict[str, Any]:
    """Everything as JSON: what was looked at, each rule as it stands and its curve, and equal misses.

    ``name`` of the log. A curve's ``multiplier`` is that of the limit, of the 60 days, or of the
    threshold of P(alive); ``episodes`` are lapsing episodes per loyal customer and year.
    """
    looks = int(walk.checked[0].sum())
    return {
        "log": name,
        "customers": walk.people,
        "month_ends": len(walk.months),
        "from": walk.months[0].isoformat() if walk.months else None,
        "until": walk.end.isoformat(),
        "looks": looks,
        "back_soon": int((walk.back & walk.checked[0]).sum()),
        "away_long": int((walk.gone & walk.checked[1]).sum()),
        "loyal": walk.loyal,
        "loyal_years": round(walk.loyal_years, 1),
        "p_alive_weak": walk.weak,
        "lines": {lines: _compared([rule(walk, each, lines) for each in walk.stretch]) for lines in LINES},
    }


def _compared(rules: list[Rule]) -> dict[str, Any]:
    standing = {each.name: int(each.misses(np.array([1.0]))[0]) for each in rules}
    return {
        "rules": {each.name: _curve(each) for each in rules},
        "at_misses_of": {
            name: {"misses": level, **{each.name: _at(each, rules[0], level, name) for each in rules}}
            for name, level in standing.items()
        },
        "we_lose": {each.name: _lost(rules[0], each) for each in rules[1:]},
    }


def _curve(each: Rule) -> dict[str, Any]:
    turned = each.name == "p_alive"  # a higher threshold calls sooner
    points = 1 / ODDS if turned else GRID
    told = ODDS if turned else GRID
    columns = (told, each.false_alarms(points), each.misses(points), each.episodes(points))
    curve = [
        {
            "multiplier": round(float(m), 4),
            "false_alarms": int(a),
            "misses": int(n),
            "episodes": round(float(e), 3),
        }
        for m, a, n, e in zip(*columns, strict=True)
    ]
    curve.sort(key=lambda row: row["multiplier"])
    return {"as_it_stands": next(row for row in curve if row["multiplier"] == 1), "curve": curve}


def _at(each: Rule, ours: Rule, level: int, standing: str) -> dict[str, Any]:
    """False alarms and episodes of a rule stretched until it misses as many as ``standing`` as it stands.

    ``ours_fewer``: the share of its false alarms that ours, stretched likewise, does without.
    """
    multiplier = 1.0 if each.name == standing else each.multiplier_at(level)
    alarms = _alarms(each, level, standing)
    if multiplier is None or alarms is None:
        return {"multiplier": None, "false_alarms": None, "episodes": None, "ours_fewer": None}
    mine = _alarms(ours, level, standing)
    told = 1 / multiplier if each.name == "p_alive" and multiplier else multiplier
    return {
        "multiplier": round(told, 4),
        "false_alarms": round(alarms, 1),
        "episodes": round(float(each.episodes(np.array([multiplier]))[0]), 3),
        "ours_fewer": round(1 - mine / alarms, 4) if alarms and mine is not None else None,
    }


def _alarms(each: Rule, level: int, standing: str) -> float | None:
    if each.name == standing:
        return float(each.false_alarms(np.array([1.0]))[0])
    return each.alarms_at(level)


def _lost(ours: Rule, other: Rule) -> dict[str, Any]:
    """Where the other rule has fewer false alarms at equal misses: shares of the misses both can have."""
    least = max(int(np.searchsorted(each.gone, 0.0, side="right")) for each in (ours, other))
    most = len(ours.gone)
    if most <= least:
        return {"of_levels": None, "ranges": []}
    levels = np.linspace(least, most, LEVELS, endpoint=False)
    behind = np.array([(ours.alarms_at(n) or 0.0) > (other.alarms_at(n) or 0.0) for n in levels])
    edges = np.flatnonzero(np.diff(np.concatenate(([False], behind, [False])).astype(int)))
    ranges = [
        {"misses_from": round(float(levels[a]), 1), "misses_to": round(float(levels[b - 1]), 1)}
        for a, b in edges.reshape(-1, 2).tolist()
    ]
    return {"of_levels": round(float(behind.mean()), 4), "ranges": ranges}
