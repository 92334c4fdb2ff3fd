"""A file of customers: added, brought up to date, or joined with whom the till already knew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crm import erasure
from crm.accounts import codes
from crm.customers import Customer, Vehicle
from crm.db import Database
from crm.identity import current, join, only_at_the_till
from intake import match, report
from intake.columns import CUSTOMERS
from intake.faults import Fault
from intake.fillups import Options, Progress, silent
from intake.people import Cleaner, Person, Row, identities, people
from intake.read import Table, open_table
from intake.report import Refusal, Report

AT_ONCE = 500
ERASED = "this person asked to be forgotten and is not taken in again; take them out of the till's list too"
UNIQUE = ("member", "phone", "card", "reference")
STORED = {
    "member": "member",
    "name": "name",
    "phone": "phone",
    "card": "card",
    "joined": "joined_at",
    "account": "account_id",
}


@dataclass
class Plan:
    """What one person's rows come to: whom they are, whom they take in, and what changes."""

    person: Person
    target: Customer | None = None
    taken_in: list[Customer] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    new: bool = False
    changed: bool = False


def import_customers(database: Database, path: Path, options: Options, progress: Progress = silent) -> Report:
    """Take a file of customers. An empty cell changes nothing. Raises Unreadable or WrongColumns."""
    began = monotonic()
    result = Report("customers", dry_run=options.dry_run)
    refusals: list[Refusal] = []
    with open_table(path, CUSTOMERS, encoding=options.encoding, most_bytes=options.most_bytes) as table:
        result.notes = table.notes
        with database.read() as session:
            accounts = codes(session)
        found = people(_rows(table, options, accounts, result, refusals, progress))
        result.rejected = len(refusals)
        progress("saving", 0, None)
        with database.write() as session:
            _take_all(session, found, options, result)
            if options.dry_run:
                session.rollback()
        for person in found:
            if person.trouble:
                refusals.extend((row.line, "conflict", person.trouble, row.cells) for row in person.rows)
        result.conflicts = len(refusals) - result.rejected
        for _, code, _, _ in refusals:
            result.refuse(code)
        if options.rejects and refusals:
            report.write_rejects(options.rejects, table.header, sorted(refusals))
            result.rejects_file = str(options.rejects)
    result.seconds = monotonic() - began
    return result


def _rows(
    table: Table,
    options: Options,
    accounts: dict[str, int],
    result: Report,
    refusals: list[Refusal],
    progress: Progress,
) -> Iterable[Row]:
    zone = ZoneInfo(options.default.timezone)
    cleaner = Cleaner(table.places, len(table.header), options.country, zone, accounts)
    for line, cells in table.rows:
        result.read += 1
        if result.read % 1000 == 0:
            progress("reading", table.done() if table.total else result.read, table.total)
        try:
            yield cleaner.row(line, cells)
        except Fault as fault:
            refusals.append((line, fault.code, str(fault), cells))


def _take_all(session: Session, found: list[Person], options: Options, result: Report) -> None:
    references = match.References(options.country)
    plans: list[Plan] = []
    for start in range(0, len(found), AT_ONCE):
        plans += _plans(session, found[start : start + AT_ONCE], references)
    _refuse_meeting(plans)
    for start in range(0, len(plans), AT_ONCE):
        good = [plan for plan in plans[start : start + AT_ONCE] if not plan.person.trouble]
        _store(session, good, options)
        for plan in good:
            rows = len(plan.person.rows) - plan.person.copies
            result.duplicates += plan.person.copies + (0 if plan.changed else rows)
            result.imported += rows if plan.changed else 0
            result.customers_created += plan.new
            result.updated += plan.changed and not plan.new


def _plans(session: Session, some: list[Person], references: match.References) -> list[Plan]:
    known = _known(session, some, references)
    gone = erasure.forgotten(session)
    plans = []
    for person in some:
        meant: dict[int, Customer] = {}
        for way in _ways(person, references):
            if way in known:
                meant.setdefault(known[way].id, known[way])
        if not meant and any(value in gone for _, value in identities(person)):
            person.trouble = ERASED
        plans.append(_plan(person, list(meant.values())))
    return plans


def _ways(person: Person, references: match.References) -> list[tuple[str, str]]:
    """How the person may be known: by what they are called, or by what the till called them."""
    ways = identities(person)
    called = [value for _, value in ways]
    spelled = [*called, *(references.canonical(value) for value in called)]
    return [*ways, *(("reference", value) for value in dict.fromkeys(spelled))]


def _known(
    session: Session, some: list[Person], references: match.References
) -> dict[tuple[str, str], Customer]:
    wanted: dict[str, set[str]] = {name: set() for name in (*UNIQUE, "plate")}
    for person in some:
        for name, value in _ways(person, references):
            wanted[name].add(value)
    known: dict[tuple[str, str], Customer] = {}
    anyhow = or_(*(getattr(Customer, name).in_(wanted[name]) for name in UNIQUE))
    for customer in session.scalars(select(Customer).where(anyhow)):
        mine = {name: getattr(customer, name) for name in UNIQUE}
        known |= {(name, value): current(session, customer) for name, value in mine.items() if value}
    owned = select(Vehicle.plate, Customer).join(Customer, Customer.id == Vehicle.customer_id)
    for plate, owner in session.execute(owned.where(Vehicle.plate.in_(wanted["plate"]))):
        known["plate", str(plate)] = current(session, owner)
    return known


def _plan(person: Person, meant: list[Customer]) -> Plan:
    """Whom the rows mean among those who were found, in the order member, phone, card, plate, reference."""
    plan = Plan(person)
    if person.trouble:
        return plan
    firm = [customer for customer in meant if not only_at_the_till(customer)]
    plan.target = next(iter(firm or meant), None)
    plan.taken_in = [each for each in meant if each is not plan.target and each not in firm]
    member = person.facts.get("member")
    if len(firm) > 1 or (plan.target and member and plan.target.member not in (None, member)):
        person.trouble = "the phone, card or plate belongs to another member; correct whichever is wrong"
        return plan
    for name, value in person.facts.items():
        before = getattr(plan.target, STORED[name]) if plan.target else None
        if value is not None and value != before:
            plan.changes[STORED[name]] = value
    if plan.target and plan.target.chat_id is not None and plan.target.phone and "phone" in plan.changes:
        person.trouble = "phone: this person proved another number in chat; that one stands"
    return plan


def _refuse_meeting(plans: list[Plan]) -> None:
    """Two persons of the file who come to one customer would overwrite each other."""
    touching: dict[int, list[Plan]] = {}
    for plan in plans:
        for customer in filter(None, (plan.target, *plan.taken_in)):
            touching.setdefault(customer.id, []).append(plan)
    for several in touching.values():
        if len(several) > 1:
            for plan in several:
                plan.person.trouble = "another person in this file is the same customer; keep one of them"


def _store(session: Session, good: list[Plan], options: Options) -> None:
    for plan in good:
        if plan.target is None:
            plan.target, plan.new = Customer(known_at=options.now, source="import"), True
            session.add(plan.target)
        for gone in plan.taken_in:
            join(session, plan.target, gone, options.now)
        for name, value in plan.changes.items():
            setattr(plan.target, name, value)
        plan.changed = plan.new or bool(plan.changes or plan.taken_in)
    session.flush()
    _store_vehicles(session, good)
    session.flush()


def _store_vehicles(session: Session, good: list[Plan]) -> None:
    by_owner: dict[int, list[Vehicle]] = {}
    ids = [plan.target.id for plan in good if plan.target]
    for vehicle in session.scalars(select(Vehicle).where(Vehicle.customer_id.in_(ids))):
        by_owner.setdefault(vehicle.customer_id, []).append(vehicle)
    for plan in good:
        assert plan.target is not None
        own = by_owner.get(plan.target.id, [])
        plates = {vehicle.plate: vehicle for vehicle in own}
        for plate, kind in sorted(plan.person.plates.items()):
            if plate not in plates:
                session.add(Vehicle(customer_id=plan.target.id, plate=plate, kind=kind))
                plan.changed = True
            elif kind and plates[plate].kind != kind:
                plates[plate].kind, plan.changed = kind, True
        for kind in sorted(plan.person.kinds - {vehicle.kind for vehicle in own if vehicle.kind}):
            session.add(Vehicle(customer_id=plan.target.id, kind=kind))
            plan.changed = True
