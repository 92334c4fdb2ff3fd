"""The reading hand of ``intake.said``: goes over a folded line once and takes what it knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from crm.products import folded, product_code
from intake.phrases import Phrase, is_grade, key, longest
from intake.quantities import NOT_NUMBERS, NUMBER, Kind, Unclear, decimals, read
from intake.when import When

_BLANK = re.compile(r"[\s,，。.!！~、;；:：()（）\[\]【】「」\"'…/|&?？=+*-]+")
_PRICED = re.compile(
    r"\s*(?P<money>元|块|rmb|cny|yuan|kuai|¥|€|\$|£|eur)?\s*(?:/|每|per\s|a\s)\s*(?:l|公升|升|lit(?:er|re))(?![a-z])"
)
_TIMES = re.compile(r"[x×*]\s*(?=[\d¥$€£])")
_STATION = (
    re.compile(r"(?P<code>\d{1,6})\s*号\s*加?油?站"),
    re.compile(
        r"(?:at\s+)?(?:station|site|stn)\s*(?:no\.?|number|#)?\s*(?P<code>[a-z]{0,4}-?\d{1,8})(?![a-z\d.,])"
    ),
    re.compile(r"第?(?P<code>\d{1,6})\s*站"),
)
_PLATE = re.compile(r"[\u4e00-\u9fff][a-z][·.]?(?=[a-z]?\d)[a-z\d]{5,6}(?![a-z\d.])")
_MARK = frozenset("¥$€£₽₹฿₩")
_NUMBERED = frozenset({"litres", "amount", "price", "odometer"})
_UNITS = frozenset({"unit", "money"})
_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")


class Scan:
    """One pass over one line. ``values`` holds what was certain, by field."""

    def __init__(self, line: str, today: date, currency: str, stations: Mapping[str, int]) -> None:
        self.line, self.today, self.currency = line, today, currency
        self.stations = {key(name): id_ for name, id_ in stations.items() if key(name)}
        self._beginnings = {name[0] for name in self.stations}
        self.places = decimals("amount", currency)
        self.values: dict[str, Any] = {}
        self.bare: list[str] = []
        self.unknown: list[str] = []
        self.problems: list[tuple[str, str]] = []
        self.when = When()
        self.full = self.verb = False
        self.place = ""
        self._expects: Kind | None = None  # a word that says what the next number is
        self._expected_at = -1

    def run(self) -> None:
        position = 0
        while position < len(self.line):
            length = self._blank(position) or self._take(position)
            position += max(length, 1)
        self.unknown = list(dict.fromkeys(self.unknown))

    def problem(self, code: str, written: str = "") -> None:
        if (code, written) not in self.problems:
            self.problems.append((code, written))

    def number(self, kind: Kind, written: str) -> None:
        """Keep a number whose unit is known, or note why it cannot stand."""
        try:
            value = read(written, kind, self.currency)
        except Unclear as unclear:
            self.problem(unclear.why, written)
        else:
            self.keep(kind, value, written)

    def keep(self, name: str, value: Any, written: str) -> None:
        if self.values.setdefault(name, value) != value:
            self.problem("twice", written)

    def _blank(self, position: int) -> int:
        match = _BLANK.match(self.line, position)
        if match is None:
            return 0
        end = match.end()
        # A minus that follows a space and precedes a digit is a sign, not a mark between words.
        if self.line[end - 1] in "-+" and self.line[end : end + 1].isdecimal() and self._free(end - 1):
            end -= 1
        return end - position

    def _free(self, position: int) -> bool:
        return position == 0 or self.line[position - 1].isspace() or self.line[position - 1] in ":：,，"

    def _take(self, position: int) -> int:
        for taker in (
            self._station,
            self._plate,
            self._minus_grade,
            self._time,
            self._times,
            self._mark,
            self._digits,
        ):
            if length := taker(position):
                return length
        return self._phrase(position) or self._unknown(position)

    def _time(self, position: int) -> int:
        return 0 if self._letters_meet(position) else self.when.take(self.line, position, self.today)

    def _station(self, position: int) -> int:
        if length := self._named_station(position):
            return length
        for rule in _STATION:
            match = rule.match(self.line, position)
            if match:
                found = self._by_number(match["code"])
                if found is None:
                    self.place = match[0]
                else:
                    self.keep("station", found, match[0])
                return len(match[0])
        return 0

    def _named_station(self, position: int) -> int:
        """A station's own name or code, where it cannot be a number or part of another word."""
        best = 0
        if self.line[position] not in self._beginnings:
            return 0
        for end in range(position + 1, min(len(self.line), position + 60) + 1):
            name = folded(self.line[position:end])
            if name in self.stations and not name.isdecimal() and not self._inside_word(position, end):
                best, found = end - position, self.stations[name]
        if best:
            self.keep("station", found, self.line[position : position + best])
        return best

    def _inside_word(self, start: int, end: int) -> bool:
        return self._letters_meet(start) or self._letters_meet(end)

    def _letters_meet(self, index: int) -> bool:
        """Whether Latin letters or digits stand on both sides of this place."""
        around = self.line[index - 1 : index + 1] if 0 < index < len(self.line) else "-"
        return all(sign.isascii() and sign.isalnum() for sign in around)

    def _by_number(self, code: str) -> int | None:
        """The station with this code, or the only one whose code ends in this number."""
        if folded(code) in self.stations:
            return self.stations[folded(code)]
        digits = re.sub(r"\D", "", code).lstrip("0")
        ids = {id_ for name, id_ in self.stations.items() if _ending_number(name) == digits}
        return ids.pop() if digits and len(ids) == 1 else None

    def _plate(self, position: int) -> int:
        """A number plate: understood as one, but of no use here, so it is shown as not used."""
        match = _PLATE.match(self.line, position)
        if match is None:
            return 0
        self.unknown.append(match[0].upper())
        return len(match[0])

    def _minus_grade(self, position: int) -> int:
        """Diesel for the cold: ``-10号``, ``0#``."""
        match = re.compile(r"(?:-(?:10|20|35)|0)\s?[号#](?:\s?柴油)?").match(self.line, position)
        if match is None or (position and self.line[position - 1].isdecimal()):
            return 0
        self.keep("product", "diesel", match[0])
        return len(match[0])

    def _times(self, position: int) -> int:
        match = _TIMES.match(self.line, position)
        if match is None or "litres" not in self.values:
            return 0
        self._expect("price", match.end())
        return len(match[0])

    def _mark(self, position: int) -> int:
        """A sign of money before its number: ``¥320``."""
        if self.line[position] not in _MARK:
            return 0
        self._money(longest(self.line, position, _UNITS), self.line[position])
        if self._expects is None or self._expected_at < position:
            self._expect("amount", position + 1)
        else:
            self._expected_at = position + 1
        return 1

    def _money(self, found: tuple[Phrase, int] | None, written: str) -> None:
        if found and found[0].value and self.currency not in found[0].value.split():
            self.problem("currency", written)

    def _expect(self, kind: Kind, position: int) -> None:
        self._expects, self._expected_at = kind, position

    def _expected(self, position: int) -> Kind | None:
        """What a word just before this number said it is."""
        between = self.line[self._expected_at : position] if self._expected_at >= 0 else "-"
        return self._expects if not between.strip(" :=：约了") else None

    def _digits(self, position: int) -> int:
        if broken := NOT_NUMBERS.match(self.line, position):
            self.problem("number", broken[0])
            return len(broken[0])
        match = NUMBER.match(self.line, position)
        if match is None:
            return 0
        written = match[0].rstrip(".,'_")
        end = position + len(written)
        return self._measure(written, position, end) - position

    def _measure(self, written: str, start: int, end: int) -> int:
        """Give a number its unit; where the number and its unit end."""
        expected = self._expected(start)
        hash_before = start > 0 and self.line[start - 1] == "#"
        if (code := product_code(written)) and (hash_before or self.line[end : end + 1] in ("#", "号")):
            self.keep("product", code, written)
            grade = longest(self.line, start, frozenset({"product"}))
            return max(end + (0 if hash_before else 1), grade[1] if grade else 0)
        grade = longest(self.line, start, frozenset({"product"}))
        if grade and grade[1] > end:
            self.keep("product", grade[0].value, self.line[start : grade[1]])
            return grade[1]
        priced = _PRICED.match(self.line, end)
        if priced and not self._of_the_next(written, end, priced):
            self.number("price", written)
            return priced.end()
        gap = end + (len(self.line[end:]) - len(self.line[end:].lstrip(" ")))
        unit = longest(self.line, gap, _UNITS) if gap < len(self.line) else None
        if unit and self.line[gap] in _MARK and self.line[gap + 1 : gap + 2].isdecimal():
            unit = None  # the sign belongs to the next number
        if unit:
            return self._with_unit(written, start, unit, expected)
        if expected:
            self.number(expected, written)
        elif self.line[end : end + 1].isalpha() and self.line[end].isascii():
            return self._stuck(written, start, end)
        else:
            self._bare(written)
        return end

    def _of_the_next(self, written: str, end: int, priced: re.Match[str]) -> bool:
        """Whether "per litre" belongs to the number after it: ``40升95 每升8.1``, ``320元 每升8.1``."""
        per, after = self.line.find("每", end, priced.end()), self.line[priced.end() : priced.end() + 1]
        apart = self.line[per - 1].isspace() if per > 0 else False
        return per > 0 and after.isdecimal() and (apart or is_grade(written))

    def _bare(self, written: str) -> None:
        """A number alone; ``95,320`` is a grade and a number, for no number is written so."""
        grade, _, rest = written.partition(",")
        if is_grade(grade) and len(rest) >= 3:
            self.bare += [grade, rest]
        else:
            self.bare.append(written)

    def _with_unit(self, written: str, start: int, unit: tuple[Phrase, int], expected: Kind | None) -> int:
        phrase, end = unit
        head = written.partition(",")[0]
        if phrase.kind == "unit" and head != written and self.line[start - 1 : start] in _MARK:
            self.number("amount", head)  # ¥320,40L: the sign has its own number
            return start + len(head)
        if phrase.kind == "money":
            self._money(unit, self.line[start:end])
            self.number("price" if expected == "price" else "amount", written)
        elif phrase.value == "litres":
            self.number("litres", written)
        elif phrase.value == "km" and not self._after_trip(start):
            self.number("odometer", written)
        elif phrase.value == "km":
            self.unknown.append(self.line[start:end])
        else:
            self.problem("unit", self.line[start:end])
        return end

    def _after_trip(self, position: int) -> bool:
        return any(
            self.line[:position].rstrip().endswith(word)
            for word in ("跑了", "开了", "行驶了", "drove", "driven", "trip")
        )

    def _stuck(self, written: str, start: int, end: int) -> int:
        """Letters hang on the number that mean nothing: ``40abc``, ``0x10``, ``1e``."""
        word = _WORD.match(self.line, start)
        stop = word.end() if word else end
        if longest(self.line, end):
            self._bare(written)
            return end
        self.problem("number", self.line[start:stop])
        return stop

    def _phrase(self, position: int) -> int:
        found = longest(self.line, position)
        if found is None:
            return 0
        phrase, end = found
        if phrase.kind in ("product", "payment"):
            self.keep(phrase.kind, phrase.value, self.line[position:end])
        elif phrase.kind == "full":
            self.full = True
        elif phrase.kind == "verbs":
            self.verb = True
        elif phrase.kind == "before":
            self._before(phrase.value, position, end)
        elif phrase.kind == "money":
            self._money(found, self.line[position:end])
            if NUMBER.match(self.line[end:].lstrip()):
                self._expect("amount", end)
        elif (
            phrase.kind == "unit"
            and phrase.value == "litres"
            and NUMBER.match(self.line[end:].lstrip(" :：-"))
        ):
            self._expect("litres", end)
        elif phrase.kind == "unit" and phrase.value == "other":
            self.unknown.append(self.line[position:end])
        return end - position

    def _before(self, value: str, position: int, end: int) -> None:
        if value in _NUMBERED:
            self._expect(value, end)  # type: ignore[arg-type]
            self.verb = self.verb or value == "amount"
        elif value == "trip" and not re.match(r"\s*\d", self.line[end:]):
            self.unknown.append(self.line[position:end])

    def _unknown(self, position: int) -> int:
        """A word that means nothing here: a Latin word whole, a run of Chinese as far as it stays unknown."""
        word = _WORD.match(self.line, position)
        if word is None or _CJK.match(self.line, position):
            return self._unknown_run(position)
        self.unknown.append(word[0])
        return len(word[0])

    def _unknown_run(self, position: int) -> int:
        end = position + 1
        while end < len(self.line) and _CJK.match(self.line, end) and longest(self.line, end) is None:
            end += 1
        if self.line[position:end].strip() and (end - position > 1 or self.line[position].isalnum()):
            self.unknown.append(self.line[position:end])
        return end - position


def _ending_number(name: str) -> str:
    match = re.search(r"(\d+)$", name)
    return match[1].lstrip("0") if match else ""
