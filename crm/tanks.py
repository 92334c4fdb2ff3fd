"""One tank counts once: which records of several sources tell of the same filling.

A driver's or attendant's record and a POS row at one station within two hours, litres or amount
within 2 %, are one tank. The till's numbers count before an attendant's, and those before a driver's.
The answer is a function of the set of records alone: the order in which they arrived plays no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

NEAR = timedelta(hours=2)
PARTS_ALIKE = 50  # one part in fifty: 2 %
RANK = {"pos": 0, "attendant": 1, "driver": 2}


class Record(NamedTuple):
    """What the matching looks at: of one customer at one station, not void."""

    id: int
    source: str
    at: datetime
    millilitres: int | None
    amount: int | None
    receipt: str | None = None
    product: str | None = None


def same_tanks(records: Sequence[Record]) -> dict[int, int]:
    """id of each record that does not count -> id of the one that counts for its tank.

    Pairs are taken closest in time first; a tank holds at most one record of each source.
    """
    tanks = {record.id: {record.source: record} for record in records}
    for one, other in _pairs(records):
        into, moving = tanks[one.id], tanks[other.id]
        if into is not moving and into.keys().isdisjoint(moving):
            into.update(moving)
            for record in moving.values():
                tanks[record.id] = into
    links = {}
    for record in records:
        counting = min(tanks[record.id].values(), key=lambda each: RANK[each.source])
        if counting.id != record.id:
            links[record.id] = counting.id
    return links


def runs(records: Sequence[Record]) -> list[list[Record]]:
    """Records in order of time, cut wherever two neighbours are too far apart to be one tank."""
    parts: list[list[Record]] = []
    for record in sorted(records, key=lambda each: each.at):
        if parts and record.at - parts[-1][-1].at <= NEAR:
            parts[-1].append(record)
        else:
            parts.append([record])
    return parts


def span(times: Sequence[datetime], at: datetime) -> tuple[datetime, datetime]:
    """First and last moment of the unbroken run of ``times`` that ``at`` stands in or next to."""
    first = last = at
    for moment in sorted(times):
        if last < moment <= last + NEAR:
            last = moment
    for moment in sorted(times, reverse=True):
        if first - NEAR <= moment < first:
            first = moment
    return first, last


def _pairs(records: Sequence[Record]) -> list[tuple[Record, Record]]:
    found = []
    for run in runs(records):
        for position, early in enumerate(run):
            for late in run[position + 1 :]:
                if late.at - early.at > NEAR:
                    break
                pair = (early, late) if RANK[early.source] < RANK[late.source] else (late, early)
                if early.source != late.source and _alike(*pair):
                    found.append(pair)
    return sorted(
        found, key=lambda pair: (abs(pair[0].at - pair[1].at), _content(pair[0]), _content(pair[1]))
    )


def _alike(better: Record, other: Record) -> bool:
    return _within(better.millilitres, other.millilitres) or _within(better.amount, other.amount)


def _within(better: int | None, other: int | None) -> bool:
    if not better or not other:
        return False
    return abs(better - other) * PARTS_ALIKE <= abs(better)


def _content(record: Record) -> tuple[object, ...]:
    """An order by what a record says; the id decides only between records that say the same."""
    return (
        RANK[record.source],
        record.at,
        -1 if record.millilitres is None else record.millilitres,
        (0, 0) if record.amount is None else (1, record.amount),
        record.receipt or "",
        record.product or "",
        record.id,
    )
