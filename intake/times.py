"""Times in text -> moments in UTC. A time without an offset is the station's local time.

Two local times need a rule. One that the clocks skipped in spring never was and is refused; one that
they showed twice in autumn is taken as the first of the two. A date alone is the start of that day.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from intake.faults import Fault
from intake.text import ascii_digits

_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?P<mark>[-/.]?)(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
    r"(?:(?:[T ]\s*)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<offset>Z|[+-]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_CHINESE = str.maketrans({"年": "-", "月": "-", "日": " "})
RIGHT = "write it like 2026-06-15 08:30 or 2026-06-15T08:30:00+08:00"


def moment(text: str, field: str, zone: ZoneInfo) -> datetime:
    """The moment in UTC. Raises Fault for anything that is not one certain moment."""
    text = ascii_digits(text)
    match = _WRITTEN.fullmatch(text.translate(_CHINESE).strip() if "年" in text else text)
    if match is None or (not match["mark"] and len(match["month"] + match["day"]) < 4):
        raise Fault("not_a_time", f"{field}: {_why(text)}; {RIGHT}")
    year, month, day, hour, minute, second = (int(match[name] or 0) for name in _PARTS)
    try:
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - its zone comes next
        local += timedelta(microseconds=int((match["part"] or "").ljust(6, "0")[:6]))
    except ValueError as error:
        raise Fault("not_a_time", f"{field}: '{text[:40]}' is no date and time ({error}); {RIGHT}") from None
    try:
        if match["offset"]:
            return (local - _offset(match["offset"])).replace(tzinfo=UTC)
        return _local(local, field, zone, date_only=match["hour"] is None)
    except OverflowError:
        raise Fault("not_a_time", f"{field}: '{text[:40]}' is out of the calendar; {RIGHT}") from None


def _local(local: datetime, field: str, zone: ZoneInfo, *, date_only: bool) -> datetime:
    instant = local.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    if date_only:  # the clocks skipped midnight: the day begins where they went on
        skipped = local.replace(tzinfo=zone, fold=0).utcoffset() or timedelta(0)
        after = local.replace(tzinfo=zone, fold=1).utcoffset() or timedelta(0)
        return (local - min(skipped, after)).replace(tzinfo=UTC)
    raise Fault(
        "no_such_time",
        f"{field}: {local:%Y-%m-%d %H:%M} never was in {zone.key}, where the clocks were put forward; "
        "write the time with its offset",
    )


def _offset(text: str) -> timedelta:
    if text in "Zz":
        return timedelta(0)
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise Fault("not_a_time", f"time: the offset {text} does not exist; {RIGHT}")
    away = timezone(timedelta(hours=hours, minutes=minutes)).utcoffset(None)
    return -away if text[0] == "-" else away


def _why(text: str) -> str:
    if not text:
        return "there is no time"
    if re.match(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}", text):
        return f"'{text[:40]}' can be read as day and month or as month and day"
    if re.fullmatch(r"\d{1,6}([.,]\d+)?", text):
        return f"'{text[:40]}' looks like a spreadsheet's day number"
    return f"'{text[:40]}' is not a date and time"
