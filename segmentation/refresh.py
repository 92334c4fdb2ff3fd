"""The segmentation's one door to the database: read the log, compute, write what changed.

The log is read in one consistent state and computed without holding any lock; everything is written in
one short transaction. A run that is killed leaves the old segments as they were; of two runs at once
the second waits with its writing, compares with what the first wrote, and writes the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

import pandas as pd

from crm.db import Database
from segmentation import beside, reading, registry
from segmentation.criteria import SEGMENTS, Criteria, load
from segmentation.export import cells
from segmentation.segments import Outcome, segment
from segmentation.storing import prepare, store

Progress = Callable[[str, int], None]  # stage and how many rows of it; see STAGES
STAGES = ("reading", "visits", "month ends", "scores", "writing")


@dataclass(frozen=True)
class Run:
    """What one run found. ``stored`` is False for a view of another day, which changes nothing."""

    as_of: date
    customers: int
    changed: int
    segments: dict[str, int]
    stored: bool
    id: int | None
    outcome: Outcome
    numbers: pd.Series[str]

    def export(self) -> list[tuple[str, ...]]:
        """The rows of the export (export.COLUMNS), sorted by public number."""
        return cells(self.outcome.frame, self.numbers)


def refresh(
    database: Database,
    *,
    as_of: date,
    now: datetime,
    criteria: Criteria | None = None,
    trust_self_reported: bool = False,
    known_at: datetime | None = None,
    zone: tzinfo = UTC,
    progress: Progress | None = None,
) -> Run:
    """Segment every customer as of the end of ``as_of``.

    Stored when that day is not before the last stored one, has begun, and nothing is hidden by
    ``known_at`` (only what was known at that moment counts then); a view otherwise. ``zone`` is the
    chain's: it dates when people without a visit became known.
    """
    criteria = criteria or load()
    tell = progress or (lambda _stage, _rows: None)
    tell("reading", 0)
    with database.read() as session:
        people = registry.customers(session, zone, known_at)
        around = beside.read(session, people, known_at)
        rows = reading.log(
            session,
            people,
            as_of,
            trust=trust_self_reported,
            known_at=known_at,
            read=lambda count: tell("reading", count),
        )
        numbers = registry.numbers(session, people.index.to_numpy())
    people = registry.present(people, rows["customer"].unique(), as_of)
    read = len(rows)
    outcome = segment(rows, people, as_of, criteria, lambda stage: tell(stage, read), around)
    del rows
    stored = None
    if known_at is None and reading.today_has_begun(as_of, now):
        tell("writing", len(people))
        prepared = prepare(outcome)
        with database.write() as session:
            stored = store(session, outcome, prepared, started_at=now)
    counts = outcome.frame["segment"].value_counts()
    return Run(
        as_of=as_of,
        customers=len(outcome.frame),
        changed=stored.changed if stored else 0,
        segments={name: int(counts.get(name, 0)) for name in SEGMENTS},
        stored=stored is not None,
        id=stored.run if stored else None,
        outcome=outcome,
        numbers=numbers[people.index],
    )
