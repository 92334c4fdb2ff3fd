"""Numbers with what they are of: ``over 30 days ago``, ``between 3000 and 5000 yuan``. Pure."""

from __future__ import annotations

from questions.misread import NotUnderstood, Problem
from questions.plain import Token
from questions.question import BEGUN, PACES, SUMMED
from questions.reader import Reader
from questions.typed import began
from questions.vocabulary import fields, lexicon

GRADES = ("92", "95", "98")  # a number that is nothing else is a grade of petrol
SCORES = ("r", "f", "m")  # of which a number alone is the number itself
OPERATORS = {"more": ">", "more_equal": ">=", "less": "<", "less_equal": "<=", "same": "="}
OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "=": "!="}
AWAY = ("lapsing", "dormant", "churned")  # who is one of these has been away
UNITS_AGO = {"day": 1, "week": 7, "month": 30}
BY_UNIT = {"money": "spend", "litres": "litres", "visits": "visits", "km": "km"}


def numbers(reader: Reader) -> None:
    """``over 30 days ago``, ``spend over 5000``, ``10次以上``: numbers with what they measure."""
    for place in reader.places("number"):
        token = reader.at(place)
        assert token is not None
        if _past(reader, place, token):
            continue
        op, used = _operator(reader, place)
        if _began(reader, place, token, op, used):
            continue
        if not op and not token.code and token.text in GRADES:
            reader.left[place] = Token("value", token.text, token.text, "fuel")
            continue
        first, last = min(used), max(used)
        money = [near for near in (last + 1,) if reader.shape(near) == "money"]
        field = _measured(reader, token, first, last + len(money), used)
        used += money
        if field is None:
            _of_people(reader, place, token, op)
            continue
        field = _pace(reader, field, used)
        _bounded(reader, field, op, token)
        if field == "km":
            used += reader.places("shape", "month", "by", "average_month")
        reader.take(*used)


def _past(reader: Reader, place: int, token: Token) -> bool:
    """``litres three days ago``: of a sum it is a time, where of people it is how long they are away."""
    said = [word.code for text, word in lexicon().items() if word.kind == "shape" and text in token.text]
    unit = next((unit for unit in UNITS_AGO if unit in said), "")
    alone = reader.shape(place + 1) == "ago" and not reader.shape(place - 1)
    others = reader.places("shape", "absent", "came") or reader.places("field", "last", "visited")
    if not (unit and alone and reader.places("field", *SUMMED)) or others or token.high is not None:
        return False
    count = round(token.number / UNITS_AGO[unit])
    reader.left[place] = Token("period", f"{count}-{unit}s-ago", token.text)
    reader.take(place + 1)
    return True


def _began(reader: Reader, place: int, token: Token, op: str, used: list[int]) -> bool:
    """``registered over 2 years ago``, ``注册超过一年``: since then, and not since the last visit."""
    beside = (min(used) - 1, max(used) + 1, max(used) + 2)
    field = next((near for near in beside if reader.code(near) in BEGUN), None)
    if token.code != "days" or token.high is not None or not op or field is None:
        return False
    reader.add(reader.code(field), "=", began(op, round(token.number)))
    reader.take(*used, field, *(near for near in beside if reader.shape(near) == "ago"))
    return True


def _operator(reader: Reader, place: int) -> tuple[str, list[int]]:
    """``over``, ``at most``: beside the number, and the places that say it."""
    used, op = [place], ""
    between = reader.shape(place - 1) in ("came", "bought") or reader.code(place - 1) == "visited"
    before = place - 2 if between else place - 1
    for near in (before, place + 1):
        if not op and reader.shape(near) in OPERATORS:
            op = OPERATORS[reader.shape(near)]
            used.append(near)
    if op and reader.shape(used[-1] - 1) == "not":  # "not more than", "不大于"
        used.append(used[-1] - 1)
        op = OPPOSITE[op]
    return op, used


def _of_people(reader: Reader, place: int, token: Token, op: str) -> None:
    """A number that measures nothing is how many are wanted, where that can be."""
    alone = not op and token.high is None
    if not alone or not (token.code == "people" or (reader.parts.sort and not token.code)):
        raise NotUnderstood(Problem("number", token.text))
    near = reader.at(place + 1)
    if near and near.kind == "field" and not reader.parts.sort:  # "two stations": of which, nobody knows
        raise NotUnderstood(Problem("number", token.text))
    reader.parts.limit = reader.parts.limit or _limit(token)
    reader.take(place)


def _pace(reader: Reader, field: str, used: list[int]) -> str:
    """``4 times a month``, 每月来4次: of each month, and not in all."""
    for near in (max(used) + 1, min(used) - 1, min(used) - 2):
        pace = f"{field}_{reader.shape(near).removeprefix('average_')}"
        if pace in PACES:
            used.append(near)
            return pace
    return field


def _bounded(reader: Reader, field: str, op: str, token: Token) -> None:
    days = fields()[field].type == "days"
    if token.high is not None:
        if op:
            raise NotUnderstood(Problem("number", token.text))
        reader.add(field, "<=", _written(token.high, days))
    reader.add(
        field, op or ("=" if field in SCORES and token.high is None else ">="), _written(token.number, days)
    )


def _written(number: float, days: bool) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".") + ("d" if days else "")


def _limit(token: Token) -> int:
    if not 0 < token.number <= 1000:
        raise NotUnderstood(Problem("number", token.text, field="limit"))
    return int(token.number)


def _measured(reader: Reader, token: Token, first: int, last: int, used: list[int]) -> str | None:
    """The field that a number is of: by a word beside it, or by its unit."""
    for near in (first - 1, first - 2, last + 1):
        other = reader.at(near)
        if other and other.kind == "field" and fields()[other.code].type in ("number", "days"):
            fits = (
                other.code in ("last", "gap") if token.code == "days" else other.code not in ("last", "gap")
            )
            if fits and token.code in ("", "days", *_units_of(other.code)):
                used.append(near)
                if token.code == "days":
                    _take_absence(reader, used)
                return other.code
        if near == first - 1 and not (other and other.kind == "shape" and other.code in ("not", "average")):
            continue
    if token.code == "days":
        return "last" if _take_absence(reader, used) else None
    if token.code == "money" and reader.places("field", "basket"):
        used += reader.places("field", "basket")
        return "basket"
    return BY_UNIT.get(token.code)


def _units_of(field: str) -> tuple[str, ...]:
    return {
        "spend": ("money",), "basket": ("money",), "litres": ("litres",), "visits": ("visits", "people"),
        "km": ("km",), "worth": ("money",), "expected": ("visits",),
    }.get(field, ())  # fmt: skip


def _take_absence(reader: Reader, used: list[int]) -> bool:
    absent = reader.places("shape", "absent")
    ago = reader.places("shape", "ago")
    came = reader.places("shape", "came") if ago else []
    used += [*absent, *ago, *came, *reader.places("field", "last")]
    return bool(absent or ago or reader.places("value", *AWAY))
