"""Is the state what the log gives? Both are made, compared number by number, and nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from typing import Any

import numpy as np
import pandas as pd

from crm.db import Database
from segmentation import beside, reading, registry, state, state_store
from segmentation.criteria import Criteria, load
from segmentation.memory import month_ends
from segmentation.packing import groups_to_bytes
from segmentation.state_made import Setting
from segmentation.state_run import Advanced, Slide, rebuild
from segmentation.visits import Ints


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
        broken = state_store.broken(session)
        if broken:
            return Verdict(
                head.day, len(right.numbers), [{"customer": key, "differs": ["length"]} for key in broken]
            )
        slide = Slide(session, setting, head, state_store.changes(session), lambda _n: None)
        kept = slide.to(head.day, ends)
        found = _differing("", kept.numbers, right.numbers)
        for end in ends:
            stood = kept.stood[end] if end in kept.stood else state_store.stood(session, end)
            found += _differing(f"{end} ", stood, right.stood[end])
        untouched = np.setdiff1d(right.numbers.index.to_numpy(), slide.touched)
        found += _sides(right, *state_store.sides(session, untouched), untouched)
    return Verdict(head.day, len(right.numbers), found)


def _differing(where: str, kept: pd.DataFrame, right: pd.DataFrame) -> list[dict[str, Any]]:
    keys = np.union1d(kept.index.to_numpy(), right.index.to_numpy())
    mine, theirs = state.spread(kept, keys), state.spread(right, keys)
    unequal = mine.to_numpy() != theirs[list(mine.columns)].to_numpy()
    found = []
    for place in np.flatnonzero(unequal.any(axis=1)).tolist():
        names = [where + str(name) for name in mine.columns[unequal[place]]]
        found.append({"customer": int(keys[place]), "differs": names})
    return found


def _sides(right: Advanced, months: pd.DataFrame, places: pd.DataFrame, keys: Ints) -> list[dict[str, Any]]:
    found = []
    for name, kept, made in (
        ("months", months, right.writing.months),
        ("places", places, right.writing.places),
    ):
        one, other = (
            dict(zip(of.tolist(), parts, strict=True))
            for of, parts in (groups_to_bytes(kept, "customer"), groups_to_bytes(made, "customer"))
        )
        found += [
            {"customer": key, "differs": [name]} for key in keys.tolist() if one.get(key) != other.get(key)
        ]
    return found
