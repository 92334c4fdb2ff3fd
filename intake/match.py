"""Rows -> customers: who each till reference is, and new customers for those nobody knows.

The references of a file stand in a temporary table and are looked up by set, in the order that
``crm.identity.find`` uses for one: member number, card, phone, plate, reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    ScalarSelect,
    Table,
    Text,
    and_,
    func,
    null,
    select,
    update,
)
from sqlalchemy.orm import Session

from crm import erasure, phones
from crm.customers import Customer, Vehicle
from crm.identity import MOST_JOINS, chinese_plate, normal_plate
from intake import bulk

refs = Table(
    "import_refs",
    MetaData(),
    Column("given", Text, primary_key=True),  # as it stands in the file
    Column("value", Text),  # as it is stored when it is new
    Column("phone", Text),
    Column("plate", Text),
    Column("new_phone", Text),  # set where a new customer gets it
    Column("new_plate", Text),
    Column("customer_id", BigInteger),
    Column("vehicle_id", BigInteger),
    prefixes=["TEMPORARY"],
)
customers, vehicles = Customer.__table__, Vehicle.__table__


class References:
    """What a till's reference can be: a phone, a plate, or a text of its own."""

    def __init__(self, country: str) -> None:
        self.kind = lru_cache(200_000)(self._kind)
        self._country = country

    def canonical(self, given: str) -> str:
        """One spelling for one reference: E.164 for a phone, no spaces in a plate, else as given."""
        phone, plate = self.kind(given)
        return phone or plate or given

    def row(self, given: str) -> tuple[str | None, ...]:
        phone, plate = self.kind(given)
        valid = phone or phones.normal(given, self._country)
        return given, phone or plate or given, valid, normal_plate(given), phone, plate, None, None

    def _kind(self, given: str) -> tuple[str | None, str | None]:
        phone = phones.mobile(given, self._country)
        return phone, None if phone else chinese_plate(given)


def add(connection: Connection, references: References, givens: Iterable[str]) -> None:
    """Put references of the file into the temporary table, once each."""
    new = sorted(set(givens))
    known: set[str] = set()
    for start in range(0, len(new), 500):
        known.update(
            connection.scalars(select(refs.c.given).where(refs.c.given.in_(new[start : start + 500])))
        )
    bulk.pour(connection, refs, [references.row(given) for given in new if given not in known])


def resolve(connection: Connection) -> None:
    """Find who each reference is, following those who were joined into another."""

    def one(table: type[Customer], condition: ColumnElement[bool]) -> ScalarSelect[int]:
        return select(table.id).where(condition).scalar_subquery()

    by_plate = select(Vehicle.customer_id).where(Vehicle.plate == refs.c.plate).scalar_subquery()
    connection.execute(
        update(refs).values(
            customer_id=func.coalesce(
                one(Customer, Customer.member == refs.c.given),
                one(Customer, Customer.card == refs.c.given),
                one(Customer, Customer.phone == refs.c.phone),
                by_plate,
                one(Customer, Customer.reference == refs.c.given),
                one(Customer, Customer.reference == refs.c.phone),
                one(Customer, Customer.reference == refs.c.plate),
            )
        )
    )
    joined = and_(Customer.id == refs.c.customer_id, Customer.merged_into.is_not(None))
    into = select(Customer.merged_into).where(Customer.id == refs.c.customer_id).scalar_subquery()
    for _ in range(MOST_JOINS):
        moved = update(refs).where(select(Customer.id).where(joined).exists()).values(customer_id=into)
        if not connection.execute(moved).rowcount:
            break
    vehicle = select(Vehicle.id).where(
        Vehicle.plate == refs.c.new_plate, Vehicle.customer_id == refs.c.customer_id
    )
    has_plate = update(refs).where(refs.c.new_plate.is_not(None))
    connection.execute(has_plate.values(vehicle_id=vehicle.scalar_subquery()))


def erased(connection: Connection) -> list[str]:
    """References that nobody has any more: whoever had them asked to be forgotten."""
    with Session(bind=connection) as session:
        gone = erasure.forgotten(session)
    if not gone.digests:
        return []
    ways = (refs.c.given, refs.c.value, refs.c.phone, refs.c.plate)
    nobody = connection.execute(select(*ways).where(refs.c.customer_id.is_(None)))
    return [row.given for row in nobody if any(way in gone for way in row if way)]


def unknown(connection: Connection, needed: ColumnElement[bool]) -> int:
    """How many customers would be new, among the references that rows still need."""
    count = select(func.count(refs.c.value.distinct())).where(refs.c.customer_id.is_(None), needed)
    return connection.scalar(count) or 0


def create(connection: Connection, needed: ColumnElement[bool], now: datetime) -> int:
    """Create a customer for each unknown reference that is needed; how many are new.

    In order of their names, so that the order of the rows decides nothing.
    """
    new = (refs.c.customer_id.is_(None), needed)
    people = (
        select(refs.c.value, func.min(refs.c.new_phone), bulk.instant(now), bulk.literal("import"))
        .where(*new)
        .group_by(refs.c.value)
        .order_by(refs.c.value)
    )
    insert = bulk.insert_new(connection, customers).from_select(
        ["reference", "phone", "known_at", "source"], people
    )
    created = connection.execute(insert.execution_options(preserve_rowcount=True)).rowcount
    plates = (
        select(customers.c.id, refs.c.new_plate, null())
        .join(refs, refs.c.value == customers.c.reference)
        .where(*new, refs.c.new_plate.is_not(None))
        .group_by(customers.c.id, refs.c.new_plate)
        .order_by(refs.c.new_plate)
    )
    connection.execute(
        bulk.insert_new(connection, vehicles).from_select(["customer_id", "plate", "kind"], plates)
    )
    resolve(connection)
    return created
