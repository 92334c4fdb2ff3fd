"""A day, a month or a stretch of days as managers write it, Chinese and English: -> periods. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date

from questions.period import DAYS
from questions.spoken import ONES

HAN = "零〇一二两三四五六七八九十百千万"
N = rf"(?:\d+|[{HAN}]+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_SIZES = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_ENGLISH = ONES[:13]
_ORDINALS = ("first", "second", "third", "fourth")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_NAMES = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
UNIT = r"(?:days?|weeks?|months?|quarters?|years?|天|日|个?星期|个?礼拜|周|个月|月|个?季度|年)"
WHOLE = r"(?:week|month|quarter|year|周|星期|礼拜|个月|月|季度|季|年)"
_LENGTHS = {
    "d": 1,
    "天": 1,
    "日": 1,
    "w": 7,
    "周": 7,
    "m": 30,
    "月": 30,
    "q": 91,
    "季": 91,
    "y": 365,
    "年": 365,
}
_CODES = {"w": "week", "周": "week", "m": "month", "月": "month", "q": "quarter", "季": "quarter",
          "y": "year", "年": "year"}  # fmt: skip
_WHICH = {"this": "this", "last": "last", "previous": "last", "next": "next", "coming": "next",
          "本": "this", "这": "this", "上": "last", "下": "next", "今": "this", "去": "last", "明": "next"}  # fmt: skip


def count(text: str) -> int:
    """A whole number in digits, Chinese or English. Raises ValueError."""
    if text.isdecimal():
        return int(text)
    if text in ("a", "an"):
        return 1
    if text in _ENGLISH:
        return _ENGLISH.index(text)
    total, section, digit = 0, 0, 0
    if len(text) > 2 and text[-1] in _DIGITS and (size := _SIZES.get(text[-2], 0)) > 10:
        return count(text[:-1]) + _DIGITS[text[-1]] * size // 10  # 一百五 is 150, and 一百零五 105
    for sign in text:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif sign == "万":
            total, section, digit = (total + section + digit or 1) * _SIZES[sign], 0, 0
        elif sign in _SIZES:
            section, digit = section + (digit or 1) * _SIZES[sign], 0
        else:
            raise ValueError(text)
    return total + section + digit


def length(unit: str) -> int:
    """Days of a unit: a month is 30, a quarter 91, a year 365."""
    unit = unit.removeprefix("个").replace("星期", "周").replace("礼拜", "周")
    return _LENGTHS[unit[0]]


def _code(unit: str) -> str:
    return _CODES[unit.removeprefix("个").replace("星期", "周").replace("礼拜", "周")[0]]


def _rolling(match: re.Match[str]) -> str:
    return f"last-{_in_all(count(match['n'] or '1'), length(match['u']))}d"


def _coming(match: re.Match[str]) -> str:
    return f"next-{_in_all(count(match['n']), length(match['u']))}d"


def _in_all(number: int, each: int) -> int:
    """Days of so many units; twelve months are a year."""
    years, rest = divmod(number, 12) if each == 30 else (0, number)
    return min(years * 365 + rest * each, 9999)


def _past(match: re.Match[str]) -> str:
    return f"last-{length(match['u'])}d"


def _unit(match: re.Match[str]) -> str:
    return f"{_WHICH[match['w']]}-{_code(match['u'])}"


def _day(match: re.Match[str]) -> str:
    year, month, day = (match.groupdict().get(name) for name in ("y", "m", "d"))
    number = int(month) if month and month.isdecimal() else 0
    if month and not number:
        number = MONTHS.index(month[:3]) + 1 if month[:3] in MONTHS else count(month)
    if month is None:
        return str(year)
    if not 1 <= number <= 12:
        raise ValueError(match[0])
    if day is None:
        return f"{year}-{number:02}" if year else f"m{number:02}"
    checked = date(int(year) if year else 2024, number, count(day))
    return f"{year}-{number:02}-{checked.day:02}" if year else f"m{number:02}-{checked.day:02}"


def _weekday(match: re.Match[str]) -> str:
    """上周三 is that of the last week; "last Wednesday" the latest there was."""
    which, day = _WHICH[match["w"]], match["d"].replace("天", "日")
    name = DAYS["一二三四五六日".index(day)] if day in "一二三四五六日" else day[:3]
    of_week = which != "last" or not match["w"].isascii()
    return f"{which}-{'week-' if of_week else ''}{name}"


def _weekend(match: re.Match[str]) -> str:
    week = _WHICH[match["w"]]
    return f"{week}-week-sat..{week}-week-sun"


def _of_year(match: re.Match[str]) -> str:
    """A month, day or quarter of this year or the last: ``last-year-m10``."""
    inner = _quarter(match) if match.groupdict().get("q") else _day(match)
    return f"{_WHICH[match['w']]}-year-{inner}"


def _half(match: re.Match[str]) -> str:
    begin, end = ("m01", "m06") if match["h"] in ("上", "first") else ("m07", "m12")
    year = f"{_WHICH[match['w']]}-year-" if match["w"] else ""
    return f"{year}{begin}..{year}{end}"


def _quarter(match: re.Match[str]) -> str:
    year = match.groupdict().get("y")
    number = count(match["q"])
    if not 1 <= number <= 4:
        raise ValueError(match[0])
    return f"{year}-q{number}" if year else f"q{number}"


def _part(match: re.Match[str]) -> str:
    """The first week of June is its first seven days, the last its last seven; so are halves and days."""
    month = MONTHS.index(match["m"][:3]) + 1
    which, unit, end = match["o"], match["u"], monthrange(2023, month)[1]
    if unit.startswith("day"):
        begin, last = (1, count(match["n"])) if which == "first" else (end - count(match["n"]) + 1, end)
    elif unit == "half":
        begin, last = (1, 15) if which == "first" else (16, end)
    else:
        nth = _ORDINALS.index(which) if which in _ORDINALS else 0
        begin, last = (end - 6, end) if which == "last" else (7 * nth + 1, 7 * nth + 7)
    if not 1 <= begin <= last <= end:
        raise ValueError(match[0])
    return f"m{month:02}-{begin:02}..m{month:02}-{last:02}"


_PARTS = {
    "初": (1, 7), "beginning": (1, 7), "start": (1, 7), "early": (1, 10), "上旬": (1, 10), "mid": (11, 20), "中旬": (11, 20),
    "late": (21, 31), "下旬": (21, 31), "底": (25, 31), "末": (25, 31), "end": (25, 31),
}  # fmt: skip


def _stretch(match: re.Match[str]) -> str:
    """``end of August``, 8月底: from the 25th on; 下旬 from the 21st on."""
    month = MONTHS.index(match["m"][:3]) + 1 if match["m"][:3] in MONTHS else count(match["m"])
    begin, last = _PARTS[match.groupdict().get("p2") or match["p"]]
    return f"m{month:02}-{begin:02}..m{month:02}-{min(last, monthrange(2023, month)[1]):02}"


def _days_of_month(match: re.Match[str]) -> str:
    """上个月1号到15号, "the 3rd of last month", 上月底: days of this month or the last."""
    told = match.groupdict()
    begin, last = (
        _PARTS[told["p"]] if told.get("p") else (count(told["a"]), count(told.get("b") or told["a"]))
    )
    if not 1 <= begin <= last <= 31:
        raise ValueError(match[0])
    month = f"{_WHICH[match['w']]}-month"
    return f"{month}-{begin:02}" + (f"..{month}-{last:02}" if last > begin else "")


def _checked(text: str, most: int) -> int:
    if not 1 <= int(text) <= most:
        raise ValueError(text)
    return int(text)


Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def _rule(pattern: str, meaning: Callable[[re.Match[str]], str]) -> Rule:
    return re.compile(pattern), meaning


DAY_NAMES = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_DAY = rf"(?:[12]\d|3[01]|[1-9]|[{HAN}]+)"
_NO_STATION = r"(?! ?(?:加油|油)?站|(?:和|、|,|跟|与)\S{0,4}站)"
_TH = r"(?:st|nd|rd|th)"
_NOT_BY = "".join(rf"(?<!{word} )(?<!{word} the )" for word in ("by", "until", "till", "before"))
_ZH_DAY = r"(?:周|星期|礼拜)(?P<d>[一二三四五六日天])"
# A day, month, quarter or year by its name.
DATES: tuple[Rule, ...] = (
    _rule(rf"(?P<m>\d{{1,2}}|[{HAN}]+) ?月份?的?(?P<p>底|末|初|下旬)", _stretch),
    _rule(rf"{_NOT_BY}(?:the )?(?:(?P<p>end|beginning|start) of|(?P<p2>early|mid|late)) (?P<m>{MONTH_NAMES})\b(?! \d| (?:this|last) year)", _stretch),
    _rule(rf"(?:the )?(?P<o>first|second|third|fourth|last) (?P<n>)(?P<u>week|half) (?:of|in) (?P<m>{MONTH_NAMES})\b(?! \d| (?:this|last) year)", _part),
    _rule(rf"(?:the )?(?P<o>first|last) (?P<n>\d{{1,2}}) (?P<u>days?) (?:of|in) (?P<m>{MONTH_NAMES})\b(?! \d| (?:this|last) year)", _part),
    _rule(rf"(?P<w>[今去])年 ?的? ?(?P<m>\d{{1,2}}|[{HAN}]+) ?月 ?(?P<d>\d{{1,2}}|[{HAN}]+) ?[日号](?!站)", _of_year),
    _rule(rf"(?P<w>[今去])年 ?的? ?(?P<m>\d{{1,2}}|[{HAN}]+) ?月份?", _of_year),
    _rule(r"(?P<w>[今去])年 ?的? ?第?(?P<q>[1-9一二三四五]) ?季度?", _of_year),
    _rule(rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<m>{MONTH_NAMES}),? (?:of )?(?P<w>this|last) year\b", _of_year),
    _rule(rf"(?P<m>{MONTH_NAMES}),? (?:of )?(?P<w>this|last) year\b", _of_year),
    _rule(rf"(?P<w>this|last) year(?:'s)? (?P<m>{MONTH_NAMES})\b", _of_year),
    _rule(r"q(?P<q>\d),? (?:of )?(?P<w>this|last) year\b", _of_year),
    _rule(r"(?P<w>this|last) year(?:'s)? q(?P<q>\d)\b", _of_year),
    _rule(r"(?:the )?(?P<o>first|second|third|fourth) quarter (?:of )?(?P<w>this|last) year\b",
          lambda m: f"{_WHICH[m['w']]}-year-q{_ORDINALS.index(m['o']) + 1}"),
    _rule(r"(?P<y>\d{4})-q(?P<q>\d)|(?P<y2>\d{4}) ?q(?P<q2>\d)",
          lambda m: f"{m['y'] or m['y2']}-q{_checked(m['q'] or m['q2'], 4)}"),
    _rule(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)", _day),
    _rule(r"(?P<y>\d{4})[-/](?P<m>\d{1,2})(?!\d)", _day),
    _rule(rf"(?P<y>\d{{4}}) ?年 ?(?P<m>\d{{1,2}}|[{HAN}]+) ?月 ?(?P<d>\d{{1,2}}|[{HAN}]+) ?[日号](?!站)", _day),
    _rule(rf"(?P<y>\d{{4}}) ?年 ?(?P<m>\d{{1,2}}|[{HAN}]+) ?月份?", _day),
    _rule(r"(?P<y>\d{4}) ?年 ?第?(?P<q>[1-9一二三四五]) ?季度?", _quarter),
    _rule(r"(?P<y>\d{4}) ?年", _day),
    _rule(rf"(?P<m>\d{{1,2}}|[{HAN}]+) ?月 ?(?P<d>\d{{1,2}}|[{HAN}]+) ?[日号](?!站)", _day),
    _rule(rf"(?P<m>\d{{1,2}}|[{HAN}]+) ?月份?", _day),
    _rule(rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<m>{MONTH_NAMES})(?:,? (?P<y>\d{{4}}))?\b", _day),
    _rule(rf"(?P<m>{MONTH_NAMES}) (?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<y>\d{{4}}))?\b", _day),
    _rule(rf"(?:last )?(?P<m>{MONTH_NAMES})(?:,? (?P<y>\d{{4}}))?\b", _day),
    _rule(r"q(?P<q>\d)(?: (?P<y>\d{4}))?\b", _quarter),
    _rule(r"第?(?P<q>[一二三四五1-9]) ?季度", _quarter),
    _rule(r"(?:the )?(?P<q>first|second|third|fourth) quarter(?: of (?P<y>\d{4}))?",
          lambda m: (f"{m['y']}-" if m["y"] else "") + f"q{_ORDINALS.index(m['q']) + 1}"),
    _rule(r"(?P<y>20\d\d)(?! ?[元块升次l人位个名公天])\b", _day),
)  # fmt: skip
# Stretches that today gives a meaning.
RELATIVE: tuple[Rule, ...] = (
    _rule(rf"(?P<w>[本这上])一?个?月份?的? ?(?P<a>{_DAY}) ?[日号]? ?(?:到|至|-|~) ?(?P<b>{_DAY}) ?[日号]{_NO_STATION}", _days_of_month),
    _rule(rf"(?P<w>[本这上])一?个?月份?的? ?(?P<a>{_DAY}) ?[日号]{_NO_STATION}", _days_of_month),
    _rule(r"(?P<w>[本这上])一?个?月的?(?P<p>底|末|初|上旬|中旬|下旬)", _days_of_month),
    _rule(rf"(?:between |from )?(?:the )?(?P<a>\d{{1,2}}){_TH}? ?(?:and|to|until|till|-|–) ?(?:the )?(?P<b>\d{{1,2}})(?:{_TH}(?: of)?| of) (?P<w>this|last) month\b", _days_of_month),
    _rule(rf"(?P<w>this|last) month,? (?:from |between )?(?:the )?(?P<a>\d{{1,2}}){_TH}? ?(?:and|to|until|till|-|–) ?(?:the )?(?P<b>\d{{1,2}}){_TH}\b", _days_of_month),
    _rule(rf"(?:the )?(?P<a>\d{{1,2}}){_TH} (?:of )?(?P<w>this|last) month\b", _days_of_month),
    _rule(rf"{_NOT_BY}(?:the )?(?P<p>end|beginning|start) of (?P<w>this|last) month\b", _days_of_month),
    _rule(r"(?:与|和|跟|同|比|较)?(?:去年|上年)(?:的)?(?:同期|同月|同一?个?(?:月|季度|周|天|时期?|期)|这个?时候|此时)"
          r"|(?:the )?same (?:period|month|time|week|quarter|days?|stretch)(?: of| in)? (?:the )?(?:last|previous|prior) year\b"
          r"|(?:the )?(?:last|previous|prior) year's same (?:period|month|time|week|quarter)\b"
          r"|(?:the )?same (?:period|month|time|week|quarter) (?:a|one) year (?:ago|before|earlier)\b"
          r"|(?:a|one) year (?:ago|before|earlier)\b|同比|year on year\b|yoy\b", lambda _m: "?-year-ago"),
    _rule(r"环比|上一?期|month on month\b|mom\b|week on week\b|(?:the )?(?:previous|prior|preceding) period\b"
          r"|the (?:day|week|month|quarter|year) before(?! last| yesterday)\b"
          r"|(?<!最近)(?<!过去)前一(?:天|日|周|个?星期|个?月|个?季度|年)", lambda _m: "?-before"),
    _rule(rf"(?P<w>[本这上下])(?:一)?个?{_ZH_DAY} ?(?:到|至|-|~) ?[本这上下]?个?(?:周|星期|礼拜)?(?P<e>[一二三四五六日天])",
          lambda m: f"{_weekday(m)}..{_WHICH[m['w']]}-week-{DAYS['一二三四五六日'.index(m['e'].replace('天', '日'))]}"),
    _rule(rf"(?P<w>[本这上下])(?:一)?个?{_ZH_DAY}", _weekday),
    _rule(rf"(?P<w>this|last|next|coming) (?P<d>{DAY_NAMES})\b", _weekday),
    _rule(r"(?P<w>[本这上下])(?:一)?个?周末", _weekend),
    _rule(r"(?:the )?(?P<w>this|last|next|coming) weekend\b", _weekend),
    _rule(r"today\b|今天|今日", lambda _m: "today"),
    _rule(r"yesterday\b|昨天|昨日", lambda _m: "yesterday"),
    _rule(r"tomorrow\b|明天|明日", lambda _m: "tomorrow"),
    _rule(r"the day after tomorrow\b|day after tomorrow\b|后天", lambda _m: "in-2-days"),
    _rule(r"the day before yesterday\b|day before yesterday\b|前天", lambda _m: "2-days-ago"),
    _rule(rf"最近(?![\d{HAN}几半这来]| \d)|(?:recently|lately)\b", lambda _m: "last-30d"),
    _rule(rf"(?:in |over |within |during |for |across |throughout )?(?:the )?(?:last|past|previous) (?P<n>{N}) (?P<u>{UNIT})\b", _rolling),
    _rule(rf"(?:最近|近|过去|这|前)(?:的)? ?(?P<n>{N}) ?(?P<u>{UNIT})(?:以?内|里)?", _rolling),
    _rule(rf"(?P<n>{N}) ?(?P<u>{UNIT})(?:之|以)?内", _rolling),
    _rule(rf"(?:within|in) (?P<n>{N}) (?P<u>{UNIT})\b", _rolling),
    _rule(rf"(?:the )?(?:next|coming) (?P<n>{N}) (?P<u>{UNIT})\b", _coming),
    _rule(rf"(?:未来|接下来|今后)(?:的)? ?(?P<n>{N}) ?(?P<u>{UNIT})(?:以?内)?", _coming),
    _rule(r"(?:最近|近|过去)(?:的)?半年(?:以?内)?|半年(?:之|以)?内|(?:the )?(?:last|past) half(?: a)? year",
          lambda _m: "last-182d"),
    _rule(r"(?:(?P<w>[今去])年)?的?(?P<h>上|下)半年", _half),
    _rule(r"(?:the )?(?P<h>first|second) half(?: of (?:the|(?P<w>this|last)) year)?\b", _half),
    _rule(rf"(?:in |over |within |during |for |across |throughout )?(?:the )?past (?P<u>{WHOLE})\b", _past),
    _rule(rf"(?:the )?(?P<w>this|last|previous|next|coming) (?P<u>{WHOLE})\b", _unit),
    _rule(rf"(?P<w>本|这|上|下)(?:一)?个?(?P<u>{WHOLE})(?!度)", _unit),
    _rule(r"(?:the )?(?P<u>week|month|quarter|year) before last\b|上上个?(?P<u2>周|星期|礼拜|月|季度)",
          lambda m: f"2-{_code(m['u'] or m['u2'])}s-ago"),
    _rule(r"前年", lambda _m: "2-years-ago"),
    _rule(r"大前天", lambda _m: "3-days-ago"),
    _rule(r"(?P<w>今|去|明)(?P<u>年)", _unit),
    _rule(r"(?:year to date|ytd)\b|今年以来", lambda _m: "this-year"),
    _rule(r"(?:month to date|mtd)\b|本月以来", lambda _m: "this-month"),
)  # fmt: skip
