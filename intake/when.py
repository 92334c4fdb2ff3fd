"""Times as people say them in chat (``昨天 18:30``, ``yesterday 6:30 pm``, ``半小时前``) -> a local day,
a moment, or why not. A numeric date whose day and month could change places is never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.limits import AHEAD

OLDEST = timedelta(days=31)  # a driver's own memory; older fill-ups come from the till
_DAYS = {
    **dict.fromkeys(("今天", "今日", "今早", "今晚", "today", "this morning", "tonight", "jintian"), 0),
    **dict.fromkeys(("昨天", "昨日", "昨晚", "yesterday", "last night", "zuotian"), 1),
    **dict.fromkeys(("前天", "the day before yesterday", "day before yesterday"), 2),
    "大前天": 3,
}
_AHEAD = dict.fromkeys(("明天", "明日", "tomorrow", "后天", "下周", "next week"), -1)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EVENING = ("下午", "晚上", "傍晚", "晚", "pm", "p.m.", "last night", "tonight", "昨晚", "今晚")
_MONTH = (
    r"(?:(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?(?![a-z])\.?)"
)

_DAY = re.compile("|".join(sorted(map(re.escape, _DAYS | _AHEAD), key=len, reverse=True)))
_DATES = (
    re.compile(r"(?P<year>\d{4})\s?[-/.年]\s?(?P<month>\d{1,2})\s?[-/.月]\s?(?P<day>\d{1,2})[日号]?(?!\d)"),
    re.compile(r"(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]?(?![\d升l块元])"),
    re.compile(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+(?P<year>\d{{4}}))?"),
    re.compile(rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<year>\d{{4}}))?(?![a-z\d.])"),
)
_UNCLEAR_DATE = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})(?!\d)")
_CLOCK = re.compile(
    r"(?P<part>上午|早上|早晨|中午|下午|傍晚|晚上|凌晨|早|晚)?\s*"
    r"(?:(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2})?(?![\d.])"
    r"|(?P<hour2>\d{1,2})\s?[点时](?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<minute2>\d{1,2})分?)?"
    r"|(?P<hour3>\d{1,2})(?=\s?[ap]\.?m))"
    r"\s*(?P<half_day>[ap]\.?m\b\.?)?"
)
_AGO = re.compile(
    r"(?P<n>\d{1,3}|半|an?|half an)\s*个?\s*(?P<unit>分钟|小时|minutes?|mins?|hours?|hrs?)\s*(?:前|之前|ago)"
)


@dataclass(slots=True)
class When:
    """What was said of the time so far. ``problem``: date, unclear_date, future, too_old."""

    day: date | None = None
    clock: time | None = None
    ago: timedelta | None = None
    evening: bool = False
    problem: str = ""
    written: str = ""

    def take(self, text: str, position: int, today: date) -> int:
        """How many characters at ``position`` speak of the time; 0 for none."""
        for taker in (self._unclear, self._date, self._ago, self._word, self._clock_time):
            if length := taker(text, position, today):
                self.written = f"{self.written} {text[position : position + length].strip()}".strip()
                return length
        return 0

    def moment(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """The instant meant, if the hour is known; sets ``problem`` when it cannot be."""
        if self.ago is not None:
            return self._within(now - self.ago, now)
        today = now.astimezone(zone).date()
        day = self.day or today
        if self.clock is None:
            if self.day is not None and not now - OLDEST <= _at(day, time(12), zone) <= now + timedelta(
                days=1
            ):
                self.problem = self.problem or ("future" if day > today else "too_old")
            elif day > today:
                self.problem = self.problem or "future"
            return None
        return self._within(_at(day, self.clock, zone), now)

    def _within(self, moment: datetime, now: datetime) -> datetime | None:
        if moment > now + AHEAD:
            self.problem = self.problem or "future"
        elif moment < now - OLDEST:
            self.problem = self.problem or "too_old"
        return None if self.problem else min(moment, now)

    def _unclear(self, text: str, position: int, _today: date) -> int:
        match = _UNCLEAR_DATE.match(text, position)
        if match:
            self.problem = "unclear_date"
        return len(match[0]) if match else 0

    def _date(self, text: str, position: int, today: date) -> int:
        match = next((match for rule in _DATES if (match := rule.match(text, position))), None)
        if match is None:
            return 0
        said = match.groupdict()
        month = int(said["month"]) if said.get("month") else _MONTHS.index(said["name"]) + 1
        try:
            day = date(int(said.get("year") or today.year), month, int(said["day"]))
            if not said.get("year") and day > today:  # in January, "28 December" is last year's
                day = day.replace(year=today.year - 1)
        except ValueError:
            self.problem = "date"
        else:
            self.day = day
        return len(match[0])

    def _ago(self, text: str, position: int, _today: date) -> int:
        match = _AGO.match(text, position)
        if match is None:
            return 0
        n = {"半": 0.5, "half an": 0.5, "a": 1.0, "an": 1.0}.get(match["n"]) or float(match["n"])
        minutes = match["unit"].startswith(("分", "min"))
        self.ago = timedelta(minutes=n) if minutes else timedelta(hours=n)
        return len(match[0])

    def _word(self, text: str, position: int, today: date) -> int:
        match = _DAY.match(text, position)
        if match is None or (match[0].isascii() and text[match.end() : match.end() + 1].isalpha()):
            return 0
        if match[0] in _AHEAD:
            self.problem = "future"
        self.day = today - timedelta(days=(_DAYS | _AHEAD)[match[0]])
        self.evening = match[0] in _EVENING
        return len(match[0])

    def _clock_time(self, text: str, position: int, _today: date) -> int:
        match = _CLOCK.match(text, position)
        if match is None:
            return 0
        hour = int(match["hour"] or match["hour2"] or match["hour3"])
        quarter = {"一": 15, "三": 45}.get(match["quarter"] or "", 0)
        minute = int(match["minute"] or match["minute2"] or quarter or (30 if match["half"] else 0))
        part, half_day = match["part"] or "", (match["half_day"] or "").replace(".", "")
        late = part in _EVENING or half_day == "pm" or (self.evening and not part)
        if late and hour < 12:
            hour += 12
        elif half_day == "am" and hour == 12:
            hour = 0
        if hour > 23 or minute > 59:
            self.problem = "date"
        else:
            self.clock = time(hour, minute)
        return len(match[0].rstrip())


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
