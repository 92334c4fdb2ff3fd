"""Thresholds as people speak of them: "what if VIP needs 6000" -> settings of the criteria. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from questions import dates
from questions.misread import Misread, Problem, unknown
from questions.spoken import figured
from questions.vocabulary import segment_words, threshold_words, value_words
from segmentation.criteria import Criteria, changed

Settings = dict[str, Any]
LONGEST = 200
TRIED = "tried"  # the version of criteria that nobody keeps
_BEGINS = re.compile(
    r"(?:and |so |hey,? )?(?:(?:what|how)(?: happens| would happen| would change)? if\b"
    r"|suppose\b|supposing\b|imagine\b|if\b(?=.*\d.*\b(?:how many|who|what)\b))\s*"
    r"|那?么?(?P<who>\S{0,6}?) ?(?:如果|假如|要是|若是?|假设)\s*",
)
_BAR = re.compile(r"门槛|标准|\bthreshold\b|\bcut-?off\b|\bthe (?:\w+ )?bar\b")  # moved to some number
_HAN = re.compile(
    r"(?<![\d.])(?:[一二两三四五六七八九][一二三四五六七八九十零百千万]*[十百千万][一二三四五六七八九十零百千万]*|十[一二三四五六七八九]?"
    r"|[一二两三四五六七八九十](?=[次天日成]|个百分点))"
)
_NUMBER = re.compile(r"(?<![a-z0-9.])(-?\d[\d,]*(?:\.\d+)?)\s*(k\b|w\b|千|万)?")
_TYPED = re.compile(r"([a-z_]+(?:\.[a-z_]+)+)\s*[=:\s]\s*(-?[\d.]+|[a-z]+)")
_TIMES = {"k": 1000, "千": 1000, "w": 10_000, "万": 10_000}


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would be set: dotted name of a setting -> its value; None takes it away."""

    settings: Settings

    def canonical(self) -> str:
        """As it can be typed: ``parse`` reads it as the same."""
        told = (f"{name}={'none' if value is None else value}" for name, value in self.settings.items())
        return "what if " + " ".join(told)


def parse(text: str) -> WhatIf | Misread | None:
    """None where the text is no such question."""
    flat = " ".join(unicodedata.normalize("NFKC", text[: LONGEST + 1]).casefold().split())
    if len(flat) <= LONGEST:
        flat = _figured(flat)
    if (asked := _supposed(flat)) is None:
        return None
    if len(flat) > LONGEST:
        return Misread((Problem("long", field=str(LONGEST)),))
    typed = _TYPED.findall(asked)
    if typed:
        rest = _TYPED.sub(" ", asked).strip(" ,;")
        return Misread((unknown(rest),)) if rest else WhatIf({name: _value(word) for name, word in typed})
    return _plain(asked)


def _figured(flat: str) -> str:
    """With each number in digits: nine thousand, 九千, 百分之十."""
    share = re.sub(r"百分之(\d+)", r"\1%", _HAN.sub(lambda match: str(dates.count(match[0])), flat))
    return figured(share)


def _supposed(flat: str) -> str | None:
    """What is supposed; None where nothing is: a threshold with a number is one, however it is asked."""
    begins = _BEGINS.match(flat)
    if begins is None or (begins["who"] and begins["who"] not in _people()):
        if not (_BAR.search(flat) and _NUMBER.search(flat) and any(word in flat for word in _people())):
            return None
        begins = None
    rest = f"{begins['who'] or ''} {flat[begins.end() :]}" if begins else flat
    return rest.strip(" ?!.。,、呢")


def _value(word: str) -> Any:
    if word == "none":
        return None
    try:
        number = float(word)
    except ValueError:
        return word
    return int(number) if number.is_integer() else number


def _plain(asked: str) -> WhatIf | Misread:
    numbers = _NUMBER.findall(asked)
    rest = _NUMBER.sub(" ", asked)
    who, rest = _take(rest, _people())
    unit, rest = _take(rest, threshold_words("units"))
    for word in sorted(threshold_words("fillers"), key=len, reverse=True):
        rest = _without(rest, word)
    if rest.strip(" ,.?!"):
        return Misread((unknown(rest.strip(" ,.?!").split()[0], [*_people(), *threshold_words("units")]),))
    if len(numbers) != 1:
        return Misread((Problem("number", asked),))
    if not who:
        return Misread((Problem("threshold", asked),))
    digits, times = numbers[0]
    number = float(digits.replace(",", "")) * _TIMES.get(times, 1)
    settings = _settings(who, unit or ("money" if who == "vip" else "days"), number)
    return WhatIf(settings) if settings else Misread((Problem("threshold", asked),))


def _people() -> dict[str, str]:
    """Words for who is meant; whom we value highly is what makes a VIP."""
    high = {word: "vip" for word, code in value_words("value").items() if code == "high" and word != "high"}
    return {**high, **segment_words()}


def _take(text: str, words: dict[str, str]) -> tuple[str, str]:
    """The first of these words that stands in the text, the longest first, and the text without it."""
    for word in sorted(words, key=len, reverse=True):
        if (without := _without(text, word)) != text:
            return words[word], without
    return "", text


def _without(text: str, word: str) -> str:
    before = "(?<![a-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    after = "(?![a-z0-9])" if word[-1].isascii() and word[-1].isalnum() else ""
    return re.sub(f"{before}{re.escape(word)}{after}", " ", text)


def _settings(who: str, unit: str, number: float) -> Settings | None:
    value = int(number) if number.is_integer() else number
    meant: dict[tuple[str, str], Settings] = {
        ("vip", "money"): {"value.high_spend": value},
        ("vip", "percent"): {"value.high_percent": value, "value.high_spend": None},
        ("vip", "visits"): {"frequency.method": "fixed", "frequency.medium_visits": value},
        ("new", "days"): {"lifecycle.new_days": value},
        ("reactivated", "days"): {"lifecycle.reactivated_days": value},
        ("dormant", "days"): {"lifecycle.dormant_least_days": value},
        ("churned", "days"): {"lifecycle.churned_after_days": value},
    }
    return meant.get((who, unit))


def completed(settings: Settings, criteria: Criteria) -> Settings:
    """With what a setting takes along: who comes often enough for medium may be above what is high."""
    visits = settings.get("frequency.medium_visits")
    if "frequency.high_visits" in settings or not isinstance(visits, (int, float)):
        return settings
    return settings | {"frequency.high_visits": max(visits, criteria.frequency.high_visits)}


def tried(base: Criteria, meant: WhatIf) -> Criteria:
    """``base`` with what would be set. Raises CriteriaFault."""
    return changed(base, completed(meant.settings, base), TRIED)
