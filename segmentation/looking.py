"""The log as an analysis reads it: once, in one consistent state, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, tzinfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.db import Database
from segmentation import beside, lifetime, reading, registry
from segmentation.classes import day_number
from segmentation.criteria import Criteria
from segmentation.dimensions import Beside
from segmentation.features import History
from segmentation.refitting import every
from segmentation.segments import Outcome, segment
from segmentation.visits import visits


@dataclass(frozen=True)
class Log:
    """Rows (visits.ROWS) up to ``as_of``, everyone in the records (registry), their public numbers.

    ``fits``: the lifetime fit in force on a day.
    """

    as_of: date
    rows: pd.DataFrame
    people: pd.DataFrame
    around: Beside
    numbers: pd.Series[str]
    fits: Callable[[date], lifetime.Fit | None]

    def until(self, day: date) -> pd.DataFrame:
        return self.rows[self.rows["day"].to_numpy() <= day_number(day)]

    def present(self, day: date | None = None) -> pd.DataFrame:
        """Who is a customer on ``day`` (``as_of`` where none is given)."""
        day = day or self.as_of
        return registry.present(self.people, self.until(day)["customer"].unique(), day)

    def outcome(self, criteria: Criteria, day: date | None = None) -> Outcome:
        """Segments as of ``day`` (not after ``as_of``), as segments.segment gives them."""
        day = day or self.as_of
        around = replace(self.around, fit=self.fits(day))
        return segment(self.until(day), self.present(day), day, criteria, around=around)

    def history(self, criteria: Criteria) -> tuple[History, npt.NDArray[np.object_]]:
        """Visits of everyone who is a customer on ``as_of``, and their declared personas."""
        there = self.present()
        keys = there.index.to_numpy().astype(np.int64)
        return History(visits(self.rows, keys, criteria)), there["persona"].to_numpy().astype(object)


def look(database: Database, as_of: date, *, trust: bool, zone: tzinfo = UTC) -> Log:
    """Read everything up to the end of ``as_of``. ``trust`` takes a driver's own word as confirmed."""
    with database.read() as session:
        people = registry.customers(session, zone, None)
        around = beside.read(session, people, None)
        rows = reading.log(session, people, as_of, trust=trust, known_at=None, read=lambda _count: None)
        numbers = registry.numbers(session, people.index.to_numpy())
        fits = every(session)
    return Log(as_of, rows, people, around, numbers, fits)
