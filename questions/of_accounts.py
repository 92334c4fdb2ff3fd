"""Plain questions about accounts: fleets and companies, and those who drive for them. Pure.

It is the drivers who are counted: of accounts with an industry, a size, a name or a tier.
"""

from __future__ import annotations

from questions.accounts import FIELDS
from questions.misread import NotUnderstood, Problem
from questions.plain import Token
from questions.reader import Reader
from questions.vocabulary import ANY, account_words

BESIDE = frozenset({*FIELDS, "fuel", "product", "payment", "station", "city", "region"})  # said of no person


def of_accounts(reader: Reader) -> None:
    """``large logistics fleets``, ``fleets by industry``: no persona then, but drivers of such accounts."""
    said = _said(reader)
    values = [place for place in reader.places("value") if _field(reader, place) in FIELDS]
    split = [place for place in reader.places("field", *FIELDS) if place not in said]
    _alone(reader, values, said)
    _overdue(reader, reader.places("shape", "accounts"))
    each = [place for place in said if _each(reader, place, beside=bool(split))]
    whole = bool(reader.places("shape", "accounts"))
    if _of_them(reader, values, said or split):
        reader.left.append(Token("field", "account", ""))
    if not (values or split or each or whole or any(one.field in FIELDS for one in reader.parts.filters)):
        return
    for place in reader.places("field", "region") if said else ():
        reader.left[place] = Token("field", "account_region", reader.text(place))
    for place in said:
        reader.left[place] = Token("field", "account", reader.text(place)) if place in each else None
    told = [place for place in values if reader.shape(place - 1) != "not"]
    if (
        (said or reader.places("field", "account"))
        and not told
        and not any(one.field in FIELDS for one in reader.parts.filters)
    ):
        reader.add("account", "=", ANY)


def _said(reader: Reader) -> list[int]:
    """The words for accounts. "Account" is a way to pay after a word of paying."""
    found = reader.places("shape", "accounts")
    for place in [*reader.places("value"), *reader.places("field", "account")]:
        token = reader.at(place)
        assert token is not None
        paid = token.field == "payment" and bool(reader.places("shape", "paid"))
        if token.text in account_words("words") and not paid:
            found.append(place)
    return sorted(found)


def _field(reader: Reader, place: int) -> str:
    token = reader.at(place)
    return token.field if token else ""


def _of_them(reader: Reader, values: list[int], told: list[int]) -> bool:
    """``which construction companies spend the most``: companies, where nothing is said of people."""
    most = reader.places("shape", "top", "bottom")
    nouns = account_words("nouns")
    named = any(noun in reader.text(place) for place in values for noun in nouns)
    people = reader.people or any(_field(reader, place) not in BESIDE for place in reader.places("value"))
    return named and bool(most) and not told and not people and not reader.dimensions()


def _alone(reader: Reader, values: list[int], said: list[int]) -> None:
    """What is large, or has a size, may be anything: something must say that an account is meant."""
    typed = any(one.field in FIELDS for one in reader.parts.filters)
    split = [
        place for place in reader.places("field", *FIELDS) if reader.text(place) not in account_words("sizes")
    ]
    if said or typed or split or len(values) > 1:
        return
    if values and reader.text(values[0]) in account_words("bare"):
        field, told = _field(reader, values[0]), reader.text(values[0])
        raise NotUnderstood(Problem("unknown", told, f"{field}:{reader.code(values[0])}"))
    for place in reader.places("field", "size"):
        if reader.text(place) in account_words("sizes") and reader.shape(place - 1) != "by" and not values:
            raise NotUnderstood(Problem("unknown", reader.text(place), "by:size"))


def _overdue(reader: Reader, said: list[int]) -> None:
    """An account is overdue with its payment, and not with a visit."""
    late = any(one.field == "due" for one in reader.parts.filters) or reader.places("field", "due")
    if said and late and not reader.people:
        raise NotUnderstood(Problem("operator", reader.text(said[0]), field="due"))


def _each(reader: Reader, place: int, *, beside: bool) -> bool:
    """``by account``, ``top 10 fleets``, ``哪个车队加油最多``: one row for each of them.

    ``beside`` something else to split by, only where the word for that stands right before.
    """
    before = place - 1
    if reader.shape(before) == "by" and not reader.text(place).isascii():  # 各企业客户
        return True
    if reader.text(place) not in account_words("each") and reader.shape(place) != "accounts":
        return False
    if (token := reader.at(before)) and token.kind == "number":
        before -= 1
    if reader.shape(before) in ("by", "top", "bottom"):
        return True
    if reader.shape(place) == "accounts" and reader.shape(before) in ("count", "list"):
        return reader.text(place) in account_words("each")
    return not beside and bool(reader.places("shape", "top", "bottom", "sort"))
