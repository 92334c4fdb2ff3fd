"""Typed filters: text in the grammar (grammar.lark) -> a question. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import LarkError

from questions import period, when
from questions.accounts import FIELDS
from questions.misread import NotUnderstood, Problem, unknown
from questions.names import Names
from questions.qualified import QUALIFIERS, meant
from questions.question import BEGUN, KINDS, MEANS, MEASURES, STEPS, Filter, Question
from questions.vocabulary import ANY, directive_words, fields, plain, typed_field_words, typed_words

DIMENSIONS = (
    *("segment", "lifecycle", "value", "frequency", "rfm", "fuel", "loyalty", "credit", "persona", "price"),
    *("source", "consent", "reach", "declining", "vehicle", "station", "home", "city", "region"),
    *("product", "payment", "weekday", "hour"),
    *FIELDS,
)
DIRECTIVES = ("show", "by", "measure", "period", "since", "until", "sort", "limit")
ORDERS = (*(name for name in MEASURES if name not in ("customers", *MEANS)), "last", "gap")
TERM = re.compile(r'(?<![^\s,])-?[^\W\d]\w*(?::|>=|<=|[<>=])(?:"[^"]*"|[^\s"])+')
_NUMBER = re.compile(r"(-?\d[\d]*(?:\.\d+)?)\s*(k|w|千|万)?(?:元|yuan|rmb|l|升|km|公里|次)?")
_DAYS = re.compile(r"(\d+)\s*(d|w|m|天|周|个月|days?|weeks?|months?)?")
_HOURS = re.compile(r"(\d{1,2})-(\d{1,2})")
_TIMES = {"k": 1000, "千": 1000, "w": 10_000, "万": 10_000}
_UNITS = {"d": 1, "天": 1, "w": 7, "周": 7, "m": 30, "个月": 30}
MOST = 1000
LARGEST = 10**12


@dataclass
class Parts:
    """What a question is put together from."""

    filters: list[Filter] = field(default_factory=list)
    kind: str = ""
    by: str = ""
    measure: str = ""
    period: str = ""
    sort: str = ""
    limit: int | None = None

    def question(self) -> Question:
        kind: Any = self.kind or "list"
        return Question(
            kind,
            tuple(self.filters),
            self.by,
            self.measure or "customers",
            self.period,
            self.sort,
            self.limit,
        )


def read_term(text: str, names: Names, parts: Parts) -> None:
    """Add what one term says to ``parts``. Raises NotUnderstood."""
    try:
        tree = _grammar().parse(text)
    except LarkError as error:
        raise NotUnderstood(unknown(text)) from error
    _term(tree, names, parts)


@cache
def _grammar() -> Lark:
    return Lark((Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8"), parser="lalr")


def _term(term: Tree[Token], names: Names, parts: Parts) -> None:
    signs = [child for child in term.children if isinstance(child, Token)]
    negated, name = len(signs) > 1, str(signs[-1])
    trees = [child for child in term.children if isinstance(child, Tree)]
    op = str(trees[0].children[0]) if trees[0].children else "="
    given = [_text(value) for value in trees[1:]]
    known = directive_words("directives").get(plain(name), plain(name))
    if known in DIRECTIVES:
        if negated or op != "=":
            raise NotUnderstood(Problem("operator", name, field=known))
        _directive(known, given, parts)
        return
    if known in QUALIFIERS and op == "=" and len(given) == 1:
        known, given[0], denied = meant(known, given[0])
        negated = negated != denied
    words = typed_field_words()
    if known not in words:
        raise NotUnderstood(unknown(name, (*words, *DIRECTIVES)))
    parts.filters += filters(words[known], op, given, names, negated=negated)


def _text(value: Any) -> str:
    return str(value.children[0]).strip('"')


def _directive(name: str, given: list[str], parts: Parts) -> None:
    sign = "-" if name == "sort" and given[0].startswith("-") else ""
    word = ",".join(given).removeprefix(sign)
    word = sign + directive_words("measure" if name == "sort" else name).get(plain(word), word)
    allowed: tuple[str, ...] = {
        "show": KINDS, "measure": MEASURES, "by": (*DIMENSIONS, *STEPS, "period", *BEGUN),
    }.get(name, ())  # fmt: skip
    if name == "period":
        parts.period = ",".join(_period(each) for each in given)
    elif name in ("since", "until"):
        parts.period = _bounded(name, given, parts.period)
    elif name == "sort":
        if word.removeprefix("-") not in ORDERS:
            raise NotUnderstood(unknown(word.removeprefix("-"), ORDERS))
        parts.sort = word
    elif name == "limit":
        if not word.isascii() or not word.isdecimal() or not 0 < int(word[:9]) <= MOST:
            raise NotUnderstood(Problem("number", word, field="limit"))
        parts.limit = int(word)
    else:
        if word not in allowed:
            raise NotUnderstood(unknown(word, allowed))
        setattr(parts, "kind" if name == "show" else name, word)


def _bounded(name: str, given: list[str], other: str) -> str:
    """``since:2026-06-01``, ``until:last-month``, or both: of ``other`` the end that is not named here."""
    begin, dots, end = other.partition("..")
    open_at = begin if name == "since" else end
    if len(given) != 1 or open_at or (other and not dots):
        raise NotUnderstood(Problem("periods", ", ".join([other, *given])))
    only = _period(given[0])
    if ".." in only:
        raise NotUnderstood(Problem("date", given[0]))
    return _period(f"{only}..{end}" if name == "since" else f"{begin}..{only}")


def filters(name: str, op: str, given: list[str], names: Names, *, negated: bool = False) -> list[Filter]:
    """The filters of one term. Raises NotUnderstood."""
    kind = fields()[name].type
    ordered = kind in ("number", "days")
    if kind == "period" and op != "=" and len(given) == 1:
        return [Filter(name, "!=" if negated else "=", (_timed(name, op, given[0]),))]
    if (op != "=" and not ordered) or (negated and ordered and op != "="):
        raise NotUnderstood(Problem("operator", name, field=name))
    if kind in ("number", "days"):
        return _ordered(name, kind, op, given, negated)
    found = [one for value in given for one in _read(kind, name, value, names)]
    flipped = {
        value.removeprefix("-")
        for value in found
        if value.startswith("-") and (kind == "choice" or value == f"-{ANY}")
    }
    plainly = sorted(set(found) - {f"-{value}" for value in flipped})
    made = [Filter(name, "!=" if negated else "=", tuple(plainly))] if plainly else []
    return made + [Filter(name, "=" if negated else "!=", (value,)) for value in sorted(flipped)]


def _read(kind: str, name: str, value: str, names: Names) -> tuple[str, ...]:
    """What one value says: one thing, or several of which either will do."""
    several = {"place": _place, "told": _told}
    if kind in several:
        return several[kind](name, value, names)
    single = {"choice": _choice, "period": _time, "name": _name, "tag": _tag, "hours": _hours}
    return (single[kind](name, value, names),)


def _ordered(name: str, kind: str, op: str, given: list[str], negated: bool) -> list[Filter]:
    if len(given) != 1:
        raise NotUnderstood(Problem("number", ",".join(given), field=name))
    low, dots, high = given[0].partition("..")
    read = day_count if kind == "days" else number
    if not dots:
        equal: Any = "!=" if negated else op
        return [Filter(name, equal, (read(low, name),))]
    if negated or op != "=":
        raise NotUnderstood(Problem("operator", name, field=name))
    found = [Filter(name, ">=", (read(low, name),))] if low else []
    return found + ([Filter(name, "<=", (read(high, name),))] if high else [])


def number(text: str, name: str = "") -> str:
    """A number as it stands in a question: no thousands sign, no needless zeros. Raises NotUnderstood."""
    match = _NUMBER.fullmatch(plain_number(text))
    if match is None:
        raise NotUnderstood(Problem("number", text, field=name))
    value = float(match[1]) * _TIMES.get(match[2] or "", 1)
    if abs(value) > LARGEST:
        raise NotUnderstood(Problem("number", text, field=name))
    return f"{value:.3f}".rstrip("0").rstrip(".")


def plain_number(text: str) -> str:
    return text.replace("¥", "").replace("$", "").replace("€", "").strip().casefold()


def day_count(text: str, name: str = "") -> str:
    """Whole days from ``30d``, ``30``, ``4w`` or ``2m`` (of 30 days), as ``30d``. Raises NotUnderstood."""
    match = _DAYS.fullmatch(plain_number(text))
    if match is None or len(match[1]) > 6:
        raise NotUnderstood(Problem("number", text, field=name))
    unit = match[2] or "d"
    return f"{int(match[1]) * _UNITS.get(unit, _UNITS.get(unit[0], 1))}d"


def _choice(name: str, value: str, _names: Names) -> str:
    words = typed_words(name)
    if (code := words.get(plain(value))) is None:
        raise NotUnderstood(unknown(value, words))
    return code


def _hours(name: str, value: str, _names: Names) -> str:
    """``22-06`` of ``22-6`` or ``night``."""
    if match := _HOURS.fullmatch(value.strip()):
        begin, end = int(match[1]), int(match[2])
        if begin < 24 and 0 <= end <= 24 and begin != end:
            return f"{begin:02}-{end:02}"
    return _choice(name, value, _names)


def _place(name: str, value: str, names: Names) -> tuple[str, ...]:
    """One place; of a part of their names all stations that have it."""
    of_station = name in ("station", "home")
    found = names.station(value) if of_station else names.place(name, value)
    some = (found,) if found is not None else names.part(value) if of_station else ()
    if not some:
        raise NotUnderstood(Problem("station" if of_station else "place", value))
    return some


def _time(_name: str, value: str, _names: Names) -> str:
    return _period(value)


def _timed(name: str, op: str, value: str) -> str:
    """``joined>90d``: longer ago than that; ``visited>=2026-06-01``: on that day or later."""
    if name in BEGUN and _DAYS.fullmatch(plain_number(value)):
        return began(op, int(day_count(value, name)[:-1]))
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise NotUnderstood(Problem("operator", name, field=name)) from error
    try:
        bound = day + timedelta(days={">": 1, "<": -1}.get(op, 0))
    except OverflowError as error:  # after the last day there is, or before the first
        raise NotUnderstood(Problem("date", value)) from error
    return f"{bound}.." if op in (">", ">=") else f"..{bound}"


def began(op: str, days: int) -> str:
    """Over so many days ago, or within them."""
    return f"..{days + (op == '>')}-days-ago" if op in (">", ">=") else f"last-{days + (op == '<=')}d"


def _name(_name: str, value: str, _names: Names) -> str:
    return value


def _tag(name: str, value: str, names: Names) -> str:
    if (code := typed_words(name).get(plain(value))) is not None:
        return code
    if (found := names.tag(value)) is None:
        raise NotUnderstood(unknown(value, names.tags))
    return found


def _told(name: str, value: str, names: Names) -> tuple[str, ...]:
    """What accounts of the asker's are said to be, or a word of the vocabulary that none may be."""
    if not (found := names.told(name, value)):
        raise NotUnderstood(unknown(value, (*typed_words(name), *names.known(name))))
    return found


def _period(value: str) -> str:
    try:
        return period.check(plain_period(value))
    except period.NoSuchPeriod as error:
        if (said := _in_words(plain(value))) is None:
            raise NotUnderstood(Problem("date", value)) from error
        return said


def _in_words(value: str) -> str | None:
    """``joined:上个月``: a time as it is said."""
    try:
        found = when.read(value, 0)
    except ValueError:
        return None
    return found[0] if found and found[1] == len(value) else None


def plain_period(value: str) -> str:
    return value.strip().casefold().replace("/", "-")
