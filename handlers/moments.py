"""Days and hours as marketers type them, in the chain's zone."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONGEST_AHEAD = timedelta(days=366)
MORNING = time(10)
_WHEN = re.compile(r"(?:(?:(\d{4})-)?(\d{1,2})-(\d{1,2})[T ]+)?(\d{1,2}):(\d{2})")


def plain(text: str) -> str:
    """Digits and signs in the width of the keyboard, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def read(text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    """``2026-06-18 10:00``, ``06-18 10:00`` or ``10:00`` as an instant; None for anything else.

    Without a year or a day the next such moment is meant.
    """
    found = _WHEN.fullmatch(plain(text).replace("/", "-"))
    if found is None:
        return None
    year, month, day, hour, minute = (int(part) if part else None for part in found.groups())
    today = now.astimezone(zone)
    try:
        wall = datetime(
            year or today.year, month or today.month, day or today.day, hour or 0, minute or 0, tzinfo=zone
        )
        if year is None and wall.astimezone(UTC) <= now:
            wall = wall.replace(year=wall.year + 1) if month else wall + timedelta(days=1)
    except ValueError:
        return None
    return wall.astimezone(UTC)


def tomorrow(now: datetime, zone: ZoneInfo) -> datetime:
    """Ten in the morning of the next day."""
    day = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, MORNING, tzinfo=zone).astimezone(UTC)


def ahead(at: datetime, now: datetime) -> bool:
    return now < at <= now + LONGEST_AHEAD


def unclear(at: datetime, zone: ZoneInfo) -> bool:
    """Whether the clocks change around it, so that the wall-clock time alone does not say when it is."""
    hour = timedelta(hours=3)
    return (at - hour).astimezone(zone).utcoffset() != (at + hour).astimezone(zone).utcoffset()
