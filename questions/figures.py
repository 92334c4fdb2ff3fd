"""Numbers as managers write them, with their unit, alone or as a range, at a place in a text. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from questions import dates

_NUMBER = re.compile(r"(?:[¥$€] ?)?(?P<n>(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?) ?(?P<k>k\b|w\b|千|万)?")
_HAN_NUMBER = re.compile(rf"(?P<n>[{dates.HAN}]+)(?=[个次趟天日周月升元块公名位家号大]|星期|千米|礼拜)")
_HAN_LARGE = re.compile(rf"(?P<n>[一二两三四五六七八九十][{dates.HAN}]*[百千万][{dates.HAN}]*)(?!米)")
_HAN_ANY = re.compile(rf"(?P<n>[{dates.HAN}]+)")  # before or after another one only: 三到五次
_ENGLISH = re.compile(
    r"(?P<n>two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b"
    r"|(?P<one>one)\b(?= (?:day|week|month|visit|time|fill|customer|station|litre|liter|or more))"
)
_ENGLISH_LARGE = re.compile(
    r"(?P<n>\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve) (?P<t>hundred|thousand)\b"
)
_UNITS: tuple[tuple[re.Pattern[str], str, int], ...] = tuple(
    (re.compile(rf" ?-?(?:{pattern})"), unit, times)
    for pattern, unit, times in (
        (r"元|块钱|块|yuan\b|rmb\b|cny\b|usd\b|eur\b|euros?\b|dollars?\b", "money", 1),
        (r"升|l\b|lit(?:re|er)s?\b", "litres", 1),
        (r"次|趟|times?\b", "visits", 1),
        (r"days?\b|天|日", "days", 1),
        (r"weeks?\b|个?星期|个?礼拜|周(?!末)", "days", 7),
        (r"months?\b|个月", "days", 30),
        (r"quarters?\b|个季度", "days", 91),
        (r"years?\b|年", "days", 365),
        (r"公里|千米|km\b|kilomet(?:re|er)s?\b", "km", 1),
        (r"个|名|位|人", "people", 1),
    )
)
_SCALES = {"": 1, "hundred": 100, "thousand": 1000, "k": 1000, "千": 1000, "w": 10_000, "万": 10_000}
_OPENED = re.compile(r"(?:between|from|从|在) ?")
_TO = re.compile(r" ?(?P<to>-|~|–|—|到|至|to|and|和|与) ?")
_CLOSED = re.compile(r" ?(?:之间|的?区间|这个区间|的?范围内?)")


@dataclass(frozen=True, slots=True)
class Figure:
    """``number`` in ``unit`` (empty: none is said), to ``high`` where it is a range; ends at ``end``."""

    number: float
    unit: str
    end: int
    high: float | None = None
    scale: int = 1


def read(text: str, start: int) -> Figure | None:
    """A number, or a range of two, at this place."""
    opened = _OPENED.match(text, start)
    if found := _range(text, opened.end() if opened else start, bool(opened)):
        return found
    return _one(text, start)


def large(text: str, start: int) -> bool:
    """Whether 一万块 or 两百升 begins here: a number that is more than its first sign."""
    return _HAN_LARGE.match(text, start) is not None


def _range(text: str, start: int, opened: bool) -> Figure | None:
    """``3000-5000``, ``between 3000 and 5000``, 三千到五千之间: both ends are of the unit said last."""
    low = _one(text, start) or _han(text, start)
    joined = _TO.match(text, low.end) if low else None
    high = _one(text, joined.end()) or _han(text, joined.end()) if joined else None
    if low is None or joined is None or high is None:
        return None
    closed = _CLOSED.match(text, high.end)
    if joined["to"] in ("and", "和", "与") and not (opened or closed):
        return None
    if low.unit not in ("", high.unit) or (low.unit and not high.unit):
        return None
    scale = high.scale if low.scale == 1 and not low.unit and low.number * high.scale <= high.number else 1
    size = scale if low.unit else scale * (_times(high.unit, text[joined.end() : high.end]))
    end = closed.end() if closed else high.end
    return replace(high, number=low.number * size, high=high.number, end=end)


def _times(unit: str, text: str) -> int:
    """Days in the unit of the second number: "2 to 3 months"."""
    fits = (times for pattern, code, times in _UNITS if code == unit and re.search(pattern, text))
    return next(fits, 1)


def _han(text: str, start: int) -> Figure | None:
    match = _HAN_ANY.match(text, start)
    return Figure(float(dates.count(match["n"])), "", match.end()) if match else None


def _one(text: str, start: int) -> Figure | None:
    match = (
        _ENGLISH_LARGE.match(text, start)
        or _NUMBER.match(text, start)
        or _HAN_LARGE.match(text, start)
        or _HAN_NUMBER.match(text, start)
        or _ENGLISH.match(text, start)
    )
    if match is None:
        return None
    digits = (match["n"] or "one").replace(",", "")
    value = float(digits) if digits[0].isascii() and digits[0].isdigit() else float(dates.count(digits))
    told = match.groupdict()
    scale = _SCALES[told.get("k") or told.get("t") or ""]
    found = Figure(value * scale, "money" if match[0][0] in "¥$€" else "", match.end(), scale=scale)
    for pattern, code, times in _UNITS:
        if after := pattern.match(text, found.end):
            return replace(found, number=found.number * times, unit=code, end=after.end())
    return found
