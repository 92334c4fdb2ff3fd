"""A person's own calendar: a birthday, a coupon that ends soon, the next fill-up by their rhythm (pure).

``birthday:2026`` happens once a year, ``coupon:2026-06-20`` once per coupon and its last day,
``due:2026-06-01`` once per visit, whose day it names.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class OpenCoupon:
    """A coupon that nobody has shown yet. ``value`` in minor units of ``currency``."""

    code: str
    value: int
    currency: str
    issued_at: datetime
    expires_at: datetime
    until: date  # the last day on which it is good, where its owner lives


def birthday_near(told: str, today: date, days: int) -> date | None:
    """The birthday that was today or less than ``days`` days ago, from MM-DD or YYYY-MM-DD.

    Who was born on 29 February celebrates on the 28th in other years.
    """
    month, day = int(told[-5:-3]), int(told[-2:])
    for year in (today.year, today.year - 1):
        leap = calendar.isleap(year) or (month, day) != (2, 29)
        found = date(year, month, day if leap else 28)
        if timedelta(0) <= today - found < timedelta(days=days):
            return found
    return None


def birthdays_near(today: date, days: int) -> list[str]:
    """MM-DD of everyone who may have a birthday in those days, wherever on Earth it is today."""
    around = [today + timedelta(days=shift) for shift in range(-days, 2)]
    found = {f"{day:%m-%d}" for day in around}
    return sorted(found | ({"02-29"} if "02-28" in found else set()))


def day_after(day: date, days: int, zone: ZoneInfo) -> datetime:
    """The midnight that ends the given number of days, the first of which is ``day``."""
    return datetime.combine(day + timedelta(days=days), time(), tzinfo=zone).astimezone(UTC)
