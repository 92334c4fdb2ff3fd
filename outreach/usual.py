"""The hour at which somebody usually comes: when a message that can wait for it is read best."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from crm.fillups import Fillup, counting
from outreach.campaigns import Situation

LOOKED_AT = timedelta(days=180)
FEWEST = 3  # visits; with less there is no habit


def hour_of(visits: Iterable[datetime], zone: ZoneInfo, now: datetime) -> int | None:
    """The hour of the person's day (0-23) of most visits of the last 180 days, of several the latest used.

    None with fewer than three visits.
    """
    recent = sorted(at.astimezone(zone) for at in visits if now - LOOKED_AT <= at <= now)
    if len(recent) < FEWEST:
        return None
    counts = Counter(at.hour for at in recent)
    last = {at.hour: place for place, at in enumerate(recent)}
    return max(counts, key=lambda hour: (counts[hour], last[hour]))


def next_at(start: datetime, hour: int, zone: ZoneInfo) -> datetime:
    """``start`` if it lies in that hour of the person's day, else when the hour next begins, in UTC.

    An hour that the spring night leaves out comes right after the change; of one that the autumn night has
    twice the first counts.
    """
    local = start.astimezone(zone)
    if local.hour == hour:
        return start
    for days in (0, 1):
        wall = datetime.combine(local.date() + timedelta(days=days), time(hour), tzinfo=zone)
        if (at := wall.replace(fold=0).astimezone(UTC)) >= start:
            return at
    raise AssertionError("an hour of tomorrow is later than any of today")


def visits(
    session: Session, situations: Iterable[Situation], wanted: Select[Any], now: datetime
) -> dict[int, Sequence[datetime]]:
    """When each of these customers came lately; nothing where no situation waits for the usual hour."""
    if not any(each.at_usual_hour for each in situations):
        return {}
    found: dict[int, list[datetime]] = defaultdict(list)
    rows = session.execute(
        select(Fillup.customer_id, Fillup.at).where(
            counting(), Fillup.at >= now - LOOKED_AT, Fillup.customer_id.in_(wanted)
        )
    )
    for customer, at in rows:
        if customer is not None:
            found[customer].append(at)
    return dict(found)
