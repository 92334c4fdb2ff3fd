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
    if said and not told and not any(one.field in FIELDS for one in reader.parts.filters):
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
    """What is large may be anything, where nothing says that an account is."""
    sizes = [place for place in values if _field(reader, place) == "size"]
    other = said or len(sizes) < len(values) or reader.places("field", *FIELDS) or reader.parts.filters
    named = any(noun in reader.text(place) for place in sizes for noun in account_words("nouns"))
    if sizes and not other and not named:
        told = reader.text(sizes[0])
        raise NotUnderstood(Problem("unknown", told, f"size:{reader.code(sizes[0])}"))


def _each(reader: Reader, place: int, *, beside: bool) -> bool:
    """``by account``, ``top 10 fleets``, ``哪个车队加油最多``: one row for each of them.

    ``beside`` something else to split by, only where the word for that stands right before.
    """
    if reader.text(place) not in account_words("each") and reader.shape(place) != "accounts":
        return False
    before = place - 1
    if (token := reader.at(before)) and token.kind == "number":
        before -= 1
    if reader.shape(before) in ("by", "top", "bottom"):
        return True
    return not beside and bool(reader.places("shape", "top", "bottom"))
