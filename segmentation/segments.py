"""The whole chain of thought, pure: rows -> visits -> features -> scores -> classes -> segment.

One function of the log, the customers, the day and the criteria. No database, no clock; the order of
the rows and the numbers of their ids change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd

from segmentation import prices
from segmentation.alive import p_alive
from segmentation.classes import LEVELS, Cutoffs, Levels, cutoffs, day_number, frequency_levels, value_levels
from segmentation.criteria import Criteria
from segmentation.dimensions import Beside, Where, Window, complete, credit_risks, dimensions, fleets, window
from segmentation.features import History, features, other_money
from segmentation.memory import Snapshot, meets_vip, months_since_vip, snapshots
from segmentation.named import named, plain
from segmentation.rhythm import Priors, lifecycle, priors_of, rhythm, similar
from segmentation.scores import Scales, scales, scores
from segmentation.visits import Bools, Ints, among, visits

PART = 3 * 2**15  # customers whose rows are made at once
# What everyone is held against is made of these columns of their features.
OVERALL = ("frequency", "recency_days", "monetary", "currency", "gaps", "gap_sum", "gap_squares")
Step = Callable[[str], None]


class Source(Protocol):
    """Numbers of everyone, made from the rows of the log or kept in a state; of some when asked.

    ``overall``: OVERALL of everyone. ``features`` as from features.features and ``inside``, the window, of
    those at some places. ``coupons`` and ``visits``: how many there are in everyone's window.
    """

    coupons: int
    visits: int

    @property
    def overall(self) -> pd.DataFrame: ...

    def features(self, where: Where) -> pd.DataFrame: ...

    def inside(self, where: Where) -> Window: ...


class Rows:
    """The numbers made from the rows of the log."""

    def __init__(self, overall: pd.DataFrame, window: Window) -> None:
        self.overall, self.window = overall, window
        self.coupons, self.visits = int(window.coupons.sum()), int(window.homes["window_visits"].sum())

    def features(self, where: Where) -> pd.DataFrame:
        return self.overall.iloc[where]

    def inside(self, where: Where) -> Window:
        return self.window.of(where)


@dataclass(frozen=True)
class Known:
    """``past`` as from memory.snapshots; ``beside`` as in Outcome."""

    source: Source
    past: list[Snapshot]
    beside: dict[int, dict[str, int]]


@dataclass(frozen=True)
class Outcome:
    """What is held against everyone, and from it the rows of any customers. ``customers``: complete.

    ``rows`` and ``frame``, one row per customer (index: their keys), have every dimension and the numbers
    it came from. Beside the columns of features, scores and rhythm: p_alive (-1: nothing can be said),
    value, frequency_class ("" for none), value_then, frequency_then (at the last month end), vip (meets the
    rule today), vip_months (see memory.months_since_vip), all of dimensions.dimensions, credit_risk, rule
    (1-based place in the criteria), segment. ``beside``: place of a customer -> money of the window in
    other currencies.
    """

    as_of: date
    criteria: Criteria
    customers: pd.DataFrame
    around: Beside
    known: Known
    cuts: Cutoffs
    then: tuple[Levels, Levels]  # value and frequency of everyone at the last month end
    scales: Scales
    priors: Priors

    @property
    def population(self) -> int:
        return self.scales.population

    @property
    def stations(self) -> pd.DataFrame:
        return self.around.stations

    @property
    def beside(self) -> dict[int, dict[str, int]]:
        return self.known.beside

    def parts(self) -> Iterator[slice]:
        """All places, so many at once that their rows are a small part of the memory; one part at least."""
        return (slice(begin, begin + PART) for begin in range(0, len(self.customers) or 1, PART))

    @cached_property
    def frame(self) -> pd.DataFrame:
        return plain(self.rows(slice(None)))

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """One row per account (dimensions.fleets)."""
        records, account = self.around.accounts, self.customers["account"].to_numpy()
        drivers = np.flatnonzero(np.isin(account, records.index.to_numpy()))
        return fleets(self._classes(drivers), account[drivers], records, self.cuts, self.criteria)

    def rows(self, where: Where) -> pd.DataFrame:
        frame, people = self._classes(where), self.customers.iloc[where]
        source = self.known.source
        usual = prices.usual(source.coupons, source.visits)
        inside = source.inside(where)
        more = dimensions(frame, inside, people, self.as_of, self.criteria, usual)
        frame = pd.concat([frame, more], axis=1)
        frame["credit_risk"] = credit_risks(frame, self.accounts)
        _name(frame, self.criteria)
        return frame

    def facts(self) -> dict[str, Any]:
        """The thresholds in force, as JSON."""
        return {
            **self.cuts.facts(),
            "scored": self.population,
            "criteria": self.criteria.version,
            "priors": self.priors.facts(),
        }

    @cached_property
    def _vip_months(self) -> Levels:
        return months_since_vip(self.known.past, len(self.customers))

    def _classes(self, where: Where) -> pd.DataFrame:
        """Features, scores, the classes, the stage and the VIP memory.

        Month ends are remembered by rhythm alone, so that a new fit rewrites no past.
        """
        criteria, day = self.criteria, day_number(self.as_of)
        frame = self.known.source.features(where)
        frame = pd.concat([frame, scores(frame, criteria.rfm, self.scales)], axis=1)
        value_then, frequency_then = (levels[where] for levels in self.then)
        keep = criteria.steady.keep_percent
        value = value_levels(frame, self.cuts, value_then, keep)
        frequency = frequency_levels(frame, self.cuts, frequency_then, keep)
        # The rounded chance is the one that counts, so that what is shown is what was compared.
        frame["p_alive"] = p_alive(frame, day, self.around.fit).round(4).fillna(-1.0)
        alike = similar(self.customers["persona"].iloc[where], frequency)
        rhythms = rhythm(frame, alike, criteria.rhythm, self.priors)
        stages = lifecycle(frame, rhythms, day, criteria.lifecycle, frame["p_alive"].to_numpy())
        frame = pd.concat([frame, rhythms, stages], axis=1)
        levels = {"value": value, "frequency_class": frequency}
        for name, of in (levels | {"value_then": value_then, "frequency_then": frequency_then}).items():
            frame[name] = named(of, LEVELS.tolist())
        frame["vip"] = meets_vip(value, frequency, frame["lifecycle"], criteria.vip)
        frame["vip_months"] = self._vip_months[where].astype(np.int64)
        return frame


def segment(
    rows: pd.DataFrame,
    customers: pd.DataFrame,
    as_of: date,
    criteria: Criteria,
    step: Step = lambda _: None,
    around: Beside | None = None,
) -> Outcome:
    """Segment every customer as of the end of that day.

    ``rows``: visits.ROWS, in any order, none after ``as_of``. ``customers``: index int64 keys, sorted
    and unique; everyone in ``rows`` must be among them. Columns (what is left out is unknown):
    ``persona`` as declared, ``vehicles`` their kinds joined by commas, ``registered_on`` (a day, in
    chat; -1), ``account`` and ``home`` station as declared (ids; 0).
    """
    around = around or Beside()
    customers = complete(customers)
    keys = customers.index.to_numpy()
    day, days = day_number(as_of), criteria.rfm.window_days
    step("visits")
    history = History(visits(rows, keys, criteria))
    step("month ends")
    past = snapshots(history, customers["persona"].to_numpy(), as_of, criteria)
    step("scores")
    frame = features(history, day, days)
    main = frame["currency"].to_numpy().astype(object)
    inside = window(rows, history.visits, customers, main, as_of, criteria, around)
    known = Known(Rows(frame, inside), past, other_money(history, frame, day, days))
    return decide(known, customers, as_of, criteria, around)


def decide(known: Known, customers: pd.DataFrame, as_of: date, criteria: Criteria, around: Beside) -> Outcome:
    """The segments from what is known of each of ``customers`` (dimensions.complete)."""
    everyone, last = known.source.overall, known.past[0]
    cuts, then = last.cuts, (last.value, last.frequency)
    if not cuts.value:  # too few people at the last month end: today's own cut-offs, and no memory
        nothing = np.zeros(len(customers), dtype=np.uint8)
        cuts, then = cutoffs(everyone, day_number(as_of), criteria), (nothing, nothing)
    frequency = frequency_levels(everyone, cuts, then[1], criteria.steady.keep_percent)
    alike = similar(customers["persona"], frequency)
    priors = priors_of(everyone, alike, criteria.rhythm)
    return Outcome(
        as_of, criteria, customers, around, known, cuts, then, scales(everyone, criteria.rfm), priors
    )


def _name(frame: pd.DataFrame, criteria: Criteria) -> None:
    """The primary segment: the first rule that fits."""
    rule = np.zeros(len(frame), dtype=np.int64)
    for number, fits in enumerate(_fits(frame, criteria), start=1):
        rule[(rule == 0) & fits] = number
    frame["rule"] = rule
    frame["segment"] = named(rule, ["", *(line.name for line in criteria.segments)])


def _fits(frame: pd.DataFrame, criteria: Criteria) -> list[Bools]:
    months: Ints = frame["vip_months"].to_numpy()
    result = []
    for line in criteria.segments:
        fits = np.ones(len(frame), dtype=bool)
        if line.lifecycle is not None:
            fits &= among(frame["lifecycle"], line.lifecycle)
        if line.vip is not None:
            fits &= frame["vip"].to_numpy()
        if line.vip_within is not None:
            fits &= (months > 0) & (months <= line.vip_within)
        result.append(fits)
    return result
