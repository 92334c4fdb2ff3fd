"""The segmentation's one door to the database: read the log, compute, write what changed.

The log is read in one consistent state and computed without holding any lock; everything is written in
one short transaction. A run that is killed leaves the old segments as they were; of two runs at once
the second waits with its writing, compares with what the first wrote, and writes the difference.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo

import pandas as pd
from sqlalchemy.orm import Session

from crm.db import Database
from segmentation import beside, month_state, reading, registry, state_store
from segmentation.cluster import on
from segmentation.criteria import SEGMENTS, Criteria, load
from segmentation.dimensions import Beside, complete
from segmentation.export import cells
from segmentation.refitting import in_force
from segmentation.segments import Known, Outcome, decide, segment
from segmentation.state import Kept
from segmentation.state_made import Elsewhere, Setting, Tell, other_currencies
from segmentation.state_run import advance
from segmentation.storing import store

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
    database: Database

    def export(self) -> list[tuple[str, ...]]:
        """The rows of the export (export.COLUMNS), sorted by public number, which is read here."""
        with self.database.read() as session:
            numbers = registry.numbers(session, self.outcome.frame.index.to_numpy())
        return cells(self.outcome.frame, numbers)


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
    dask: str | None = None,
) -> Run:
    """Segment every customer as of the end of ``as_of``.

    Stored when that day is not before the last stored one, has begun, and nothing is hidden by
    ``known_at`` (only what was known at that moment counts then); a view otherwise. ``zone`` is the
    chain's: it dates when people without a visit became known. ``dask`` is the address of a cluster's
    scheduler, to make a stored day there from the whole log (cluster.py; raises NoDask, OSError).
    """
    elsewhere = on(dask, database.url) if dask else None
    asked = _Asked(
        as_of, criteria or load(), trust_self_reported, known_at, zone, progress or _quiet, elsewhere
    )
    live = known_at is None and reading.today_has_begun(as_of, now)
    asked.tell("reading", 0)
    with database.read() as session:
        reading.one_state(session)
        found = (asked.from_state(session) if live else None) or asked.from_log(session)
    outcome, stored = found.outcome, None
    if live:
        asked.tell("writing", len(outcome.customers))
        if found.state is not None:
            with suppress(state_store.OtherRun):  # then that one keeps it
                state_store.write(database, found.state)
        del found  # what was written need not be held any longer
        with _uncollected():
            stored = store(database, outcome, started_at=now)
    counts = stored.segments if stored else Counter(outcome.frame["segment"].tolist())
    return Run(
        as_of=as_of,
        customers=len(outcome.customers),
        changed=stored.changed if stored else 0,
        segments={name: counts[name] for name in SEGMENTS},
        stored=stored is not None,
        id=stored.run if stored else None,
        outcome=outcome,
        database=database,
    )


def view(
    session: Session,
    as_of: date,
    criteria: Criteria,
    *,
    trust: bool,
    zone: tzinfo,
    tell: Progress | None = None,
) -> Outcome:
    """The segments of a day by any criteria, from the kept state where there is one. Nothing is written."""
    asked = _Asked(as_of, criteria, trust, None, zone, tell or _quiet, None)
    return (asked.from_state(session) or asked.from_log(session)).outcome


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for cycles among the many rows that are compared, which have none: a twentieth of a
    night. (Of two runs at once the first to end may turn it on again for both.)
    """
    held = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if held:
            gc.enable()


def _quiet(_stage: str, _rows: int) -> None:
    pass


@dataclass(frozen=True)
class _Found:
    """An outcome, and the state to be kept where it came from one."""

    outcome: Outcome
    state: state_store.Writing | None


@dataclass(frozen=True)
class _Asked:
    """One question to the database: a day, and how it is looked at."""

    as_of: date
    criteria: Criteria
    trust: bool
    known_at: datetime | None
    zone: tzinfo
    tell: Progress
    elsewhere: Elsewhere | None

    def _around(self, session: Session, people: pd.DataFrame) -> Beside:
        fit = in_force(session, self.as_of, self.known_at)
        return replace(beside.read(session, people, self.known_at), fit=fit)

    def from_log(self, session: Session) -> _Found:
        people = registry.customers(session, self.zone, self.known_at)
        around = self._around(session, people)
        rows = reading.log(
            session,
            people,
            self.as_of,
            trust=self.trust,
            known_at=self.known_at,
            read=lambda count: self.tell("reading", count),
        )
        people = registry.present(people, rows["customer"].unique(), self.as_of)
        read = len(rows)
        outcome = segment(
            rows, people, self.as_of, self.criteria, lambda stage: self.tell(stage, read), around
        )
        return _Found(outcome, None)

    def from_state(self, session: Session) -> _Found | None:
        """None where the state is of a later day."""
        people = registry.customers(session, self.zone, None, settled=self.as_of)
        around = self._around(session, people)
        setting = Setting(people, around, self.criteria, self.trust)
        tell: Tell = lambda count: self.tell("visits", count)  # noqa: E731
        advanced = advance(session, setting, self.as_of, tell, self.elsewhere)
        if advanced is None:
            return None
        came = advanced.numbers.index.to_numpy()
        here = complete(registry.present(people, came, self.as_of))
        keys = here.index.to_numpy()
        self.tell("month ends", len(keys))
        past = month_state.past(session, advanced, here, self.criteria)
        self.tell("scores", len(keys))
        known = Known(
            Kept(advanced.numbers, here, self.as_of, self.criteria, around),
            past,
            other_currencies(session, setting, advanced.numbers, keys, self.as_of),
        )
        return _Found(decide(known, here, self.as_of, self.criteria, around), advanced.writing)
