"""The whole chain of thought, pure: rows -> visits -> features -> scores -> classes -> segment.

One function of the log, the customers, the day and the criteria. No database, no clock; the order of
the rows and the numbers of their ids change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from segmentation import lifetime
from segmentation.alive import p_alive
from segmentation.classes import LEVELS, Cutoffs, cutoffs, day_number, frequency_levels, value_levels
from segmentation.criteria import Criteria
from segmentation.dimensions import Beside, Window, complete, credit_risks, dimensions, fleets, window
from segmentation.features import History, features, other_money
from segmentation.memory import Snapshot, meets_vip, months_since_vip, snapshots
from segmentation.rhythm import Priors, Texts, lifecycle, priors_of, rhythm, similar
from segmentation.scores import scores
from segmentation.visits import Bools, Ints, among, visits

Step = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """One row per customer (index: their keys), with every dimension and the numbers it came from.

    Beside the columns of features, scores and rhythm: p_alive (-1: nothing can be said), value,
    frequency_class ("" for none), value_then, frequency_then (at the last month end), vip (meets the rule
    today), vip_months (see memory.months_since_vip), all of dimensions.dimensions, credit_risk, rule
    (1-based place in the criteria), segment. ``beside``: place of a customer -> money of the window in
    other currencies.
    ``accounts``: one row per account (dimensions.fleets).
    """

    as_of: date
    frame: pd.DataFrame
    cuts: Cutoffs
    population: int
    beside: dict[int, dict[str, int]]
    criteria: Criteria
    accounts: pd.DataFrame
    stations: pd.DataFrame
    priors: Priors

    def facts(self) -> dict[str, Any]:
        """The thresholds in force, as JSON."""
        return {
            **self.cuts.facts(),
            "scored": self.population,
            "criteria": self.criteria.version,
            "priors": self.priors.facts(),
        }


@dataclass(frozen=True)
class Known:
    """One row per customer each, made from the rows of the log or kept in a state.

    ``features`` as from features.features; ``past`` as from memory.snapshots; ``inside`` the sums of the
    window; ``beside`` as in Outcome.
    """

    features: pd.DataFrame
    past: list[Snapshot]
    inside: Window
    beside: dict[int, dict[str, int]]


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
    personas = customers["persona"].to_numpy().astype(object)
    day, days = day_number(as_of), criteria.rfm.window_days
    step("visits")
    history = History(visits(rows, keys, criteria))
    step("month ends")
    past = snapshots(history, personas, as_of, criteria)
    step("scores")
    frame = features(history, day, days)
    main = frame["currency"].to_numpy().astype(object)
    inside = window(rows, history.visits, customers, main, as_of, criteria, around)
    known = Known(frame, past, inside, other_money(history, frame, day, days))
    return decide(known, customers, as_of, criteria, around)


def decide(known: Known, customers: pd.DataFrame, as_of: date, criteria: Criteria, around: Beside) -> Outcome:
    """The segments from what is known of each of ``customers`` (dimensions.complete)."""
    personas = customers["persona"].to_numpy().astype(object)
    frame = known.features
    population = int((frame["frequency"] > 0).sum())
    frame = frame.join(scores(frame, criteria.rfm))
    cuts, priors = _classify(frame, personas, day_number(as_of), known.past, criteria, around.fit)
    frame = frame.join(dimensions(frame, known.inside, customers, as_of, criteria))
    fleet = fleets(frame, around, cuts, criteria)
    frame["credit_risk"] = credit_risks(frame, fleet)
    _name(frame, criteria)
    return Outcome(as_of, frame, cuts, population, known.beside, criteria, fleet, around.stations, priors)


def _classify(
    frame: pd.DataFrame,
    personas: Texts,
    day: int,
    past: list[Snapshot],
    criteria: Criteria,
    fit: lifetime.Fit | None,
) -> tuple[Cutoffs, Priors]:
    """Add the classes, the stage and the VIP memory to the frame; returns the cut-offs and priors used.

    Month ends are remembered by rhythm alone, so that a new fit rewrites no past.
    """
    last = past[0]
    cuts, value_then, frequency_then = last.cuts, last.value, last.frequency
    if not cuts.value:  # too few people at the last month end: today's own cut-offs, and no memory
        cuts = cutoffs(frame, day, criteria)
        value_then = frequency_then = np.zeros(len(frame), dtype=np.int64)
    keep = criteria.steady.keep_percent
    value = value_levels(frame, cuts, value_then, keep)
    frequency = frequency_levels(frame, cuts, frequency_then, keep)
    # The rounded chance is the one that counts, so that what is shown is what was compared.
    frame["p_alive"] = p_alive(frame, day, fit).round(4).fillna(-1.0)
    alike = similar(personas, frequency)
    priors = priors_of(frame, alike, criteria.rhythm)
    rhythms = rhythm(frame, alike, criteria.rhythm, priors)
    alive = frame["p_alive"].to_numpy()
    stages = rhythms.join(lifecycle(frame, rhythms, day, criteria.lifecycle, alive))
    frame[stages.columns] = stages
    for name, levels in (("value", value), ("frequency_class", frequency)):
        frame[name] = LEVELS[levels]
    for name, levels in (("value_then", value_then), ("frequency_then", frequency_then)):
        frame[name] = LEVELS[levels]
    frame["vip"] = meets_vip(value, frequency, frame["lifecycle"].to_numpy(), criteria.vip)
    frame["vip_months"] = months_since_vip(past, len(frame))
    return cuts, priors


def _name(frame: pd.DataFrame, criteria: Criteria) -> None:
    """The primary segment: the first rule that fits."""
    rule = np.zeros(len(frame), dtype=np.int64)
    for number, fits in enumerate(_fits(frame, criteria), start=1):
        rule[(rule == 0) & fits] = number
    frame["rule"] = rule
    names = np.array(["", *(line.name for line in criteria.segments)], dtype=object)
    frame["segment"] = names[rule]


def _fits(frame: pd.DataFrame, criteria: Criteria) -> list[Bools]:
    stage = frame["lifecycle"].to_numpy().astype(object)
    months: Ints = frame["vip_months"].to_numpy()
    result = []
    for line in criteria.segments:
        fits = np.ones(len(frame), dtype=bool)
        if line.lifecycle is not None:
            fits &= among(stage, line.lifecycle)
        if line.vip is not None:
            fits &= frame["vip"].to_numpy()
        if line.vip_within is not None:
            fits &= (months > 0) & (months <= line.vip_within)
        result.append(fits)
    return result
