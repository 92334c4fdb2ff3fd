"""A file of customers: added, brought up to date, or joined with whom the till already knew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.accounts import codes
from crm.customers import Customer, Vehicle
from crm.db import Database
from crm.identity import join
from intake import match, plans, report
from intake.columns import CUSTOMERS
from intake.faults import Fault
from intake.fillups import Options, Progress, silent
from intake.people import Cleaner, Person, Row, people
from intake.plans import AT_ONCE, Plan
from intake.read import Table, open_table
from intake.report import Refusal, Report


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
        progress("comparing", 0, None)
        for plan in _take_all(database, found, options, progress):
            _count(plan, result)
            if plan.trouble:
                refusals.extend((row.line, "conflict", plan.trouble, row.cells) for row in plan.person.rows)
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


def _take_all(
    database: Database, found: Sequence[Person], options: Options, progress: Progress
) -> list[Plan]:
    """What became of each person. Who is as the file says is found out before anything is locked."""
    references = match.References(options.country)
    with database.read() as session:
        before = plans.plan(session, found, references)
    same = [plan for plan in before if not (plan.changed or plan.trouble)]
    news = [plan.person for plan in before if plan.changed or plan.trouble]
    del before
    progress("saving", 0, None)
    with database.write() as session:
        made = [*same, *plans.plan(session, news, references)]
        plans.refuse_meeting(made)
        good = [plan for plan in made if plan.changed and not plan.trouble]
        for start in range(0, len(good), AT_ONCE):
            _store(session, good[start : start + AT_ONCE], options)
            session.expunge_all()
        if options.dry_run:
            session.rollback()
    return made


def _count(plan: Plan, result: Report) -> None:
    if plan.trouble:
        return
    rows = len(plan.person.rows) - plan.person.copies
    result.duplicates += plan.person.copies + (0 if plan.changed else rows)
    result.imported += rows if plan.changed else 0
    result.customers_created += plan.new
    result.updated += plan.changed and not plan.new


def _store(session: Session, good: list[Plan], options: Options) -> None:
    ids = {customer for plan in good for customer in (plan.target, *plan.taken_in)}
    known = {each.id: each for each in session.scalars(select(Customer).where(Customer.id.in_(ids)))}
    stored = []
    for plan in good:
        customer = known[plan.target] if plan.target else Customer(known_at=options.now, source="import")
        session.add(customer)
        for gone in plan.taken_in:
            join(session, customer, known[gone], options.now)
        for name, value in plan.changes.items():
            setattr(customer, name, value)
        stored.append(customer)
    session.flush()
    plates = {plate for plan in good for plate in plan.plates}
    there = {each.plate: each for each in session.scalars(select(Vehicle).where(Vehicle.plate.in_(plates)))}
    for plan, customer in zip(good, stored, strict=True):
        for plate, kind in plan.plates.items():
            if plate in there:
                there[plate].kind = kind
            else:
                session.add(Vehicle(customer_id=customer.id, plate=plate, kind=kind))
        session.add_all(Vehicle(customer_id=customer.id, kind=kind) for kind in plan.kinds)
    session.flush()
