"""How many customers stand in each segment, and what changed since the run before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from crm import segments
from questions.asker import Asker

ORDER = (
    "vip", "at_risk_vip", "regular", "new", "reactivated", "lapsing", "dormant", "churned", "prospect",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """``change`` since an earlier day; None when there is none to compare with."""

    segment: str
    count: int
    share: float
    change: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    as_of: date | None  # None: segments have never been computed
    total: int
    rows: tuple[SegmentCount, ...]
    since: date | None = None  # the earlier day that the changes are counted from


def counts(session: Session, asker: Asker) -> Counts:
    run = segments.last_run(session)
    if run is None:
        return Counts(None, 0, ())
    now = segments.counts(session, asker.customers)
    since = segments.day_before(session, run)
    before = segments.counts_on(session, since, asker.customers) if since else None
    total = sum(now.values())
    rows = (
        SegmentCount(
            name,
            now.get(name, 0),
            now.get(name, 0) / total if total else 0.0,
            None if before is None else now.get(name, 0) - before.get(name, 0),
        )
        for name in ORDER
    )
    return Counts(run.as_of, total, tuple(rows), since)
