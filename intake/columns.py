"""The columns that each kind of file may have, those it cannot do without, and what others call them.

What tills call their columns is data (``titles.toml``). A title that is not there is ignored, never guessed.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intake.text import plain

_SIGNS = re.compile(r"[\s_.:#*-]+")
_WITH_UNIT = re.compile(r"(.+?)[(\[](.+)[)\]]")


@dataclass(frozen=True)
class Columns:
    """``needed``: of each group at least one column must be there."""

    kind: str
    known: tuple[str, ...]
    needed: tuple[tuple[str, ...], ...]


STATIONS = Columns(
    "stations",
    ("code", "name", "city", "region", "latitude", "longitude", "timezone", "currency"),
    (("code",),),
)
CUSTOMERS = Columns(
    "customers",
    ("member", "name", "phone", "card", "plate", "vehicle", "joined", "account"),
    (("member", "phone", "card", "plate"),),
)
FILLUPS = Columns(
    "fillups",
    (
        *("receipt", "station", "pump", "time", "customer", "product"),
        *("litres", "unit_price", "amount", "payment", "odometer"),
    ),
    (("station",), ("time",), ("litres", "amount")),
)

ACCOUNTS = Columns(
    "accounts",
    (
        *("account", "name", "industry", "size", "region", "parent"),
        *("credit_limit", "balance", "days_overdue", "failed_payments"),
    ),
    (("account",),),
)
PRICES = Columns(
    "prices",
    ("station", "product", "from", "price"),
    (("station",), ("product",), ("from",), ("price",)),
)


class WrongColumns(ValueError):
    """The header does not fit; the message names each column that is missing or double."""


def _key(title: str) -> str:
    """How titles are compared: ``' Unit Price'`` -> ``unitprice``, ``金额（元）`` -> ``金额(元)``."""
    return _SIGNS.sub("", unicodedata.normalize("NFKC", plain(title)).casefold())


@cache
def _titles() -> Mapping[str, Mapping[str, Sequence[str]]]:
    found: dict[str, dict[str, list[str]]] = tomllib.loads(
        (Path(__file__).parent / "titles.toml").read_text(encoding="utf-8")
    )
    return found


@cache
def _meanings(columns: Columns) -> dict[str, str]:
    """Every title of this kind of file, as it is compared -> the column it means."""
    others = _titles()[columns.kind]
    return {_key(title): name for name in columns.known for title in (name, *others.get(name, ()))}


@cache
def words() -> frozenset[str]:
    """Every title that stands in the vocabulary, as it is written there."""
    kinds = [names for kind, names in _titles().items() if kind != "units"]
    return frozenset(title for names in kinds for titles in names.values() for title in titles)


def meant(columns: Columns, title: str) -> str | None:
    """The column that a title means; behind a title may stand that column's unit, in brackets."""
    meanings, key = _meanings(columns), _key(title)
    if key in meanings:
        return meanings[key]
    if (parts := _WITH_UNIT.fullmatch(key)) is None or (name := meanings.get(parts[1])) is None:
        return None
    return name if parts[2] in {_key(unit) for unit in _titles()["units"].get(name, ())} else None


def places(columns: Columns, titles: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Where each known column stands, and the titles of those that are ignored.

    A column under its canonical name counts before others that mean the same; else there may be one only.
    """
    names = [meant(columns, title) for title in titles]
    if double := [fault for name in columns.known if (fault := _double(name, names, titles))]:
        raise WrongColumns("; ".join(double))
    missing = [group for group in columns.needed if not set(group) & set(names)]
    if missing:
        raise WrongColumns(_missing(columns, missing, titles))
    found = {name: _standing(name, names, titles)[0] for name in columns.known if name in names}
    return found, [title for at, title in enumerate(titles) if title and at not in found.values()]


def _standing(name: str, names: Sequence[str | None], titles: Sequence[str]) -> list[int]:
    meaning = [at for at, each in enumerate(names) if each == name]
    return [at for at in meaning if _key(titles[at]) == _key(name)] or meaning


def _double(name: str, names: Sequence[str | None], titles: Sequence[str]) -> str | None:
    those = [titles[at].strip() for at in _standing(name, names, titles)]
    if len(those) < 2:
        return None
    if _key(those[0]) == _key(name):
        return f"the column {name} is there twice; leave one of each"
    return (
        f"the columns {_list(those, ' and ')} mean the same; leave one, or call the one that counts '{name}'"
    )


def _missing(columns: Columns, missing: Sequence[tuple[str, ...]], titles: Sequence[str]) -> str:
    wanted = ", ".join(" or ".join(group) for group in missing)
    lack = f"columns {wanted} are" if len(missing) > 1 else f"column {wanted} is"
    known = f"a file of {columns.kind} has the columns {_list(columns.known)}"
    has = (
        f"this one has {_list(titles)}" if any(map(_key, titles)) else "the first line of this one names none"
    )
    others = [f"{_titles()[columns.kind][group[0]][0]} for {group[0]}" for group in missing]
    return f"the {lack} missing; {known}, and {has}. Titles of tills are known too, such as {_list(others)}"


def _list(names: Sequence[str], between: str = ", ") -> str:
    return between.join(name[:40] for name in names[:30])
