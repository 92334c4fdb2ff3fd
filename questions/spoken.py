"""English number words as figures, wherever they stand: "two and a half thousand" is 2500. Pure."""

from __future__ import annotations

import re
from fractions import Fraction

ONES = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: number for number, word in enumerate(ONES)} | {
    word: 20 + 10 * place for place, word in enumerate(_TENS)
}
_SIZES = {"hundred": 100, "thousand": 1000, "grand": 1000, "million": 1_000_000, "dozen": 12}
_SIZE = rf"(?:{'|'.join(_SIZES)})s?"
_WORD = rf"(?:{'|'.join(sorted(_SMALL, key=len, reverse=True))})"
_PLAIN = rf"(?:{_WORD}(?:[- ]{_WORD})*|\d+(?:,\d{{3}})*(?:\.\d+)?)"
_UNIT = r"(?:days?|weeks?|months?|years?|quarters?|hours?)"
_FLAGS = re.IGNORECASE
_HALF_UNITS = {"day": (12, "hours"), "month": (15, "days"), "year": (6, "months")}
_COUPLE = re.compile(r"\b(?:a |the (?=last|past) ?)?couple(?: of)?\b|\ba pair of\b", _FLAGS)
_AND_A_HALF = re.compile(
    rf"\b(?P<n>an?|{_PLAIN}) (?:(?P<u>{_UNIT}) and a half\b|and a half (?P<v>{_UNIT})\b)", _FLAGS
)
_HALF_UNIT = re.compile(r"\bhalf an? (?P<u>day|month|year)\b", _FLAGS)
_SMALLER = rf"{_WORD}(?:[- ]{_WORD})*(?! {_SIZE}|[- ]{_WORD})"  # "one thousand and two thousand" are two
# "between two and five thousand": both of them are thousands
_RANGE = re.compile(
    rf"\b(?P<lead>between |from )?(?P<low>{_WORD}|\d+(?:\.\d+)?)(?P<to> (?:and|to|or) )"
    rf"(?P<high>{_WORD}|\d+(?:\.\d+)?) (?P<size>hundred|thousand|million|grand|k)\b",
    _FLAGS,
)
_THOUSANDS = r"(?:(?<=thousand)|(?<=million)|(?<=grand))"
_LARGE = re.compile(
    rf"\b(?:(?P<half>half(?: an?)?|an?)|(?P<n>{_PLAIN})(?P<h> and a half)?) (?P<sizes>{_SIZE}(?: {_SIZE})*)"
    rf"(?P<hundreds>{_THOUSANDS},? (?:and )?{_WORD} hundred(?! {_SIZE}))?(?P<rest>,? (?:and )?{_SMALLER})?\b",
    _FLAGS,
)
# A small one alone: not "which one", and not one of a few that are pointed at.
_ALONE = re.compile(
    rf"(?<!\bthe )(?<!\bthese )(?<!\bthose )\b(?!one\b|zero\b)(?P<n>{_WORD}(?:[- ]{_WORD})*)\b"
    r"(?! and a half)",
    _FLAGS,
)
_DAYS_OF = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}


def figured(text: str) -> str:
    """The text with each number in words as one in digits; the rest of it as it was."""
    text = _COUPLE.sub("2", text)
    text = _HALF_UNIT.sub(lambda match: "{} {}".format(*_HALF_UNITS[match["u"].casefold()]), text)
    text = _AND_A_HALF.sub(_one_and_a_half, text)
    text = _RANGE.sub(_both_large, text)
    text = _LARGE.sub(_large, text)
    return _ALONE.sub(_alone, text)


def _one_and_a_half(match: re.Match[str]) -> str:
    unit = (match["u"] or match["v"]).casefold().rstrip("s")
    said = match["n"].casefold()
    number = Fraction(1) if said in ("a", "an") else _plain(said)
    if unit not in _DAYS_OF or number is None:
        return match[0]
    if unit == "year":  # months say it without a rest
        return f"{_digits((number + Fraction(1, 2)) * 12)} months"
    return f"{int((number + Fraction(1, 2)) * _DAYS_OF[unit])} days"


def _both_large(match: re.Match[str]) -> str:
    low, high = _plain(match["low"].casefold()), _plain(match["high"].casefold())
    if low is None or high is None or low >= high or (match["to"] == " and " and not match["lead"]):
        return match[0]
    size = 1000 if match["size"].casefold() == "k" else _SIZES[match["size"].casefold()]
    return f"{match['lead'] or ''}{_digits(low * size)}{match['to']}{_digits(high * size)}"


def _large(match: re.Match[str]) -> str:
    said = (match["half"] or "").casefold()
    number = _plain(match["n"].casefold()) if match["n"] else Fraction(1, 2 if said.startswith("half") else 1)
    if number is None:
        return match[0]
    number += Fraction(1, 2) if match["h"] else 0
    for size in match["sizes"].casefold().split():
        number *= _SIZES[size.removesuffix("s")]
    for more, size in (("hundreds", 100), ("rest", 1)):
        said = re.sub(r"^,? (?:and )?| hundred$", "", (match[more] or "").casefold())
        if said:
            number += (_plain(said) or 0) * size
    return _digits(number)


def _alone(match: re.Match[str]) -> str:
    number = _plain(match["n"].casefold())
    return match[0] if number is None else _digits(number)


def _plain(said: str) -> Fraction | None:
    """``twenty five``, ``2.5``; None for words beside each other that are no one number ("two three")."""
    if said[0].isdecimal():
        return Fraction(said.replace(",", ""))
    words = re.split("[- ]", said)
    if len(words) == 1:
        return Fraction(_SMALL[words[0]])
    if len(words) == 2 and words[0] in _TENS and 0 < _SMALL[words[1]] < 10:
        return Fraction(_SMALL[words[0]] + _SMALL[words[1]])
    return None


def _digits(number: Fraction) -> str:
    return str(int(number)) if number.denominator == 1 else f"{float(number):g}"
