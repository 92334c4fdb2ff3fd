"""Fill-ups into the database: staged beside it, judged against it, then all or nothing.

A row's business key decides. Same key and same numbers: a duplicate. Same key and other numbers or
another customer: a conflict, whether the other row is in the database or in the same file; neither
is guessed. Reading and cleaning hold no lock; the final transaction is a few statements over sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Date,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    case,
    distinct,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from crm import fillups as rules
from crm import rollup, visits
from crm.db import Base, Instant
from crm.fillups import Fillup
from crm.stations import Station
from crm.tanks import NEAR
from intake import bulk, match
from intake.match import refs
from intake.report import Refusal, Report
from intake.sales import Place, Sale

PENDING, DUPLICATE, CONFLICT, CLASH = range(4)

staged = Table(
    "import_rows",
    MetaData(),
    Column("line", Integer),
    Column("key", Text),
    Column("state", Integer),
    Column("numbers", Text),
    Column("given", Text),
    Column("station", Text),
    Column("pump", Text),
    Column("receipt", Text),
    Column("at", Instant),
    Column("day", Date),
    Column("product", Text),
    Column("millilitres", BigInteger),
    Column("unit_price", BigInteger),
    Column("amount", BigInteger),
    Column("currency", Text),
    Column("payment", Text),
    Column("odometer_km", BigInteger),
    Column("cells", Text),
    prefixes=["TEMPORARY"],
)
refused = Table(
    "import_refused",
    MetaData(),
    Column("line", Integer),
    Column("code", Text),
    Column("reason", Text),
    Column("cells", Text),
    prefixes=["TEMPORARY"],
)
NUMBERS = ("millilitres", "unit_price", "amount", "odometer_km")
TITLES = ("litres", "unit price", "amount", "odometer")
KEPT = ("pump", "receipt", "key", "at", "day", "product", *NUMBERS, "currency", "payment")
fillups = Fillup.__table__


def stage(connection: Connection, sales: list[Sale], faults: list[tuple[int, str, str, str]]) -> None:
    with connection.begin():
        bulk.pour(connection, staged, sales)
        bulk.pour(connection, refused, faults)


def compare_within(connection: Connection) -> None:
    """Find rows of the file that repeat or contradict each other."""
    with connection.begin():
        connection.exec_driver_sql("CREATE INDEX import_rows_key ON import_rows (key)")
        bulk.analyze(connection, staged, refs)
        repeated = select(staged.c.key).group_by(staged.c.key).having(func.count() > 1)
        differing = repeated.having(func.count(distinct(staged.c.numbers)) > 1)
        other = staged.alias("other")
        earlier = select(other.c.line).where(
            other.c.key == staged.c.key,
            # Copies may differ in how they were paid: which one is kept must not hang on the order.
            tuple_(func.coalesce(other.c.payment, ""), other.c.line)
            < tuple_(func.coalesce(staged.c.payment, ""), staged.c.line),
        )
        connection.execute(update(staged).where(staged.c.key.in_(differing)).values(state=CLASH))
        connection.execute(
            update(staged)
            .where(staged.c.state == PENDING, staged.c.key.in_(repeated), earlier.exists())
            .values(state=DUPLICATE)
        )


def settle(
    connection: Connection, report: Report, now: datetime, *, default: Place | None, dry_run: bool
) -> None:
    """The final transaction: judge against what is known, create what is missing, insert."""
    with bulk.writing(connection, dry_run=dry_run):
        match.resolve(connection)
        _make_anonymous(connection, match.erased(connection))
        _compare_with_known(connection)
        _count(connection, report)
        new_stations = _new_stations(connection)
        report.stations_created = len(new_stations)
        if dry_run or not report.imported:
            report.customers_created = match.unknown(connection, _needed())
            return
        if default is not None and new_stations:
            rows = [{"code": code, "name": code, **default._asdict()} for code in new_stations]
            connection.execute(insert(Station), rows)
        report.customers_created = match.create(connection, _needed(), now)
        told = _customers_with_chat_records(connection)
        _insert(connection, now)
        if told:
            with Session(bind=connection) as session:
                rules.relink_customers(session, told, now)


def _make_anonymous(connection: Connection, givens: list[str]) -> None:
    """Whoever asked to be forgotten is nobody: what they buy is a sale like any other."""
    for start in range(0, len(givens), 500):
        some = staged.c.given.in_(givens[start : start + 500])
        connection.execute(update(staged).where(some).values(given=None))


def _needed() -> ColumnElement[bool]:
    return refs.c.given.in_(select(staged.c.given).where(staged.c.state == PENDING))


def _compare_with_known(connection: Connection) -> None:
    who = select(refs.c.customer_id).where(refs.c.given == staged.c.given).correlate(staged).scalar_subquery()
    same_customer = or_(
        and_(staged.c.given.is_(None), fillups.c.customer_id.is_(None)),
        fillups.c.customer_id == who,
    )
    known = select(fillups.c.id).where(fillups.c.key == staged.c.key).correlate(staged)
    same = known.where(
        same_customer, *(fillups.c[name].is_not_distinct_from(staged.c[name]) for name in NUMBERS)
    )
    connection.execute(
        update(staged)
        .where(staged.c.state.in_((PENDING, CLASH)), known.exists())
        .values(state=case((same.exists(), DUPLICATE), else_=CONFLICT))
    )
    connection.execute(update(staged).where(staged.c.state == CLASH).values(state=CONFLICT))


def _count(connection: Connection, report: Report) -> None:
    rows = connection.execute(select(staged.c.state, func.count()).group_by(staged.c.state))
    counts = {row[0]: row[1] for row in rows}
    report.imported = counts.get(PENDING, 0)
    report.duplicates = counts.get(DUPLICATE, 0)
    report.conflicts = counts.get(CONFLICT, 0)


def _new_stations(connection: Connection) -> list[str]:
    pending = select(staged.c.station).distinct().where(staged.c.state == PENDING)
    return sorted(set(connection.scalars(pending)) - set(connection.scalars(select(Station.code))))


def _customers_with_chat_records(connection: Connection) -> list[int]:
    """Whose driver's or attendant's records may tell of a tank that is in the file."""
    bounds = select(func.min(staged.c.at), func.max(staged.c.at)).where(staged.c.state == PENDING)
    first, last = connection.execute(bounds).one()
    asked = (
        select(Fillup.customer_id)
        .distinct()
        .where(
            Fillup.customer_id.in_(select(refs.c.customer_id)),
            Fillup.at.between(first - NEAR, last + NEAR),
            Fillup.source != "pos",
            Fillup.voided_at.is_(None),
        )
    )
    return [each for each in connection.scalars(asked) if each is not None]


def _insert(connection: Connection, now: datetime) -> None:
    rows = (
        select(
            refs.c.customer_id,
            refs.c.vehicle_id,
            Station.id,
            *(staged.c[name] for name in KEPT),
            bulk.literal("pos"),
            true(),
            bulk.instant(now),
        )
        .select_from(staged)
        .join(Station, Station.code == staged.c.station)
        .outerjoin(refs, refs.c.given == staged.c.given)
        .where(staged.c.state == PENDING)
        .order_by(staged.c.key)
    )
    names = ["customer_id", "vehicle_id", "station_id", *KEPT, "source", "confirmed", "recorded_at"]
    connection.execute(insert(Fillup).from_select(names, rows))
    since = (
        select(refs.c.customer_id, func.min(staged.c.day))
        .join(staged, refs.c.given == staged.c.given)
        .where(staged.c.state == PENDING, refs.c.customer_id.is_not(None))
        .group_by(refs.c.customer_id)
    )
    rollup.changed_in_bulk(connection, since)
    if connection.dialect.name == "postgresql":  # it would plan for the log as it was before this file
        bulk.analyze(connection, Base.metadata.tables["fillups"])
    days = select(func.min(staged.c.day), func.max(staged.c.day)).where(staged.c.state == PENDING)
    visits.mark_days(connection, *connection.execute(days).one(), select(refs.c.customer_id))


def refusals(connection: Connection) -> Iterator[Refusal]:
    """Every row that was not taken, in the order of the file."""
    known = fillups.alias("known")
    contested = (
        select(
            staged.c.line,
            bulk.literal("conflict").label("code"),
            bulk.literal("").label("reason"),
            staged.c.cells,
            staged.c.key,
            staged.c.given,
            *(staged.c[name] for name in NUMBERS),
            known.c.id,
            *(known.c[name] for name in NUMBERS),
        )
        .outerjoin(known, known.c.key == staged.c.key)
        .where(staged.c.state == CONFLICT)
    )
    with connection.begin():
        plain = connection.execute(select(refused).order_by(refused.c.line)).yield_per(1000)
        found = connection.execute(contested.order_by(staged.c.line)).yield_per(1000)
        for row in merge(plain, found, key=lambda each: each.line):
            reason = row.reason or _why(row)
            yield row.line, row.code, reason, orjson.loads(row.cells)


def _why(row: Any) -> str:
    """What a contested row says otherwise."""
    mine, theirs = row[6:10], row[11:15]
    if row[10] is None:
        return (
            "another row of this file has the same station, pump, receipt, time and product, "
            "but other numbers or another customer; keep the right one"
        )
    differing = [name for name, one, other in zip(TITLES, mine, theirs, strict=True) if one != other]
    what = ", ".join(differing) or "customer"
    return f"this sale is already known with another {what}; correct it at the till or leave the row out"
