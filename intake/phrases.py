"""The words a line is matched against: one table of folded spellings, longest first."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from crm.products import folded, payment_spellings, product_spellings
from crm.scripts import simplified
from intake.text import ascii_digits

LONGEST = 300  # characters of a line
_SKIPPED = frozenset(" #_\u00a0\u3000\t")  # as crm.products.folded ignores them
_GRADES = frozenset({"92", "95", "98"})
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_TENS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_NUMERALS = "[零〇一二两三四五六七八九十百千万]"
_SPOKEN_NUMBER = re.compile(
    f"{_NUMERALS}+(?=\\s*(?:公升|立升|升|块|元|圆|号|公里|月|日|分钟|小时))"
    "|(?<=[上下]午|早上|晚上|中午|凌晨|[今昨前]天)[一二两三四五六七八九十]+(?=点)"
    f"|(?:(?<=[加了付花])|^)(?={_NUMERALS}*[十百千]){_NUMERALS}{{2,}}"
)
# 318块5 is 318.5, but 200块92 is 200 of grade 92.
_TENTHS = re.compile(r"(\d)块(\d)[毛角]?(?![\d.,]|\s*(?:升|公升|l|号|#|元|块|折))")
_COMMAS = str.maketrans(dict.fromkeys("，、；", " , "))  # never a decimal comma
_CANTONESE = str.maketrans("咗喺", "了在")


# What may stand right before a digit without a space: rmb320, L40, odo52300; never the "a" of a12345.
_BEFORE_DIGITS = frozenset({"unit", "money", "before", "product", "payment"})


class Phrase(NamedTuple):
    """What a spelling means: ``kind`` is product, payment, unit, money, before, full, verb or filler."""

    kind: str
    value: str


def folded_line(text: str) -> str:
    """The line in one width, case and kind of digit; spoken Chinese numbers before a unit as digits."""
    line = simplified(text.translate(_COMMAS)).translate(_CANTONESE)
    line = " ".join(ascii_digits(line).casefold().replace("−", "-").split())
    line = _SPOKEN_NUMBER.sub(lambda match: str(_spoken(match[0])), line)
    return _TENTHS.sub(r"\1.\2块", line)


@lru_cache(maxsize=10_000)
def key(name: str) -> str:
    """A name, such as a station's, in the form in which it is looked for in a line."""
    return folded(folded_line(name))


def is_grade(written: str) -> bool:
    return written in _GRADES


def longest(line: str, position: int, kinds: frozenset[str] | None = None) -> tuple[Phrase, int] | None:
    """The longest phrase that begins here, and where it ends; whole words only in Latin letters."""
    table, most = phrases()
    if position and _joined(line[position - 1], line[position]):
        return None
    found, key = None, ""
    for end in range(position, min(len(line), position + 2 * most)):
        if line[end] not in _SKIPPED:
            key += line[end]
        elif not key or _between_chinese(line, end):
            break
        if len(key) > most:
            break
        after = line[end + 1] if end + 1 < len(line) else " "
        phrase = table.get(key)
        if phrase and line[end] not in _SKIPPED and not _joined(line[end], after):
            loose = not (
                line[end].isascii() and line[end].isalpha() and after.isascii() and after.isdecimal()
            )
            fits = (each for each in phrase if loose or each.kind in _BEFORE_DIGITS)
            meant = next((each for each in fits if kinds is None or each.kind in kinds), None)
            found = (meant, end + 1) if meant else found
    return found


@cache
def phrases() -> tuple[dict[str, tuple[Phrase, ...]], int]:
    """Folded spelling -> its meanings in order of preference; and the longest spelling's length."""
    table: dict[str, tuple[Phrase, ...]] = {}
    for phrase, spelling in [*_goods(), *_words()]:
        table[folded(spelling)] = (*table.get(folded(spelling), ()), phrase)
    return table, max(map(len, table))


def _goods() -> Iterator[tuple[Phrase, str]]:
    """Products and payments; bare grades are left out, they are read where numbers are."""
    more = _data()["more"]
    for kind, spellings in (("product", product_spellings()), ("payment", payment_spellings())):
        for spelling, code in spellings.items():
            if not spelling.lstrip("-").isdecimal():
                yield Phrase(kind, code), spelling
        for code, words in more[f"{kind}s"].items():
            yield from ((Phrase(kind, code), word) for word in words)


def _words() -> Iterator[tuple[Phrase, str]]:
    data = _data()
    for kind, tables in (("unit", data["units"]), ("money", data["money"]), ("before", data["before"])):
        for value, words in tables.items():
            yield from ((Phrase(kind, value), word) for word in words)
    for kind in ("full", "verbs", "fillers"):
        yield from ((Phrase(kind, ""), word) for word in data["words"][kind])


def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "said.toml").read_text(encoding="utf-8"))


def _between_chinese(line: str, position: int) -> bool:
    """A space that parts two Chinese words: 微信 支付宝 is not 微信支付."""
    around = line[position - 1], line[position + 1 : position + 2]
    return line[position] == " " and all(sign > "\u2e7f" for sign in around)


def _joined(before: str, after: str) -> bool:
    """Whether two neighbours are parts of one Latin word."""
    return before.isascii() and after.isascii() and before.isalpha() and after.isalpha()


def _spoken(number: str) -> int:
    """``两百五`` -> 250, ``三百零二`` -> 302, ``九五`` -> 95."""
    if not any(sign in _TENS for sign in number):
        return int("".join(str(_DIGITS[sign]) for sign in number))
    total, digit, last = 0, 0, 1
    for position, sign in enumerate(number):
        if sign in _TENS:
            last = _TENS[sign]
            total += (digit or (1 if position == 0 else 0)) * last
            digit = 0
        else:
            digit = _DIGITS[sign]
            last = 1 if sign in "零〇" else last
    return total + digit * (last // 10 if last >= 100 else 1)
