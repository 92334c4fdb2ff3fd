"""Quiet hours: when a person's day for unasked messages begins and ends, in their own zone (pure)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from outreach.campaigns import Contact


def opens(moment: datetime, zone: ZoneInfo, contact: Contact) -> datetime:
    """The first moment, from this one on, at which the person may be written to."""
    local = moment.astimezone(zone)
    if not is_quiet(local.time(), contact):
        return moment
    later = local.time() >= contact.quiet_until  # the night began before midnight
    day = local.date() + timedelta(days=1) if later else local.date()
    return _at(day, contact.quiet_until, zone, fold=1)


def closes(moment: datetime, zone: ZoneInfo, contact: Contact) -> datetime | None:
    """The next beginning of quiet hours after a moment outside them; None where there are none."""
    if contact.quiet_from == contact.quiet_until:
        return None
    local = moment.astimezone(zone)
    day = local.date()
    end = _at(day, contact.quiet_from, zone, fold=0)
    return end if end > moment else _at(day + timedelta(days=1), contact.quiet_from, zone, fold=0)


def is_quiet(at: time, contact: Contact) -> bool:
    """Whether a wall-clock time falls into the quiet hours, which may span midnight."""
    start, end = contact.quiet_from, contact.quiet_until
    if start <= end:
        return start <= at < end
    return at >= start or at < end


def _at(day: date, at: time, zone: ZoneInfo, *, fold: int) -> datetime:
    """A wall-clock time as an instant; one that the clock change skips lies after the change."""
    return datetime.combine(day, at, tzinfo=zone).replace(fold=fold).astimezone(UTC)
