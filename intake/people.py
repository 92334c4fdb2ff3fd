"""Rows of a customers file, cleaned, and what they say together of each person (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from intake import clean, times
from intake.faults import Fault

ONCE = (
    "member",
    "phone",
    "card",
    "name",
    "joined",
    "account",
)  # a person has one of each; vehicles may be several


class Row(NamedTuple):
    """One row. ``value`` holds member, name, phone, card, plate, vehicle, joined, account (its id); None
    where it is empty."""

    line: int
    cells: list[str]
    value: dict[str, Any]


@dataclass(slots=True)
class Person:
    """All rows of one person. ``plates`` maps each plate to the kind of vehicle, if it is told."""

    rows: list[Row]
    facts: dict[str, Any] = field(default_factory=dict)
    plates: dict[str, str | None] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)  # vehicles whose plate is not told
    copies: int = 0  # rows that say what another one says
    trouble: str | None = None


def parsers(country: str, zone: ZoneInfo, accounts: Mapping[str, int]) -> dict[str, clean.Parse]:
    def joined(text: str) -> datetime | None:
        return times.moment(text, "joined", zone) if text else None

    def account(text: str) -> int | None:
        code = clean.words("account", 64)(text)
        if code is not None and code not in accounts:
            raise Fault("unknown_account", f"account: there is no account '{code[:40]}'; import it first")
        return accounts[code] if code else None

    return {
        "member": clean.number_of("member", 64),
        "name": clean.words("name", 200),
        "phone": clean.phone_of(country),
        "card": clean.number_of("card", 64),
        "plate": clean.plate,
        "vehicle": clean.words("vehicle", 16),
        "joined": joined,
        "account": account,
    }


class Cleaner:
    """Rows of one file -> typed rows; raises Fault with every reason found in the row."""

    def __init__(
        self,
        places: dict[str, int],
        width: int,
        country: str,
        zone: ZoneInfo,
        accounts: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._places, self._width, self._parse = places, width, parsers(country, zone, accounts)

    def row(self, line: int, cells: list[str]) -> Row:
        if len(cells) < self._width or any(cells[self._width :]):
            raise Fault("cells", f"the row has {len(cells)} cells where the header has {self._width} columns")
        value: dict[str, Any] = dict.fromkeys(self._parse)
        faults = []
        for name, place in self._places.items():
            try:
                value[name] = self._parse[name](clean.tidy(cells[place]))
            except Fault as fault:
                faults.append(fault)
        if not faults and not any(value[name] for name in ("member", "phone", "card", "plate")):
            faults.append(Fault("nobody", "member, phone, card, plate: one of them must be there"))
        if faults:
            raise Fault(faults[0].code, "; ".join(map(str, faults)))
        return Row(line, cells, value)


def people(rows: Iterable[Row]) -> list[Person]:
    """One Person for all rows of a member, in an order that rows do not decide.

    Rows that contradict each other, or claim another person's phone, card or plate, are in trouble.
    """
    by_key: dict[tuple[str, str], Person] = {}
    for row in rows:
        by_key.setdefault(_key(row.value), Person([])).rows.append(row)
    found = [by_key[key] for key in sorted(by_key)]
    for person in found:
        _gather(person)
    _refuse_shared(found)
    return found


def _key(value: dict[str, Any]) -> tuple[str, str]:
    return next((name, value[name]) for name in ("member", "phone", "card", "plate") if value[name])


def _gather(person: Person) -> None:
    """Sum up the rows of one person."""
    said: set[tuple[Any, ...]] = set()
    for row in sorted(person.rows, key=lambda each: each.line):
        content = tuple(row.value.values())
        person.copies += content in said
        said.add(content)
        for name in ONCE:
            told = row.value[name]
            if told is not None and person.facts.setdefault(name, told) != told:
                person.trouble = f"{name}: the rows of one person in this file differ; keep the right one"
        _add_vehicle(person, row.value["plate"], row.value["vehicle"])


def _add_vehicle(person: Person, plate: str | None, kind: str | None) -> None:
    if plate is None:
        person.kinds.update({kind} if kind else ())
    elif kind is None or person.plates.get(plate) in (None, kind):
        person.plates[plate] = kind or person.plates.get(plate)
    else:
        person.trouble = "vehicle: the rows of one plate in this file differ; keep the right one"


def _refuse_shared(found: list[Person]) -> None:
    owners: dict[tuple[str, str], list[Person]] = {}
    for person in found:
        for name, value in identities(person):
            owners.setdefault((name, value), []).append(person)
    for (name, _), several in owners.items():
        if len(several) > 1:
            for person in several:
                person.trouble = f"{name}: another person in this file has the same one; keep the right one"


def identities(person: Person) -> list[tuple[str, str]]:
    """Everything by which this person can be found: (member | phone | card | plate, value)."""
    single = [(name, person.facts[name]) for name in ("member", "phone", "card") if person.facts.get(name)]
    return [*single, *(("plate", plate) for plate in sorted(person.plates))]
