"""Days and hours of the calendar: once per local day, whatever the clocks do that night (pure).

The trigger counts wall-clock time in a zone that has no clock changes; the chain's zone is applied to what
it found. A time that the spring night leaves out comes after the change, one that the autumn night has
twice is the first of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCKS = timedelta(hours=3)  # clocks are set by less than this


class CronFault(ValueError):
    """What is wrong with a line of cron, in a sentence."""


@lru_cache
def trigger(cron: str) -> CronTrigger:
    """``minute hour day month weekday``, one minute and one hour, as in crontab: 0 and 7 are Sunday.

    Where both day and weekday are given, both must hold: ``0 10 1-7 * tue`` is the first Tuesday.
    Raises CronFault.
    """
    fields = cron.lower().split()
    if len(fields) != 5:
        raise CronFault("it needs five parts: minute, hour, day, month, weekday")
    minute, hour, day, month, weekday = fields
    if not (minute.isascii() and minute.isdecimal() and hour.isascii() and hour.isdecimal()):
        raise CronFault("minute and hour must be one number each: at most one message a day")
    try:
        return CronTrigger(
            minute=minute, hour=hour, day=day, month=month, day_of_week=_weekday(weekday), timezone=UTC
        )
    except (ValueError, TypeError) as error:
        raise CronFault(str(error)) from None


def _weekday(field: str) -> str:
    """Names for numbers: the trigger counts from Monday, crontab from Sunday."""
    parts = []
    for part in field.split(","):
        ends = part.split("-")
        named = [DAYS[int(end)] if end.isdecimal() and int(end) <= 7 else end for end in ends]
        parts.append("-".join(named))
    return ",".join(parts)


def occurrences(
    cron: str, zone: ZoneInfo, since: datetime, until: datetime
) -> Iterator[tuple[date, datetime]]:
    """(local day, instant in UTC) of each time within the two instants, both included."""
    found = trigger(cron)
    wall = since.astimezone(zone).replace(tzinfo=UTC) - CLOCKS
    last = until.astimezone(zone).replace(tzinfo=UTC) + CLOCKS
    previous = None
    while (fires := found.get_next_fire_time(previous, wall)) is not None and fires <= last:
        at = fires.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if since <= at <= until:
            yield fires.date(), at
        previous, wall = fires, fires + timedelta(minutes=1)


@lru_cache(maxsize=256)
def current(cron: str, zone: ZoneInfo, late: timedelta, now: datetime) -> tuple[date, datetime] | None:
    """The occurrence that is due: the last one begun, as long as it is not later than ``late``."""
    return max(occurrences(cron, zone, now - late + timedelta(microseconds=1), now), default=None)
