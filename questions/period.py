"""Periods as short texts, and the days they mean today. Pure.

| text | days |
| --- | --- |
| ``today``, ``yesterday``, ``tomorrow``, ``in-2-days`` | that day |
| ``2-days-ago``, ``3-months-ago``, ``2-years-ago`` | the whole unit that many before this one |
| ``last-wed``, ``last-week-wed``, ``this-week-wed`` | the latest Wednesday before today; that of a week |
| ``this-week``, ``last-month``, ``last-quarter``, ``this-year`` ... | whole units; "this" ends today |
| ``next-week``, ``next-7d`` | for what is to come: due, birthdays |
| ``last-30d`` | the 30 days that end with and include today |
| ``2026``, ``2026-q2``, ``2026-05``, ``2026-05-17`` | that year, quarter, month, day |
| ``m05``, ``q2``, ``m05-17`` | the latest May, second quarter, 17 May that has begun |
| ``last-year-m10``, ``this-year-q1`` | that month, quarter or day (``m10-01``) of that year |
| ``last-month-15``, ``this-month-01`` | that day of the month, or its last where it has no such day |
| ``this-month-year-ago`` | the same days of the year before: any of the above with ``-year-ago`` |
| ``A..B``, ``A..``, ``..B`` | from the first day of A to the last of B; or to today, or all before |
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta

EVER = date(1970, 1, 1)
NEAR = {"yesterday": -1, "today": 0, "tomorrow": 1, "in-2-days": 2}
UNITS = ("day", "week", "month", "quarter", "year")
_NAMED = re.compile(r"(this|last|next)-(week|month|quarter|year)")
_AGO = re.compile(r"([1-9]\d{0,3})-(day|week|month|quarter|year)s-ago")
_OF_YEAR = re.compile(r"(this|last)-year-(m\d\d(?:-\d\d)?|q\d)")
_OF_MONTH = re.compile(r"(this|last)-month-(0[1-9]|[12]\d|3[01])")
_NUMBERED = re.compile(r"(m|this-year-m|last-year-m|\d{4}-)(\d\d)(?:-(\d\d))?")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = re.compile(rf"(this|last|next)-(week-)?({'|'.join(DAYS)})")
YEAR_AGO = "-year-ago"
_ROLLING = re.compile(r"(last|next)-([1-9]\d{0,3})d")
_ABSOLUTE = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")
_QUARTER = re.compile(r"(?:(\d{4})-)?q([1-4])")
_MONTH = re.compile(r"m(0[1-9]|1[0-2])(?:-(\d{2}))?")
Days = tuple[date, date]  # both included


class NoSuchPeriod(ValueError):
    """Such a day, or such a stretch of days, does not exist."""


def check(text: str) -> str:
    """The text, if it is a period. Raises NoSuchPeriod."""
    days(text, date(2026, 1, 31))
    return text


def days(text: str, today: date) -> Days:
    """First and last day. Raises NoSuchPeriod."""
    first, dots, last = text.partition("..")
    try:
        begin, end = _one(first, today) if first or not last else (EVER, EVER)
        if dots:
            end = _one(last, today)[1] if last else max(today, begin)
    except (ValueError, OverflowError) as error:
        raise NoSuchPeriod(text) from error
    if begin > end and last[:1] in ("m", "q"):  # that from July to December is still going on
        end = _one(last, date(end.year + 1, 12, 31))[1]
    absolute = not (dots and (first[:1] in "mq" or last[:1] in "mq"))
    if begin > end and absolute:
        raise NoSuchPeriod(text)
    return begin, end


def before(text: str, today: date) -> Days:
    """The stretch just before, as long: of a whole unit, the unit before, as far as it has gone by now."""
    begin, end = days(text, today)
    last = begin - timedelta(days=1)
    match = _NAMED.fullmatch(text)
    if match is None or match[1] == "next":
        return last - (end - begin), last
    earlier = whole(match[2], last)[0]
    return earlier, min(earlier + (end - begin), last) if match[1] == "this" else last


def whole_end(text: str, end: date, today: date) -> date:
    """The last day of "this week" where it is of what is to come: all of it."""
    if not (text.startswith("this-") and _NAMED.fullmatch(text)):
        return end
    return days("next" + text.removeprefix("this"), today)[0] - timedelta(days=1)


def _one(text: str, today: date) -> Days:
    if text in NEAR:
        day = today + timedelta(days=NEAR[text])
        return day, day
    if text.endswith(YEAR_AGO):
        return _year_before(_one(text.removesuffix(YEAR_AGO), today))
    for pattern, meaning in _FORMS:
        if match := pattern.fullmatch(text):
            return meaning(match, today)
    raise NoSuchPeriod(text)


def _rolling(match: re.Match[str], today: date) -> Days:
    length = timedelta(days=int(match[2]) - 1)
    return (today - length, today) if match[1] == "last" else (today, today + length)


def _named(which: str, name: str, today: date) -> Days:
    begin, end = whole(name, today)
    if which == "this":
        return begin, today
    if which == "next":
        return whole(name, end + timedelta(days=1))
    return whole(name, begin - timedelta(days=1))


def _ago(number: int, name: str, today: date) -> Days:
    if name == "day":
        day = today - timedelta(days=number)
        return day, day
    found = whole(name, today)
    for _ in range(number):
        found = whole(name, found[0] - timedelta(days=1))
    return found


def _weekday(which: str, of_week: bool, number: int, today: date) -> Days:
    """``last-wed`` is the latest before today; of "this" and "next" it is always that of the week."""
    monday = today - timedelta(days=today.weekday())
    if which == "last" and not of_week:
        day = today - timedelta(days=(today.weekday() - number - 1) % 7 + 1)
    else:
        day = monday + timedelta(days=number + {"last": -7, "this": 0, "next": 7}[which])
    return day, day


def _of_month(which: str, number: int, today: date) -> Days:
    first = whole("month", today)[0]
    first, last = whole("month", first if which == "this" else first - timedelta(days=1))
    day = first.replace(day=min(number, last.day))
    return day, day


def eve(text: str) -> str | None:
    """The day or month before that with which a period begins, as one; None where it has no name."""
    first = text.partition("..")[0]
    if first.isdecimal():
        return str(int(first) - 1)
    if (told := _NUMBERED.fullmatch(first)) is None:
        return None
    head, month, day = told[1], int(told[2]), int(told[3] or 1)
    if day > 1:
        return f"{head}{month:02}-{day - 1:02}"
    if month > 1:
        return f"{head}{month - 1:02}"
    if head[0].isdecimal():
        return f"{int(head[:4]) - 1}-12"
    return {"m": "m12", "this-year-m": "last-year-m12"}.get(head)


def _of_year(text: str, year: int) -> Days:
    return _one(f"{year}-{text.removeprefix('m')}", date(year, 1, 1))


def _year_before(found: Days) -> Days:
    """The same days a year before; a stretch that ends with a month still does, also in February."""
    begin, end = found
    whole_month = end == _whole_month(end.year, end.month)[1]
    last = _whole_month(end.year - 1, end.month)[1]
    return _one_year(begin), last if whole_month else _one_year(end)


def _one_year(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def whole(name: str, day: date) -> Days:
    """The whole week, month, quarter or year that the day is in."""
    if name == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    if name == "month":
        return _whole_month(day.year, day.month)
    if name == "quarter":
        return _quarter(day.year, (day.month + 2) // 3, day)
    return date(day.year, 1, 1), date(day.year, 12, 31)


def _quarter(year: int | None, number: int, today: date) -> Days:
    first = 3 * number - 2
    year = year if year is not None else today.year - (first > today.month)
    return date(year, first, 1), _whole_month(year, first + 2)[1]


def _whole_month(year: int, month: int) -> Days:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _latest(month: int, number: int | None, today: date) -> Days:
    if number is None:
        return _whole_month(today.year - (month > today.month), month)
    later = (month, number) > (today.month, today.day)
    year = today.year - later
    if (month, number) == (2, 29):
        year = next(each for each in range(year, year - 9, -1) if calendar.isleap(each))
    day = date(year, month, number)
    return day, day


def _absolute(match: re.Match[str]) -> Days:
    year = int(match[1])
    if match[2] is None:
        return date(year, 1, 1), date(year, 12, 31)
    if match[3] is None:
        if not 1 <= int(match[2]) <= 12:
            raise NoSuchPeriod(match[0])
        return _whole_month(year, int(match[2]))
    day = date(year, int(match[2]), int(match[3]))
    return day, day


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Days]], ...] = (
    (_NAMED, lambda match, today: _named(match[1], match[2], today)),
    (_AGO, lambda match, today: _ago(int(match[1]), match[2], today)),
    (_WEEKDAY, lambda match, today: _weekday(match[1], bool(match[2]), DAYS.index(match[3]), today)),
    (_OF_YEAR, lambda match, today: _of_year(match[2], today.year - (match[1] == "last"))),
    (_OF_MONTH, lambda match, today: _of_month(match[1], int(match[2]), today)),
    (_ROLLING, _rolling),
    (_QUARTER, lambda match, today: _quarter(int(match[1]) if match[1] else None, int(match[2]), today)),
    (_MONTH, lambda match, today: _latest(int(match[1]), int(match[2]) if match[2] else None, today)),
    (_ABSOLUTE, lambda match, _today: _absolute(match)),
)
