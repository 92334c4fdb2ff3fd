"""Month ends kept beside the state: how everyone stood, and the classes that were made of it.

The classes are made anew when the log before that day, someone's persona or the criteria have changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.state import MonthEnd
from segmentation import state, state_store
from segmentation.classes import Cutoffs, day_number
from segmentation.criteria import Criteria
from segmentation.memory import Snapshot, month_ends, taken
from segmentation.packing import WIDE, pack
from segmentation.state_run import Advanced
from segmentation.visits import Ints

_FREQUENCY, _VIP = 2, 4  # value stands in the two lowest bits of a mark


@dataclass(frozen=True)
class Personas:
    """Each customer's persona (in the order of ``keys``) as a number among ``names``."""

    keys: Ints
    texts: pd.Series[str]
    names: list[str]
    codes: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, people: pd.DataFrame) -> Personas:
        codes, names = pd.factorize(people["persona"], sort=True)
        kinds = [str(name) for name in names]
        return cls(people.index.to_numpy(), people["persona"], kinds, codes.astype(np.uint8))


def past(session: Session, advanced: Advanced, people: pd.DataFrame, criteria: Criteria) -> list[Snapshot]:
    """memory.snapshots from what is kept. What had to be made anew joins ``advanced.writing``."""
    personas, made_with = Personas.of(people), _fingerprint(criteria)
    found = []
    for end in month_ends(advanced.day, criteria.memory_months):
        kept = None if end in advanced.stood else _kept(session, end, personas, made_with)
        if kept is None:
            made = advanced.stood[end] if end in advanced.stood else state_store.stood(session, end)
            stood = made.astype(np.int64)
            kept = _snapshot(stood, personas, end, criteria)
            advanced.writing.month_ends.append(_row(kept, stood, personas, end, made_with))
        found.append(kept)
    return found


def differing(
    session: Session, end: date, right: pd.DataFrame, people: pd.DataFrame, criteria: Criteria
) -> list[dict[str, Any]]:
    """Whose classes of that month end are not those that ``right``, how everyone stood, gives; nobody where
    the next run makes them anew. Raises ValueError, IndexError where the bytes kept are no classes.
    """
    personas = Personas.of(people)
    kept = _kept(session, end, personas, _fingerprint(criteria))
    if kept is None:
        return []
    made = _snapshot(right.astype(np.int64), personas, end, criteria)
    unequal = {
        "cut-offs": np.full(len(personas.keys), kept.cuts != made.cuts),
        "value": kept.value != made.value,
        "frequency": kept.frequency != made.frequency,
        "vip": kept.vip != made.vip,
    }
    return [
        {
            "customer": int(personas.keys[place]),
            "differs": [f"{end} {name}" for name, wrong in unequal.items() if wrong[place]],
        }
        for place in np.flatnonzero(np.any(list(unequal.values()), axis=0)).tolist()
    ]


def _fingerprint(criteria: Criteria) -> str:
    return hashlib.sha256(criteria.model_dump_json().encode()).hexdigest()


def _snapshot(stood: pd.DataFrame, personas: Personas, end: date, criteria: Criteria) -> Snapshot:
    frame = state.featured(state.spread(stood, personas.keys), day_number(end))
    return taken(frame, personas.texts, day_number(end), criteria)


def _row(
    snapshot: Snapshot, stood: pd.DataFrame, personas: Personas, end: date, made_with: str
) -> dict[str, Any]:
    place = np.searchsorted(personas.keys, stood.index.to_numpy())
    marks = snapshot.value | snapshot.frequency << _FREQUENCY | snapshot.vip.astype(np.uint8) << _VIP
    features, how = pack(stood)
    return {
        "day": end,
        "customers": stood.index.to_numpy(dtype=WIDE).tobytes(),
        "features": features,
        "marks": marks[place].tobytes() + personas.codes[place].tobytes(),
        "facts": {
            "packed": how,
            "made_with": made_with,
            "personas": personas.names,
            "population": snapshot.cuts.population,
            "value": snapshot.cuts.value,
            "frequency": snapshot.cuts.frequency,
        },
    }


def _kept(session: Session, end: date, personas: Personas, made_with: str) -> Snapshot | None:
    """The classes as they were made, if they would be made the same today."""
    row = session.execute(
        select(MonthEnd.customers, MonthEnd.marks, MonthEnd.facts).where(MonthEnd.day == end)
    ).one()
    facts = row.facts
    if row.marks is None or facts["made_with"] != made_with or facts["personas"] != personas.names:
        return None
    customers = np.frombuffer(row.customers, dtype=WIDE)
    there = np.isin(personas.keys, customers, assume_unique=True)
    marks = np.frombuffer(row.marks, dtype=np.uint8)
    if not np.array_equal(marks[len(customers) :], personas.codes[there]):
        return None
    whole = np.zeros(len(personas.keys), dtype=np.uint8)
    whole[there] = marks[: len(customers)]
    cuts = Cutoffs(
        day_number(end),
        facts["population"],
        {name: (pair[0], pair[1]) for name, pair in facts["value"].items()},
        (facts["frequency"][0], facts["frequency"][1]) if facts["frequency"] else None,
    )
    return Snapshot(
        day_number(end),
        cuts,
        (whole & 3).astype(np.uint8),
        (whole >> _FREQUENCY & 3).astype(np.uint8),
        (whole >> _VIP & 1).astype(bool),
    )
