"""Hours of the day by the clock: ``after 8pm``, 晚上八点以后, ``between 6 and 9 am``, 22点到6点. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from questions import dates

_ONE = re.compile(
    r"(?:(?P<part>凌晨|清晨|清早|早上|早晨|上午|中午|下午|午后|傍晚|晚上|夜里|夜间|深夜|半夜|早|晚) ?)?"
    r"(?P<zh>\d{1,2}|[一二两三四五六七八九十]{1,3})(?:点钟?|时(?![间段候]))(?:整|00分?)?"
    r"|(?P<en>\d{1,2})(?::00)? ?(?P<half>am|pm)\b|(?P<digits>\d{1,2})(?::00| ?o'clock)(?!\d)"
)
_BARE = re.compile(r"(?P<en>\d{1,2})(?= ?(?:-|to|and|until|till)\b)")
_LEAD = re.compile(
    r"(?P<after>after|past|later than|since|from) |(?P<before>before|earlier than|by|until|till) "
    r"|(?:between|at|around|about) |从|在"
)
_JOINT = re.compile(r" ?(?:到|至|-|~|–|—|和|与|to|and|until|till) ?")
_TAIL = re.compile(
    r" ?(?:(?P<after>以后|之后|过后|往后|后|起|or later|onwards?|on\b)|(?P<before>以前|之前|前|or earlier)"
    r"|左右|之间|多)"
)
_AFTERNOON = ("pm", "中午", "下午", "午后", "傍晚", "晚上", "晚", "夜里", "夜间", "深夜", "半夜")
_SMALL = ("夜里", "夜间", "深夜", "半夜")  # also of the hours after midnight


@dataclass(frozen=True, slots=True)
class _Time:
    hour: int
    part: str
    end: int


def read(text: str, start: int) -> tuple[str, int] | None:
    """Hours like ``20-24`` at this place, and where the words for them end."""
    lead = _LEAD.match(text, start)
    at = lead.end() if lead else start
    first = _one(text, at)
    joint = _JOINT.match(text, first.end) if first else None
    second = _one(text, joint.end()) if joint else None
    if first is None or (second is None and first.part == "?"):
        return None
    if second is not None:
        tail = _TAIL.match(text, second.end)
        end = tail.end() if tail and not (tail["after"] or tail["before"]) else second.end
        return _written(*_between(first, second), end)
    tail = _TAIL.match(text, first.end)
    said = {name for match in (lead, tail) if match for name, word in match.groupdict().items() if word}
    hour, end = _hour(first.hour, first.part), tail.end() if tail else first.end
    if "after" in said:
        return _written(hour, 24, end)
    return _written(0, hour, end) if "before" in said else _written(hour, hour + 1, end)


def _one(text: str, start: int) -> _Time | None:
    if match := _ONE.match(text, start):
        hour = match["zh"] or match["en"] or match["digits"]
        return _Time(dates.count(hour), match["part"] or match["half"] or "", match.end())
    if match := _BARE.match(text, start):
        return _Time(int(match["en"]), "?", match.end())  # "6 to 9 am": the second one says of what
    return None


def _between(first: _Time, second: _Time) -> tuple[int, int]:
    begin = _hour(first.hour, second.part if first.part == "?" else first.part)
    end = _hour(second.hour, second.part or first.part)
    if first.part == "?" and begin >= end:  # "11 to 2 pm"
        begin = first.hour
    if not second.part and end <= begin < end + 12 <= 24:  # 早上九点到五点
        end += 12
    return begin, end


def _hour(hour: int, part: str) -> int:
    """By the clock of 24 hours."""
    if hour == 12 and part in ("am", "凌晨", "晚上", "晚", *_SMALL):
        return 0 if part in ("am", "凌晨") else 24
    small = (part in _SMALL and hour < 6) or (part == "中午" and hour > 3)
    return hour + 12 if part in _AFTERNOON and hour < 12 and not small else hour


def _written(begin: int, end: int, stop: int) -> tuple[str, int] | None:
    """None where there is no such hour, or none between them."""
    begin = begin % 24 if begin <= 24 else begin
    fits = 0 <= begin < 24 and 0 <= end <= 25 and begin != end
    return (f"{begin:02}-{end if end <= 24 else 1:02}", stop) if fits else None
