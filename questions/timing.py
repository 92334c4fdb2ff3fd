"""The times of a plain question: which days its numbers are of, or what happened in them. Pure."""

from __future__ import annotations

import re
from dataclasses import replace

from questions.misread import NotUnderstood, Problem
from questions.period import UNITS, YEAR_AGO
from questions.question import BEGUN, STEPS, SUMMED, Filter
from questions.reader import Reader
from questions.typed import Parts

_ROLLING = re.compile(r"last-(\d+)d")
HAPPEN = frozenset({"churned", "dormant", "lapsing", "reactivated", "at_risk_vip"})  # one moves into these
STANDING = frozenset({"vip", "regular", "at_risk_vip", "lapsing", "dormant"})  # groups with a size to follow
LATELY = {"day": "last-30d", "week": "last-84d"}  # how long a trend without a time is
ALONG = ("over ", "for ", "during ", "across ", "throughout ")  # of a state: how it went in that time
STATES = frozenset({"segment", "lifecycle", "value", "frequency", "rfm", "loyalty", "credit", "price"})


def times(reader: Reader) -> None:
    """The times that no event has taken."""
    parts = reader.parts
    _visits_of(reader)
    places = reader.places("period")
    said = [reader.text(place) for place in places]
    found = _and_now(parts, beside(reader, [reader.code(place) for place in places]))
    reader.take(*places)
    if not found:
        _happening(reader)
        return
    if parts.kind == "compare" and len(found) > 1 and not parts.by:
        _of_several(reader, found)
        return
    if len(found) > 1:
        raise NotUnderstood(Problem("periods", ", ".join(said)))
    told = {one.field.partition("_")[0] for one in parts.filters}
    segment = next((one for one in parts.filters if one.field == "segment" and one.op == "="), None)
    _foretold(parts, found[0], said[0])
    summed = parts.measure not in ("", "customers") or bool(told & SUMMED) or parts.sort.lstrip("-") in SUMMED
    if (
        summed
        or told & {"was", "became", "product", "payment", "only", "weekday", "hour"}
        or (parts.kind == "trend" and not segment and not told & {*BEGUN})
    ):
        parts.period = found[0]
    elif segment and set(segment.values) <= HAPPEN and not _sized(reader):
        parts.filters.remove(segment)
        parts.filters.append(Filter("became", "=", segment.values))
        parts.period = found[0]
        parts.kind = "change" if parts.kind in ("", "list") else parts.kind
    elif segment and segment.values == ("new",):
        _newcomers(parts, found)
    elif segment and parts.kind == "count" and (reader.growing or _along(said[0], found[0])):
        parts.kind, parts.by = "trend", _step(found[0])  # what they are today says nothing of then
        parts.period = found[0]
    elif parts.kind in ("trend", "compare"):
        parts.period = found[0]
    else:
        _came(parts, found[0], said[0])


def _along(said: str, period: str) -> bool:
    """``over the last year``, ``since May``: how it went, and not who came then."""
    return said.startswith(ALONG) or period.endswith("..")


def _and_now(parts: Parts, found: list[str]) -> list[str]:
    """Compared with last month: this month is, where nothing else is compared."""
    several = parts.by or any(one.op == "=" and len(one.values) > 1 for one in parts.filters)
    if parts.kind != "compare" or several or len(found) != 1:
        return found
    which, _, unit = found[0].partition("-")
    return [f"this-{unit}", *found] if which == "last" and unit in UNITS else found


def _of_several(reader: Reader, found: list[str]) -> None:
    """Two times that are compared."""
    parts = reader.parts
    if _newcomers(parts, found):
        parts.by = "first"
    elif not _followed(reader, found):
        parts.by, parts.period = "period", ",".join(found)
        _happening(reader)


def _foretold(parts: Parts, period: str, said: str) -> None:
    """Who will be lost next month: nobody knows."""
    moving = any(
        one.field in ("was", "became") or (one.field == "segment" and set(one.values) <= HAPPEN)
        for one in parts.filters
    )
    if moving and ahead(period):
        raise NotUnderstood(Problem("operator", said, field="became"))


def _visits_of(reader: Reader) -> None:
    """Of a segment, those who came each week: its visits, as its trend is how many are in it."""
    parts = reader.parts
    coming = parts.kind == "trend" and reader.coming and not parts.measure
    if coming and any(one.field == "segment" and set(one.values) <= STANDING for one in parts.filters):
        parts.measure = "visits"


def _followed(reader: Reader, found: list[str]) -> bool:
    """How large a group is now and was then: its size at the end of each, and not who of it came in them."""
    parts, unit = reader.parts, found[0].partition("-")[2]
    told = [one.values for one in parts.filters if one.field == "segment" and one.op == "="]
    alike = set(found) == {f"this-{unit}", f"last-{unit}"} and unit in STEPS
    if not (alike and reader.sized and len(told) == 1 and set(told[0]) <= STANDING) or parts.measure:
        return False
    parts.kind, parts.by, parts.period = "trend", unit, f"last-{unit}.."
    return True


def _sized(reader: Reader) -> bool:
    """``沉睡客户数量的趋势``: how many there are each month, and not how many come to it."""
    told = [one for one in reader.parts.filters if one.field == "segment" and one.op == "="]
    return reader.sized and reader.parts.kind == "trend" and any(set(one.values) <= STANDING for one in told)


def _step(period: str) -> str:
    """Of a trend over the last so many days."""
    length = re.fullmatch(r"last-(\d+)d", period)
    return "week" if length and int(length[1]) < 60 else "month"


def _newcomers(parts: Parts, found: list[str]) -> bool:
    """New customers of some time are those whose first visit was then."""
    new = [one for one in parts.filters if one.canonical() == "segment:new"]
    if new and not parts.measure:
        parts.filters.remove(new[0])
        parts.filters.append(Filter("first", "=", tuple(sorted(found))))
    return bool(new and not parts.measure)


def of_the_churn(reader: Reader) -> None:
    """The churn rate of VIPs: of those who were VIPs when the period began."""
    parts = reader.parts
    if parts.measure == "churn":
        parts.filters[:] = [
            replace(one, field="start") if one.field == "segment" else one for one in parts.filters
        ]


def _came(parts: Parts, period: str, said: str) -> None:
    """A time that is of nothing else is when they came, or are due."""
    if any(one.field in ("visited", "first", "joined") and one.op == "=" for one in parts.filters):
        raise NotUnderstood(Problem("periods", said))  # came yesterday, and today: two questions
    if period == "today" and any(one.field in STATES for one in parts.filters):
        return  # what somebody is, they are today
    parts.filters.append(Filter("due" if ahead(period) else "visited", "=", (period,)))


def beside(reader: Reader, found: list[str]) -> list[str]:
    """``the same month last year``, ``the day before``: beside another time, with which it is compared."""
    others = [one for one in found if not one.startswith("?")]
    if len(others) == len(found):
        if (
            reader.parts.kind == "compare"
            and len(found) == 2
            and "last-year" in found
            and "this-year" not in found
        ):
            return [
                one if one != "last-year" else _year_ago(next(o for o in found if o != one)) for one in found
            ]
        return found
    ago = "?-year-ago" in found
    if len(found) == 1 and ago and reader.parts.kind != "compare":
        return [alone(found[0])]
    if len(others) > 1 or len(found) - len(others) > 1:
        raise NotUnderstood(
            Problem("periods", ", ".join(reader.text(place) for place in reader.places("period")))
        )
    only = others[0] if others else "this-month"
    earlier = _year_ago(only) if ago else _before(only)
    if not earlier:
        raise NotUnderstood(Problem("when"))
    reader.parts.kind = "compare"
    return [only, earlier]


def alone(period: str) -> str:
    """``去年同期``, "a year ago" beside no other time: of this month. Raises for "the day before"."""
    if period.startswith("?") and period != f"?{YEAR_AGO}":
        raise NotUnderstood(Problem("when"))
    return f"this-month{YEAR_AGO}" if period.startswith("?") else period


def _year_ago(text: str) -> str:
    return "..".join(f"{end}{YEAR_AGO}" if end else "" for end in text.split(".."))


def _before(text: str) -> str:
    """The period just before one that has a name; empty for one that has none."""
    which, _, unit = text.partition("-")
    if text in ("today", "yesterday"):
        return {"today": "yesterday", "yesterday": "2-days-ago"}[text]
    if rolling := _ROLLING.fullmatch(text):  # the last 7 days, and the 7 before them
        count = int(rolling[1])
        return f"{2 * count - 1}-days-ago..{count}-days-ago"
    if unit in UNITS and which in ("this", "last"):
        return f"last-{unit}" if which == "this" else f"2-{unit}s-ago"
    return ""


def ahead(period: str) -> bool:
    """Whether it is still to come: then nobody has come, and who is expected is meant."""
    return period.startswith(("next-", "in-")) or period == "tomorrow"


def _happening(reader: Reader) -> None:
    """A trend of a segment that people move into is one of the moves, and so is a comparison of times."""
    parts = reader.parts
    if not (parts.kind == "trend" or parts.by == "period") or parts.measure or _sized(reader):
        return
    for one in parts.filters:
        if one.canonical() == "segment:new":
            _newcomers(parts, [LATELY.get(parts.by, "last-365d")])
            return
        if one.field == "segment" and one.op == "=" and set(one.values) <= HAPPEN:
            parts.filters.remove(one)
            parts.filters.append(Filter("became", "=", one.values))
            return
