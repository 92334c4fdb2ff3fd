"""What kind of driver someone is: as they or their vehicle say, else as their visits look. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from segmentation.columns import FUELS, WEEKDAYS
from segmentation.named import meanings, named
from segmentation.thresholds import PERSONAS, PersonaRule, PersonaRules
from segmentation.visits import Bools, Ints, among

WORKDAYS = 5
PLAIN = "private"
SOURCES = ("declared", "vehicle", "account", "inferred")  # what says so


def said(people: pd.DataFrame, criteria: PersonaRules) -> tuple[Ints, Ints]:
    """The persona that needs no inference and what says so: 1-based places in PERSONAS and SOURCES, 0 where
    there is none.

    In this order: the declared persona; a vehicle that is for one use; an account (a fleet's driver); a
    vehicle of everyday use. ``people``: persona, vehicles (kinds, joined by commas), account.
    """
    kinds: dict[str, str] = {kind.casefold(): persona for kind, persona in criteria.vehicles.items()}
    fleet = np.where(people["account"].to_numpy() > 0, _place("fleet"), 0)
    persona, source = np.zeros(len(people), dtype=np.int64), np.zeros(len(people), dtype=np.int64)
    for values, name in (
        (meanings(people["persona"], _place), "declared"),
        (meanings(people["vehicles"], lambda text: _place(_special(text, kinds))), "vehicle"),
        (fleet, "account"),
        (meanings(people["vehicles"], lambda text: _place(_of_vehicles(text, kinds))), "vehicle"),
    ):
        takes = (persona == 0) & (values > 0)
        persona, source = np.where(takes, values, persona), np.where(takes, SOURCES.index(name) + 1, source)
    return persona, source


def _place(persona: str) -> int:
    return PERSONAS.index(persona) + 1 if persona in PERSONAS else 0


def _special(text: str, kinds: dict[str, str]) -> str:
    """As ``_of_vehicles``, for one use alone."""
    found = _of_vehicles(text, kinds)
    return "" if found == PLAIN else found


def _of_vehicles(text: str, kinds: dict[str, str]) -> str:
    """The first kind that is for one use, else that of everyday use."""
    found = [kinds[kind] for kind in text.casefold().split(",") if kind in kinds]
    return min(found, key=lambda persona: (persona == PLAIN, PERSONAS.index(persona)), default="")


def persona(frame: pd.DataFrame, people: pd.DataFrame, criteria: PersonaRules) -> pd.DataFrame:
    """``persona``, ``persona_from`` (declared, vehicle, account, inferred), ``persona_inferred`` and the
    numbers that the rules look at: fill_ml, company_percent, workday_percent, and ``persona_rule`` (1-based).

    ``frame``: the sums of the window, frequency, typical_days and product.
    """
    numbers = _numbers(frame)
    rule = np.zeros(len(frame), dtype=np.int64)
    for place, line in enumerate(criteria.rules, start=1):
        rule[(rule == 0) & _fits(line, frame, numbers)] = place
    known, source = said(people, criteria)
    inferred = known == 0
    names = ("", *PERSONAS, *(line.name for line in criteria.rules))
    columns = {
        "persona": named(np.where(inferred, len(PERSONAS) + rule, known), names),
        "persona_from": named(np.where(inferred, SOURCES.index("inferred") + 1, source), ("", *SOURCES)),
        "persona_inferred": inferred,
        "persona_rule": np.where(inferred, rule, 0),
    }
    return numbers.assign(**columns)


def _numbers(frame: pd.DataFrame) -> pd.DataFrame:
    litres = np.sum([frame[f"litres_{group}"].to_numpy() for group in FUELS], axis=0, dtype=np.int64)
    week = np.array([frame[f"weekday_{n}"].to_numpy() for n in range(WEEKDAYS)])
    lines, fills = frame["lines"].to_numpy(), frame["fuel_lines"].to_numpy()
    columns = {
        "fill_ml": litres // np.maximum(fills, 1),
        "company_percent": 100 * frame["company_lines"].to_numpy() // np.maximum(lines, 1),
        "workday_percent": 100 * week[:WORKDAYS].sum(axis=0) // np.maximum(week.sum(axis=0), 1),
    }
    return pd.DataFrame(columns, index=frame.index)


def _fits(rule: PersonaRule, frame: pd.DataFrame, numbers: pd.DataFrame) -> Bools:
    fits = np.ones(len(frame), dtype=bool)
    if rule.product is not None:
        fits &= among(frame["product"], rule.product)
    if rule.least_visits is not None:
        fits &= frame["frequency"].to_numpy() >= rule.least_visits
    if rule.most_gap_days is not None:
        fits &= (frame["gaps"].to_numpy() > 0) & (frame["typical_days"].to_numpy() <= rule.most_gap_days)
    if rule.least_fill_litres is not None:
        fits &= numbers["fill_ml"].to_numpy() >= 1000 * rule.least_fill_litres
    if rule.most_fill_litres is not None:
        fits &= numbers["fill_ml"].to_numpy() <= 1000 * rule.most_fill_litres
    if rule.company_percent is not None:
        fits &= numbers["company_percent"].to_numpy() >= rule.company_percent
    if rule.workday_percent is not None:
        fits &= numbers["workday_percent"].to_numpy() >= rule.workday_percent
    return fits
