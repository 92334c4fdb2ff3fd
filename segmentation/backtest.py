"""Would the words have been right? A walk forward over month ends, as if each were today. Pure.

At each month end people are labelled from what had happened by then, by rules that each draw two lines: one
for "lapsing or worse" and a later one for "dormant or churned".

| rule | lapsing or worse | dormant or churned |
| --- | --- | --- |
| ours | rhythm, or P(alive) below 0.1 of who came 5 times | the same: rhythm.lifecycle as it stands |
| rhythm | away longer than their limit | than max(2 limits, 45 days): ours without P(alive) |
| fixed | away longer than 60 days | than 120 days |
| p_alive | P(alive) below 0.5 | below 0.25 |

Every rule can be made slower or quicker by one multiplier: of the limit, of the 60 days, and (divided by it)
of the threshold of P(alive). So a person on a day has, per rule and line, one number: how far the rule would
have to be stretched not to call them. Whole curves are then counts of these numbers (backtest_curves).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from segmentation import lifetime
from segmentation.alive import WEEK, p_alive, table
from segmentation.classes import cutoffs, day_number, day_of, frequency_levels
from segmentation.criteria import Criteria
from segmentation.features import History, features
from segmentation.memory import month_ends
from segmentation.rhythm import Floats, Texts, life
from segmentation.visits import Bools, Ints

BACK_DAYS, AWAY_DAYS = 45, 180  # back within: a false alarm; away for: gone
FIXED_DAYS, ALIVE = 60, 0.5
LEAST_ALIVE = 1e-9  # below it nothing is told apart
LOYAL_VISITS, LOYAL_DAYS = 12, 365
WARM_UP_DAYS = 90
RULES = ("ours", "rhythm", "fixed", "p_alive")


@dataclass(frozen=True)
class Stretch:
    """Called while the multiplier is below this number; one row per person and month end."""

    lapsing: Floats
    dormant: Floats


@dataclass(frozen=True)
class Walk:
    """One row per person and month end in ``stretch``, ``back``, ``gone``; ``missing`` says who is unknown.

    ``back``: came within BACK_DAYS after it; ``gone``: did not come for AWAY_DAYS. ``checked``: so much of
    the future is in the log (back, gone). ``fears``: per rule one row per gap of a loyal customer, how far
    the lapsing line would have to be stretched not to be crossed in it; ``loyal`` customers were watched
    for ``loyal_years`` together. ``months``: the month ends; ``weak``: why P(alive) could not be had.
    """

    months: list[date]
    end: date
    people: int
    stretch: dict[str, Stretch]
    back: Bools
    gone: Bools
    checked: tuple[Bools, Bools]
    fears: dict[str, Floats]
    loyal: int
    loyal_years: float
    weak: str | None


def walk(history: History, personas: Texts, criteria: Criteria) -> Walk:
    """Walk over every month end from WARM_UP_DAYS after the first visit to the last one before the end."""
    days = _days(history)
    fits = [_fit(history, day) for day in days]
    usable = [fitted.weak is None for fitted in fits]
    weak = None
    if any(usable):
        # A month end at which one rule cannot speak would compare nothing.
        days = [day for day, fine in zip(days, usable, strict=True) if fine]
        fits = [fitted for fitted, fine in zip(fits, usable, strict=True) if fine]
    else:
        weak = fits[-1].weak if fits else "no_month_end"
    looks = [_look(history, personas, day, fitted, criteria) for day, fitted in zip(days, fits, strict=True)]
    end = _end(history)
    rules = RULES if weak is None else RULES[:3]
    fears, loyal, years = _fears(history, days, fits, looks, criteria)
    return Walk(
        months=[day_of(day) for day in days],
        end=day_of(end),
        people=int((_ends(history) > history.first).sum()),
        stretch={name: _joined([look.stretch[name] for look in looks]) for name in rules},
        back=_flags([look.next - day <= BACK_DAYS for look, day in zip(looks, days, strict=True)]),
        gone=_flags([look.next - day > AWAY_DAYS for look, day in zip(looks, days, strict=True)]),
        checked=(
            _flags([np.full(len(k.next), d + BACK_DAYS <= end) for k, d in zip(looks, days, strict=True)]),
            _flags([np.full(len(k.next), d + AWAY_DAYS <= end) for k, d in zip(looks, days, strict=True)]),
        ),
        fears={name: fears[name] for name in rules},
        loyal=loyal,
        loyal_years=years,
        weak=weak,
    )


def _end(history: History) -> int:
    return int(history.visits.day.max()) if len(history.visits.day) else 0


def _ends(history: History) -> Ints:
    """Per customer: one past their last visit, as a place."""
    return np.append(history.first[1:], len(history.visits.day))


def _days(history: History) -> list[int]:
    if not len(history.visits.day):
        return []
    first, end = int(history.visits.day.min()) + WARM_UP_DAYS, _end(history)
    months = (end - first) // 28 + 2
    found = [day_number(day) for day in month_ends(day_of(end), max(months, 0))]
    return sorted(day for day in found if first <= day < end)


def _fit(history: History, day: int) -> lifetime.Fit:
    return lifetime.fit(table(_known(history, day), day))


def _known(history: History, day: int, window_days: int = 365) -> pd.DataFrame:
    frame = features(history, day, window_days)
    return frame


@dataclass(frozen=True)
class _Look:
    """One month end: who had come (places in history), their limit, next visit (day), and the stretches."""

    limit: Floats  # of everyone, nan where nobody had come
    next: Ints
    stretch: dict[str, Stretch]


def _look(history: History, personas: Texts, day: int, fitted: lifetime.Fit, criteria: Criteria) -> _Look:
    frame = _known(history, day, criteria.rfm.window_days)
    nothing = np.zeros(len(frame), dtype=np.int64)
    level = frequency_levels(frame, cutoffs(frame, day, criteria), nothing, 0)
    stages = life(frame, personas, level, day, criteria)
    came = frame["last_day"].to_numpy() >= 0
    since = stages["since_days"].to_numpy()[came]
    limit = stages["limit_days"].to_numpy()
    alive = p_alive(frame, day, fitted).to_numpy(dtype=np.float64)[came]
    rules = criteria.lifecycle
    dormant = np.maximum(rules.dormant_multiple * limit[came], rules.dormant_least_days).round(2)
    early, late = since / limit[came], since / dormant
    enough = frame["visits"].to_numpy()[came] >= rules.churned_least_visits
    gone = np.where(enough, _doubt(alive.round(4), rules.churned_p_alive), 0.0)
    return _Look(
        limit=np.where(came, limit, np.nan),
        next=_next(history, day)[came],
        stretch={
            "ours": Stretch(np.maximum(early, gone), np.maximum(late, gone)),
            "rhythm": Stretch(early, late),
            "fixed": Stretch(since / FIXED_DAYS, since / (2 * FIXED_DAYS)),
            "p_alive": Stretch(_doubt(alive, ALIVE), _doubt(alive, ALIVE / 2)),
        },
    )


def _doubt(alive: npt.NDArray[np.floating[Any]], threshold: float) -> Floats:
    """The threshold over P(alive): divided by a multiplier, it still calls. Nothing where P is unknown."""
    found: Floats = np.where(np.isnan(alive), 0.0, threshold / np.maximum(alive, LEAST_ALIVE))
    return found


def _next(history: History, day: int) -> Ints:
    """Per customer the day of the first visit after ``day``, far off where the log has none."""
    place = history.position(day)
    there = place < _ends(history)
    found = np.full(history.count, 2**20, dtype=np.int64)
    found[there] = history.visits.day[place[there]]
    return found


def _joined(parts: list[Stretch]) -> Stretch:
    none = np.zeros(0)
    return Stretch(
        np.concatenate([none, *(part.lapsing for part in parts)]),
        np.concatenate([none, *(part.dormant for part in parts)]),
    )


def _flags(parts: list[Bools]) -> Bools:
    return np.concatenate([np.zeros(0, dtype=bool), *parts])


def _fears(
    history: History, days: list[int], fits: list[lifetime.Fit], looks: list[_Look], criteria: Criteria
) -> tuple[dict[str, Floats], int, float]:
    """How often would those who never left have been called lapsing? Per gap, and who was watched how long.

    The limit and the parameters of a gap are those of the last month end before it began.
    """
    visits, end = history.visits, _end(history)
    if not days:
        return {name: np.zeros(0) for name in RULES}, 0, 0.0
    before, after = _gaps(history, end)
    loyal = _loyal(history, after - before, end)
    look = np.searchsorted(days, visits.day, side="right") - 1
    limits = np.array([each.limit for each in looks])[look, visits.customer]
    watched = loyal[visits.customer] & (look >= 0) & ~np.isnan(limits)
    # On the evening of the next visit nobody is away any more.
    away = np.where(after > end, end - before, after - before - 1)[watched]
    fears = {"rhythm": away / limits[watched], "fixed": away / FIXED_DAYS}
    fears["p_alive"] = _doubts(history, fits, look, watched, away)
    rules = criteria.lifecycle
    came = 1 + np.arange(len(visits.day)) - history.first[visits.customer]
    judged = (came >= rules.churned_least_visits)[watched]
    gone = np.where(judged, fears["p_alive"] * rules.churned_p_alive / ALIVE, 0.0)
    fears["ours"] = np.maximum(fears["rhythm"], gone)
    first = visits.day[history.first[loyal]]
    began = np.array([*days, end])[np.searchsorted(days, first)]
    return fears, int(loyal.sum()), float((end - began).sum() / 365.25)


def _gaps(history: History, end: int) -> tuple[Ints, Ints]:
    """Day of each visit and of the next of its customer (``end`` + 1 where the log ends first)."""
    day = history.visits.day
    after = np.append(day[1:], end + 1)
    after[_ends(history)[_ends(history) > history.first] - 1] = end + 1
    return day, after


def _loyal(history: History, gap: Ints, end: int) -> Bools:
    """Never away for AWAY_DAYS, known for a year, and more than a passer-by."""
    longest = np.zeros(history.count, dtype=np.int64)
    np.maximum.at(longest, history.visits.customer, gap)
    came = _ends(history) > history.first
    known = np.zeros(history.count, dtype=np.int64)
    known[came] = end - history.visits.day[history.first[came]]
    many = _ends(history) - history.first >= LOYAL_VISITS
    return many & (known >= LOYAL_DAYS) & (longest < AWAY_DAYS)


def _doubts(history: History, fits: list[lifetime.Fit], look: Ints, watched: Bools, away: Ints) -> Floats:
    visits = history.visits
    fresh = np.cumsum(visits.new_day)
    first = history.first[visits.customer]
    repeats: Ints = (fresh - fresh[first])[watched]
    recency = (visits.day - visits.day[first])[watched]
    found = np.zeros(len(away))
    for place, fitted in enumerate(fits):
        mine = look[watched] == place
        if fitted.parameters is None or fitted.weak is not None:
            continue
        age = (recency + np.maximum(away, 0))[mine] / WEEK
        alive = lifetime.p_alive(repeats[mine], recency[mine] / WEEK, age, fitted.parameters)
        found[mine] = np.where(away[mine] > 0, _doubt(alive, ALIVE), 0.0)
    return found
