"""Times as managers write them, at a place in a text: what a date begins, ends or spans -> periods. Pure."""

from __future__ import annotations

import re
from datetime import date

from questions import period
from questions.dates import DATES, HAN, MONTH_NAMES, MONTHS, RELATIVE, Rule, count

EDGES = frozenset("前后")  # of a list with a number, else before and after something
_WITHIN = re.compile(r"^(?:with)?in (?!the)|^[^最近过前]*内$")
_SINCE = re.compile(r"(?:since|from|自从?|从|after) ?(?:the )?(?:beginning of |start of )?")
_AFTER = re.compile(
    r" ?(?:(?:以来|至今|起|开始|以后|之后|后(?![\d一二三四五六七八九十两几半第天面续])|到现在|到今天|到目前)(?:至今)?|(?:on|until now|until today|to date)\b)"
)
_BEFORE = re.compile(r"(?:before|prior to) (?:the )?(?=\S)")
_BEFORE_IT = re.compile(r" ?(?:之前|以前|前(?![\d一二三四五六七八九十两几半后天往面]))")
_UNTIL = re.compile(r"(?:up )?(?:until|till) (?:the )?(?:end of )?(?=\S)|(?:一直)?(?:截至|截止到?) ?(?=\S)")
_BETWEEN = re.compile(r"(?:between|from|从|自) ?")
_AND = re.compile(r" ?(?:and|to|until|till|到|至|和|~|-|–|—) ?")


def read(text: str, start: int) -> tuple[str, int] | None:
    """The period at this place and where it ends. Raises ValueError for a day that does not exist."""
    if found := _range(text, start) or _since(text, start) or _until(text, start):
        return found
    both = [one for one in (_relative(text, start), _dated(text, start)) if one]
    return max(both, key=lambda one: one[1], default=None)


def _relative(text: str, start: int) -> tuple[str, int] | None:
    """``上个月以来``: what begins then goes on to today."""
    found = _first(RELATIVE, text, start)
    after = _AFTER.match(text, found[1]) if found else None
    if found is None or after is None or after[0].isascii():
        return found
    return (found[0] if found[0].startswith("this-") else _open(found[0])), after.end()


def to_come(text: str) -> bool:
    """Whether "within 3 days", 3天内 and not "the last 3 days": of what is expected it is time to come."""
    return _WITHIN.search(text) is not None


def _dated(text: str, start: int) -> tuple[str, int] | None:
    """A day by its name, what begins with it, or what ended the day before it."""
    led = _BEFORE.match(text, start)
    found = _first(DATES, text, led.end() if led else start)
    ended = _BEFORE_IT.match(text, found[1]) if found and not led else led
    if found and ended:
        return (f"..{eve}", max(found[1], ended.end())) if (eve := period.eve(found[0])) else None
    if found and (after := _AFTER.match(text, found[1])):
        return _open(found[0]), after.end()
    return found


def _range(text: str, start: int) -> tuple[str, int] | None:
    opened = _BETWEEN.match(text, start)
    if days := _of_one_month(text, opened.end() if opened else start):
        return days
    begin = _first(DATES, text, opened.end() if opened else start)
    joined = _AND.match(text, begin[1]) if begin else None
    if begin is None or joined is None or (joined[0].strip() in ("and", "和") and not opened):
        return None
    end = _first(DATES, text, joined.end())
    if end is None:
        return None
    first = begin[0]
    if first[0] in "mq" and end[0][:4].isdecimal():  # "from May to July 2026": both are of that year
        first = f"{end[0][:4]}-{first.removeprefix('m')}"
    return f"{first}..{_of_its_year(first, end[0])}", end[1]


def _of_its_year(first: str, last: str) -> str:
    """去年10月1日到10月7日, 2025年3月到5月: both are of that year, or the end of the next: 去年11月到2月."""
    if last[0] not in "mq":
        return last
    year, found, day = first.partition("-year-")
    if found:
        return f"{'this' if year == 'last' and last < day else year}-year-{last}"
    if not first[:4].isdecimal() or not (day := first[5:]):
        return last
    told = last.removeprefix("m")
    return f"{int(first[:4]) + (told < day)}-{told}"


_MONTH_DAYS = (
    re.compile(rf"(?P<a>\d{{1,2}})(?:st|nd|rd|th)? ?(?:and|to|until|till|-|–|—) ?(?P<b>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<m>{MONTH_NAMES})(?:,? (?P<y>\d{{4}}))?\b"),
    re.compile(rf"(?P<m>{MONTH_NAMES}) (?P<a>\d{{1,2}})(?:st|nd|rd|th)? ?(?:and|to|until|till|-|–|—) ?(?P<b>\d{{1,2}})(?:st|nd|rd|th)?(?! ?[a-z])(?:,? (?P<y>\d{{4}}))?\b"),
    re.compile(rf"(?:(?P<y>\d{{4}}) ?年 ?)?(?P<m>\d{{1,2}}|[{HAN}]+) ?月 ?(?P<a>\d{{1,2}}|[{HAN}]+) ?[日号]? ?(?:到|至|-|~|—) ?(?P<b>\d{{1,2}}|[{HAN}]+) ?[日号](?!站)"),
)  # fmt: skip


def _of_one_month(text: str, start: int) -> tuple[str, int] | None:
    """``1 to 10 June``, ``6月1日到10日``: the month stands once."""
    for pattern in _MONTH_DAYS:
        if match := pattern.match(text, start):
            first, last = (_dated_day(match["y"], match["m"], match[name]) for name in "ab")
            return f"{first}..{last}", match.end()
    return None


def _dated_day(year: str | None, month: str, day: str) -> str:
    number = MONTHS.index(month[:3]) + 1 if month[:3] in MONTHS else count(month)
    checked = date(int(year) if year else 2024, number, count(day))
    return f"{year}-{checked:%m-%d}" if year else f"m{checked:%m-%d}"


def _since(text: str, start: int) -> tuple[str, int] | None:
    opened = _SINCE.match(text, start)
    if opened is None:
        return None
    dated = _first(DATES, text, opened.end())
    found = dated or _first(RELATIVE, text, opened.end())
    if found is None:
        return None
    after = _AFTER.match(text, found[1])
    of_then = opened[0].startswith("from") and not (dated or after)  # "those from last week"
    return found[0] if of_then else _open(found[0]), after.end() if after else found[1]


def _until(text: str, start: int) -> tuple[str, int] | None:
    """``until May``, ``截至5月15日``: all that was before, and the day or the month itself."""
    opened = _UNTIL.match(text, start)
    found = (_first(DATES, text, opened.end()) or _ended(text, opened.end())) if opened else None
    return None if found is None else (f"..{found[0].rpartition('..')[2] or found[0]}", found[1])


def _ended(text: str, start: int) -> tuple[str, int] | None:
    """Of the times told from today, those that are over; "until today" says nothing."""
    found = _first(RELATIVE, text, start)
    return found if found and (found[0] == "yesterday" or found[0].startswith("last-")) else None


def _open(period: str) -> str:
    """From its first day on; the last so many days go on to today anyway."""
    rolling = period.startswith("last-") and period.endswith("d")
    return period if rolling else f"{period.partition('..')[0]}.."


def _first(rules: tuple[Rule, ...], text: str, start: int) -> tuple[str, int] | None:
    for pattern, meaning in rules:
        if match := pattern.match(text, start):
            return meaning(match), match.end()
    return None
