"""Is the state what the log gives? Both are made, compared number by number, and nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from crm.db import Database
from segmentation import beside, month_state, reading, registry, state, state_packs, state_store
from segmentation.criteria import Criteria, load
from segmentation.memory import month_ends
from segmentation.state_made import Setting
from segmentation.state_packs import MONTHS, PLACES, none
from segmentation.state_run import Advanced, Slide, rebuild


@dataclass(frozen=True)
class Verdict:
    """``day`` of the state (None: there is none yet), and each customer who differs, with what differs."""

    day: date | None
    customers: int
    differing: list[dict[str, Any]]


def verify(
    database: Database,
    *,
    criteria: Criteria | None = None,
    trust_self_reported: bool = False,
    zone: tzinfo = UTC,
) -> Verdict:
    """Hold the state, and what the log went through since it was written, against the whole log."""
    criteria = criteria or load()
    with database.read() as session:
        reading.one_state(session)
        head = state_store.head(session)
        if head.day is None:
            return Verdict(None, 0, [])
        people = registry.customers(session, zone, None)
        setting = Setting(people, beside.read(session, people, None), criteria, trust_self_reported)
        if head.signature != setting.signature(head.day):
            return Verdict(None, 0, [])
        right = rebuild(session, setting, head.day)
        ends = [
            end
            for end in month_ends(head.day, criteria.memory_months)
            if end in state_store.month_end_days(session)
        ]
        try:
            slide = Slide(session, setting, head, state_store.changes(session), lambda _n: None)
            kept = slide.to(head.day, ends)
            found = _sides(slide, right)
        except ValueError:  # bytes of the state are missing: nobody in it can be trusted
            everyone = right.numbers.index.tolist()
            found = [{"customer": key, "differs": ["length"]} for key in everyone]
            return Verdict(head.day, len(right.numbers), found)
        found = _differing("", kept.numbers, right.numbers) + found
        here = registry.present(people, right.numbers.index.to_numpy(), head.day)
        for end in ends:
            found += _month_end(session, end, kept, right, here, criteria)
    return Verdict(head.day, len(right.numbers), found)


def _month_end(
    session: Session, end: date, kept: Advanced, right: Advanced, people: pd.DataFrame, criteria: Criteria
) -> list[dict[str, Any]]:
    """How everyone stood then, and the classes that are kept of it."""
    if end in kept.stood:  # made anew from what the log went through since; so are its classes
        return _differing(f"{end} ", kept.stood[end], right.stood[end])
    try:
        found = _differing(f"{end} ", state_store.stood(session, end), right.stood[end])
        return found + month_state.differing(session, end, right.stood[end], people, criteria)
    except (ValueError, IndexError):
        return [{"customer": key, "differs": [f"{end} length"]} for key in right.stood[end].index.tolist()]


def _differing(where: str, kept: pd.DataFrame, right: pd.DataFrame) -> list[dict[str, Any]]:
    keys = np.union1d(kept.index.to_numpy(), right.index.to_numpy())
    mine, theirs = state.spread(kept, keys), state.spread(right, keys)
    unequal = mine.to_numpy() != theirs[list(mine.columns)].to_numpy()
    found = []
    for place in np.flatnonzero(unequal.any(axis=1)).tolist():
        names = [where + str(name) for name in mine.columns[unequal[place]]]
        found.append({"customer": int(keys[place]), "differs": names})
    return found


def _sides(slide: Slide, right: Advanced) -> list[dict[str, Any]]:
    """Months and places, of those whom the state knows."""
    made = [(part, frame.assign(month=month)) for part, month, frame in right.writing.months]
    parts = sorted({part for part, _frame in made} | set(state_packs.parts(slide.session, "months")))
    months = pd.concat([none(*MONTHS), *(slide.months.of(slide.session, part) for part in parts)])
    untouched = np.setdiff1d(right.numbers.index.to_numpy(), slide.touched)
    places = state_packs.table(slide.session, "places", PLACES)
    places = places[np.isin(places["customer"].to_numpy(), untouched)]
    whole = right.writing.places
    whole = whole[np.isin(whole["customer"].to_numpy(), untouched)]
    return [
        *_rows_that_differ("months", months, pd.concat([none(*MONTHS), *(frame for _part, frame in made)])),
        *_rows_that_differ("places", places, whole),
    ]


def _rows_that_differ(name: str, kept: pd.DataFrame, made: pd.DataFrame) -> list[dict[str, Any]]:
    columns = list(made.columns)
    both = pd.concat([kept[columns], made]).groupby(columns).size()
    odd = both[both == 1].reset_index()["customer"].unique()
    return [{"customer": int(key), "differs": [name]} for key in sorted(odd.tolist())]
