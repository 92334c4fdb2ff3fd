"""A goal as people write it: "bring back 40 dormant this month", "本月召回40个沉睡客户". Pure."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from crm.goals import MOST
from questions import period
from questions.vocabulary import plain

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
SIZES = {"k": 1000, "千": 1000, "万": 10_000}
_SIZED = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(k(?![a-z])|千|万)?")
PEOPLE = {"new": "new", "vip": "vip", "litres": "litres"}
LONGEST = 200
MILLI = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """``target`` in people or millilitres; ``who`` the segment to win back."""

    kind: str
    who: str
    target: int
    begin: date
    end: date


def read(text: str, today: date, *, said: bool = False) -> Wanted | None:
    """The goal that a text sets; None where it is no goal, or says more than a goal does.

    ``said``: that it is a goal was told before, so that it needs no verb.
    """
    if len(text) > LONGEST:
        return None
    left = f" {plain(text)} "
    number = _SIZED.search(left)
    if number is None or len(NUMBER.findall(left)) != 1:
        return None
    left = f"{left[: number.start()]} # {left[number.end() :]}"
    left, told = _taken(left, "begin")
    left, when = _taken(left, "periods")
    left, verbs = _verb(left)
    left, objects = _taken(left, "objects")
    left, around = _taken(left, "fillers")
    if not objects and around and "new" in verbs:  # "sign up 20 customers": new ones
        objects = ["new"]
    kind, who = _meant(verbs, objects, said=said or bool(told))
    target = _target(number, kind)
    if left.replace("#", "").strip(" :：,，.。!！") or not kind or len(when) > 1 or not 0 < target <= MOST:
        return None
    begin, end = _days(when[0] if when else "this-month", today)
    return Wanted(kind, who, target, begin, end)


def _target(number: re.Match[str], kind: str) -> int:
    value = float(number[1].replace(",", "")) * SIZES.get(number[2] or "", 1)
    return round(value * MILLI) if kind == "litres" else int(value) if value == int(value) else 0


def _meant(verbs: list[str], objects: list[str], *, said: bool) -> tuple[str, str]:
    """The kind and, of those to win back, the segment; two empty texts where the words do not fit."""
    if len(objects) != 1 or not (verbs or said):
        return "", ""
    kind = PEOPLE.get(objects[0], "win_back")
    if verbs and kind not in verbs:
        return "", ""
    return kind, objects[0] if kind == "win_back" else ""


def _verb(left: str) -> tuple[str, list[str]]:
    """The verb must come before the number; it may be that of several kinds."""
    head, mark, tail = left.partition("#")
    kinds: list[str] = []
    for word, codes in _phrases("verbs"):
        rest, found = _without(head, word)
        if found:
            return rest + mark + tail, list(codes)
    return left, kinds


def _taken(left: str, table: str) -> tuple[str, list[str]]:
    """The text without the words of a table, and what they meant, each once; long words go first."""
    found: list[str] = []
    for word, codes in _phrases(table):
        left, there = _without(left, word)
        if there and codes[0] not in found:
            found.append(codes[0])
    return left, found


def _without(left: str, word: str) -> tuple[str, bool]:
    pattern = rf"(?<![a-z]){re.escape(word)}(?![a-z])" if word.isascii() else re.escape(word)
    rest, times = re.subn(pattern, " ", left)
    return rest, times > 0


@cache
def _phrases(table: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every phrase and its codes, the longest first."""
    entries: dict[str, list[str]] = _data()[table]
    found: dict[str, list[str]] = {}
    for code, words in entries.items():
        for word in words:
            found.setdefault(plain(word), []).append(code)
    return tuple(
        sorted(((word, tuple(codes)) for word, codes in found.items()), key=lambda one: -len(one[0]))
    )


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "goals.toml").read_text(encoding="utf-8"))


def _days(text: str, today: date) -> tuple[date, date]:
    """The whole of the stretch, also of one that has begun."""
    which, _, unit = text.partition("-")
    begin, end = period.whole(unit, today)
    return (begin, end) if which == "this" else period.whole(unit, end + timedelta(days=1))
