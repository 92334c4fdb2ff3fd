"""What each person of a customers file comes to: whom they are, whom they take in, and what changes.

Only looked up here, never written, so that it can be asked before anything is locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crm import erasure
from crm.customers import Customer, Vehicle
from crm.identity import current, only_at_the_till
from intake import match
from intake.people import Person, identities

AT_ONCE = 500
UNIQUE = ("member", "phone", "card", "reference")
STORED = {
    "member": "member",
    "name": "name",
    "phone": "phone",
    "card": "card",
    "joined": "joined_at",
    "account": "account_id",
}
ERASED = "this person asked to be forgotten and is not taken in again; take them out of the till's list too"
Way = tuple[str, str]  # member | phone | card | plate | reference, value


@dataclass(slots=True)
class Plan:
    """``target`` and ``taken_in`` are ids of customers; no target and no trouble: somebody new."""

    person: Person
    trouble: str | None
    target: int | None = None
    taken_in: list[int] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    plates: dict[str, str | None] = field(default_factory=dict)  # new vehicles, or kinds newly told
    kinds: list[str] = field(default_factory=list)  # new vehicles without a plate

    @property
    def new(self) -> bool:
        return self.target is None

    @property
    def changed(self) -> bool:
        return self.new or bool(self.changes or self.taken_in or self.plates or self.kinds)


def plan(session: Session, found: Sequence[Person], references: match.References) -> list[Plan]:
    """A plan for each person, in their order, against what is known now."""
    gone, plans = erasure.forgotten(session), []
    for start in range(0, len(found), AT_ONCE):
        some = found[start : start + AT_ONCE]
        ways = [_ways(person, references) for person in some]
        known = _known(session, ways)
        owned = _vehicles(session, known.values())
        for person, theirs in zip(some, ways, strict=True):
            meant = {known[way].id: known[way] for way in theirs if way in known}
            plans.append(_plan(person, list(meant.values()), owned, gone))
        session.expunge_all()
    return plans


def refuse_meeting(plans: Iterable[Plan]) -> None:
    """Two persons of the file who come to one customer would overwrite each other."""
    touching: dict[int, list[Plan]] = {}
    for each in plans:
        for customer in (each.target, *each.taken_in):
            if customer is not None:
                touching.setdefault(customer, []).append(each)
    for several in touching.values():
        if len(several) > 1:
            for each in several:
                each.trouble = "another person in this file is the same customer; keep one of them"


def _ways(person: Person, references: match.References) -> list[Way]:
    """How the person may be known: by what they are called, or by what the till called them."""
    ways = identities(person)
    called = [value for _, value in ways]
    spelled = [*called, *(references.canonical(value) for value in called)]
    return [*ways, *(("reference", value) for value in dict.fromkeys(spelled))]


def _known(session: Session, ways: Iterable[list[Way]]) -> dict[Way, Customer]:
    wanted: dict[str, set[str]] = {name: set() for name in (*UNIQUE, "plate")}
    for theirs in ways:
        for name, value in theirs:
            wanted[name].add(value)
    known: dict[Way, Customer] = {}
    anyhow = or_(*(getattr(Customer, name).in_(wanted[name]) for name in UNIQUE))
    for customer in session.scalars(select(Customer).where(anyhow)):
        mine = {name: getattr(customer, name) for name in UNIQUE}
        known |= {(name, value): current(session, customer) for name, value in mine.items() if value}
    owned = select(Vehicle.plate, Customer).join(Customer, Customer.id == Vehicle.customer_id)
    for plate, owner in session.execute(owned.where(Vehicle.plate.in_(wanted["plate"]))):
        known["plate", str(plate)] = current(session, owner)
    return known


def _vehicles(session: Session, owners: Iterable[Customer]) -> dict[int, list[Vehicle]]:
    owned: dict[int, list[Vehicle]] = {owner.id: [] for owner in owners}
    for vehicle in session.scalars(select(Vehicle).where(Vehicle.customer_id.in_(owned))):
        owned[vehicle.customer_id].append(vehicle)
    return owned


def _plan(
    person: Person, meant: list[Customer], owned: dict[int, list[Vehicle]], gone: erasure.Forgotten
) -> Plan:
    """Whom the rows mean among those who were found, in the order member, phone, card, plate, reference."""
    found = Plan(person, person.trouble)
    if not meant and any(value in gone for _, value in identities(person)):
        found.trouble = ERASED
    if found.trouble:
        return found
    firm = [customer for customer in meant if not only_at_the_till(customer)]
    target = next(iter(firm or meant), None)
    found.target = target.id if target else None
    found.taken_in = [each.id for each in meant if each is not target and each not in firm]
    member = person.facts.get("member")
    if len(firm) > 1 or (target and member and target.member not in (None, member)):
        found.trouble = "the phone, card or plate belongs to another member; correct whichever is wrong"
        return found
    found.changes = dict(_changes(person, target))
    if target and target.chat_id is not None and target.phone and "phone" in found.changes:
        found.trouble = "phone: this person proved another number in chat; that one stands"
    _plan_vehicles(found, [vehicle for each in meant for vehicle in owned[each.id]])
    return found


def _changes(person: Person, target: Customer | None) -> Iterator[tuple[str, Any]]:
    for name, value in person.facts.items():
        if value is not None and (target is None or value != getattr(target, STORED[name])):
            yield STORED[name], value


def _plan_vehicles(found: Plan, own: list[Vehicle]) -> None:
    kinds = {vehicle.plate: vehicle.kind for vehicle in own}
    for plate, kind in sorted(found.person.plates.items()):
        if plate not in kinds or (kind and kind != kinds[plate]):
            found.plates[plate] = kind
    found.kinds = sorted(found.person.kinds - {kind for kind in (each.kind for each in own) if kind})
