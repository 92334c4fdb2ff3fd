"""Who is meant: exact matches only, in a fixed order, and joins that lose nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from crm import fillups, identity
from crm.customers import Customer, Vehicle
from crm.db import Database
from crm.fillups import Fillup
from crm.stations import Station
from intake import bulk, match
from tests.conftest import NOON


@pytest.fixture
def people(database: Database) -> dict[str, int]:
    """Several customers, some with names that look alike."""
    with database.write() as session:
        rows = {
            "wang": Customer(member="M1", phone="+8613800138000", card="C1", name="Wang", known_at=NOON),
            "card": Customer(member="7", card="M2", known_at=NOON),
            "member": Customer(member="M2", known_at=NOON),
            "till": Customer(reference="00123", known_at=NOON),
            "plate": Customer(reference="粤B12345", known_at=NOON),
        }
        session.add_all(rows.values())
        session.flush()
        session.add(Vehicle(customer_id=rows["wang"].id, plate="京A12345"))
        return {name: row.id for name, row in rows.items()}


CASES = [
    ("M1", "wang"),
    ("13800138000", "wang"),
    ("+86 138 0013 8000", "wang"),
    ("C1", "wang"),
    ("京a·12345", "wang"),
    ("M2", "member"),
    ("00123", "till"),
    ("粤B 12345", "plate"),
    ("123", None),
    ("m1", None),
    ("%", None),
    ("' OR 1=1 --", None),
    ("M", None),
    ("x" * 100, None),
]


@pytest.mark.parametrize(("text", "name"), CASES)
def test_only_an_exact_match_is_found(
    database: Database, people: dict[str, int], text: str, name: str | None
) -> None:
    with database.read() as session:
        found = identity.find(session, text, "CN")
        assert (found.id if found else None) == (people[name] if name else None)


def test_a_file_finds_the_same_people_as_one_question(database: Database, people: dict[str, int]) -> None:
    with bulk.scratch(database, match.refs) as connection, connection.begin():
        match.add(connection, match.References("CN"), [text for text, _ in CASES])
        match.resolve(connection)
        rows = connection.execute(select(match.refs.c.given, match.refs.c.customer_id))
        found = {row[0]: row[1] for row in rows}
    assert found == {text: people[name] if name else None for text, name in CASES}


def test_a_join_keeps_what_either_told_of_themselves(database: Database, people: dict[str, int]) -> None:
    with database.write() as session:
        keep, gone = Customer(name="", known_at=NOON, birthday="05-17"), Customer(name="李娜", known_at=NOON)
        gone.birthday, gone.persona, gone.usual_product = "01-01", "taxi", "95"
        session.add_all((keep, gone))
        session.flush()
        identity.join(session, keep, gone, NOON)
        told = (keep.name, keep.birthday, keep.persona, keep.usual_product)
    assert told == ("李娜", "05-17", "taxi", "95")


def test_a_join_loses_nothing(database: Database, people: dict[str, int]) -> None:
    with database.write() as session:
        station = Station(code="S1", name="One", timezone="UTC", currency="EUR")
        session.add(station)
        session.flush()
        wang, till = (session.get_one(Customer, people[name]) for name in ("wang", "till"))
        told: dict[str, Any] = {"station": station, "at": NOON, "now": NOON, "millilitres": 40_000}
        mine = fillups.record(session, source="driver", confirmed=False, customer_id=wang.id, **told)
        sold = fillups.record(session, source="pos", confirmed=True, customer_id=till.id, **told)
        till.phone, till.name = "+8613900139000", "W."
        session.flush()
        identity.join(session, wang, till, NOON)
        assert (wang.phone, wang.name) == ("+8613800138000", "Wang")
        assert (till.merged_into, till.merged_at) == (wang.id, NOON)
        assert mine.same_as == sold.id
        assert set(session.scalars(select(Fillup.customer_id))) == {wang.id}
        assert identity.find(session, "00123", "CN") is wang
        assert identity.find(session, "13900139000", "CN") is wang
        identity.join(session, wang, wang, NOON)
        assert wang.merged_into is None


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("京A12345", "京A12345"),
        ("京a·12345", "京A12345"),
        ("粤BD12345", "粤BD12345"),
        ("粤Ｂ 1234学", "粤B1234学"),
        ("京I12345", None),
        ("A12345", None),
        ("NA", None),
        ("1E5", None),
        ("京A1234", None),
    ],
)
def test_chinese_plates(text: str, plate: str | None) -> None:
    assert identity.chinese_plate(text) == plate
