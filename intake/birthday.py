"""A birthday as people write it -> ``MM-DD``, or ``YYYY-MM-DD`` when they tell the year. Pure."""

from __future__ import annotations

import re
from datetime import date

from intake.text import ascii_digits

OLDEST_YEARS = 120
_LEAP = 2000  # a year that has every day
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
# 03/04 is left out on purpose: it is two days, depending on who writes it.
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>\d{4})\s?[-/.年]\s?(?P<month>\d{1,2})\s?[-/.月]\s?(?P<day>\d{1,2})\s?[日号]?",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        r"(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?[日号]?",
        r"(?P<month>\d{1,2})-(?P<day>\d{1,2})",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_NAMED}(?:,?\s+(?P<year>\d{{4}}))?",
        rf"{_NAMED}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?",
    )
)


def birthday(text: str, today: date) -> str | None:
    """``5月20日`` -> ``05-20``; None for what is no day of the calendar, lies ahead, or can be read twice."""
    line = " ".join(ascii_digits(text).casefold().split())
    said = next((match.groupdict() for form in _FORMS if (match := form.fullmatch(line))), None)
    if said is None:
        return None
    month = int(said["month"]) if said.get("month") else _MONTHS.index(said["name"]) + 1
    try:
        day = date(int(said.get("year") or _LEAP), month, int(said["day"]))
    except ValueError:
        return None
    if not said.get("year"):
        return f"{day:%m-%d}"
    return day.isoformat() if today.year - OLDEST_YEARS <= day.year and day < today else None
