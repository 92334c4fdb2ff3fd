"""Pieces of a state from the log: the numbers of some customers, here or on another machine. Reads only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from crm.fillups import Fillup
from segmentation import reading, state, state_packs
from segmentation.classes import day_number
from segmentation.criteria import Criteria
from segmentation.dimensions import Beside
from segmentation.features import History, features, other_money
from segmentation.packing import narrow
from segmentation.state_packs import MONTHS, PLACES, none
from segmentation.visits import Ints, visits

AT_ONCE = 25_000  # customers made anew in one piece
Tell = Callable[[int], None]


@dataclass(frozen=True)
class Setting:
    """What the numbers are made with. ``people``: every customer, as from registry.customers."""

    people: pd.DataFrame
    beside: Beside
    criteria: Criteria
    trust: bool

    def signature(self, day: date) -> str:
        """Equal where the numbers of that day mean the same and were made with the same."""
        criteria = self.criteria
        prices = self.beside.prices
        known = prices[prices["day"] <= day_number(day)].sort_values(["station", "product", "day"])
        said = known.to_csv(index=False).encode()
        facts = {
            "numbers": state.NUMBERS,
            "part": state_packs.PART,
            "visit": criteria.visit.gap_minutes,
            "window": criteria.rfm.window_days,
            "gap": criteria.rhythm.shortest_gap_days,
            "months": [criteria.loyalty.months, criteria.decline.months],
            "price": [criteria.price.drop_days, criteria.price.look_back_days],
            "prices": hashlib.sha256(said).hexdigest(),
            "stations": self.beside.stations["code"].sort_values().index.tolist(),
            "trust": self.trust,
        }
        return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Piece:
    """What is made of some customers: numbers, side tables, and how they stood at month ends."""

    numbers: pd.DataFrame
    months: pd.DataFrame
    places: pd.DataFrame
    stood: dict[date, pd.DataFrame]


@dataclass
class Work:
    """Pieces made in one advance; numbers are narrow (packing.narrow)."""

    numbers: list[pd.DataFrame] = field(default_factory=list)
    months: list[pd.DataFrame] = field(default_factory=list)
    places: list[pd.DataFrame] = field(default_factory=list)
    stood: dict[date, list[pd.DataFrame]] = field(default_factory=dict)

    def add(self, made: Piece | None) -> None:
        if made is None:
            return
        self.numbers.append(narrow(made.numbers))
        self.months.append(made.months)
        self.places.append(made.places)
        for end, frame in made.stood.items():
            self.stood.setdefault(end, []).append(narrow(frame))

    def all_months(self) -> pd.DataFrame:
        return pd.concat([none(*MONTHS), *self.months], ignore_index=True)

    def all_places(self) -> pd.DataFrame:
        return pd.concat([none(*PLACES), *self.places], ignore_index=True)


Elsewhere = Callable[[Setting, Ints, date, list[date]], Iterable[Piece | None]]


def joined(parts: list[pd.DataFrame], names: tuple[str, ...]) -> pd.DataFrame:
    if not parts:
        return none(*names).set_index(pd.Index(np.zeros(0, dtype=np.int64), name="customer"))
    return pd.concat(parts).sort_index()


def make(
    session: Session, setting: Setting, keys: Ints, day: date, ends: list[date], work: Work, tell: Tell
) -> None:
    """Make the numbers of these customers (survivors) on ``day``, and how they stood at ``ends``."""
    for some in parts(keys):
        work.add(piece(session, setting, some, day, ends))
        tell(sum(map(len, work.numbers)))


def piece(session: Session, setting: Setting, some: Ints, day: date, ends: list[date]) -> Piece | None:
    """The numbers of some customers; None where none of them ever came."""
    only = _rows_of(session, setting.people, some)
    rows = reading.log(session, setting.people, day, trust=setting.trust, only=only)
    rows = rows[np.isin(rows["customer"].to_numpy(), some)].reset_index(drop=True)
    if len(rows) == 0:
        return None
    made = state.make(rows, setting.people, day, setting.criteria, setting.beside)
    stood = {end: stood_at(made.history, end, setting.criteria) for end in ends}
    return Piece(made.numbers, made.months, made.places, stood)


def parts(keys: Ints) -> Iterator[Ints]:
    for begin in range(0, len(keys), AT_ONCE):
        yield keys[begin : begin + AT_ONCE]


def _rows_of(session: Session, people: pd.DataFrame, keys: Ints) -> ColumnElement[bool]:
    """The rows of these customers and of whoever was merged into them."""
    ids = people.index.to_numpy()
    survivors = people["survivor"].to_numpy()
    merged = survivors != ids
    theirs = np.union1d(keys, ids[merged & np.isin(survivors, keys)])
    if len(theirs) == 0:
        return Fillup.id < 0
    span = ids[(ids >= theirs[0]) & (ids <= theirs[-1])]
    if len(span) <= len(theirs) + merged.sum():
        return Fillup.customer_id.between(int(theirs[0]), int(theirs[-1]))
    return reading.among(session, Fillup.customer_id, theirs)


def stood_at(history: History, end: date, criteria: Criteria) -> pd.DataFrame:
    """How they stood at the end of that day: those who had come by then."""
    found = features(history, day_number(end), criteria.rfm.window_days)
    return state.stood(found[found["visits"] > 0], day_number(end))


def other_currencies(
    session: Session, setting: Setting, numbers: pd.DataFrame, keys: Ints, day: date
) -> dict[int, dict[str, int]]:
    """Money in other than the main currency (segments.Outcome.beside), from the rows of those who have it."""
    mixed = numbers.index.to_numpy()[numbers["currencies"].to_numpy() > 1]
    mixed = mixed[np.isin(mixed, keys, assume_unique=True)]
    found: dict[int, dict[str, int]] = {}
    for some in parts(mixed):
        rows = reading.log(
            session, setting.people, day, trust=setting.trust, only=_rows_of(session, setting.people, some)
        )
        rows = rows[np.isin(rows["customer"].to_numpy(), some)].reset_index(drop=True)
        history = History(visits(rows, some, setting.criteria))
        window = setting.criteria.rfm.window_days
        frame = features(history, day_number(day), window)
        money = other_money(history, frame, day_number(day), window)
        found |= {int(np.searchsorted(keys, some[place])): amounts for place, amounts in money.items()}
    return found
