"""Whoever may be a line of another row's visit is marked, through whichever door a row comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crm import fillups, identity
from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.stations import Station
from crm.tanks import NEAR
from tests.conftest import NOON
from tests.intake.conftest import FILLUPS, take

TEN = timedelta(minutes=10)


@pytest.fixture
def chain(database: Database) -> Database:
    with database.write() as session:
        for number in (1, 2):
            session.add(Station(id=number, code=f"S{number}", name="", timezone="UTC", currency="CNY"))
            session.add(Customer(id=number, reference=f"c{number}", known_at=NOON))
    return database


def record(database: Database, at: datetime, **more: Any) -> int:
    with database.write() as session:
        place = session.get_one(Station, more.pop("station", 1))
        facts: dict[str, Any] = {"customer_id": 1, "source": "pos", "confirmed": True, "amount": 100} | more
        return fillups.record(session, station=place, at=at, now=NOON, **facts).id


def beside(database: Database) -> set[int]:
    with database.read() as session:
        return set(session.scalars(select(Fillup.id).where(Fillup.beside.is_not(None))))


@pytest.mark.parametrize(
    ("apart", "other", "marked"),
    [
        (TEN, {}, True),
        (-TEN, {}, True),
        (2 * TEN, {}, False),
        (TEN, {"station": 2}, False),
        (TEN, {"customer_id": 2}, False),
        (NEAR, {"receipt": "7"}, True),
        (NEAR, {"receipt": "8"}, False),
        (timedelta(days=1), {"receipt": "7"}, False),
        (TEN, {"receipt": "7", "customer_id": None}, False),
    ],
)
def test_of_one_person_there_soon_or_on_one_receipt(
    chain: Database, apart: timedelta, other: dict[str, Any], marked: bool
) -> None:
    first = record(chain, NOON - timedelta(days=3), receipt="7")
    second = record(chain, NOON - timedelta(days=3) + apart, **other)
    assert beside(chain) == ({first, second} if marked else set())


def test_of_nobody_known_on_one_receipt_only(chain: Database) -> None:
    at = NOON - timedelta(days=1)
    lines = {record(chain, at + n * TEN, customer_id=None, receipt="5") for n in range(3)}
    record(chain, at, customer_id=None, receipt="6")
    record(chain, at, customer_id=None)
    assert beside(chain) == lines


def test_two_who_turn_out_to_be_one(chain: Database) -> None:
    both = {record(chain, NOON - TEN), record(chain, NOON - 2 * TEN, customer_id=2)}
    assert beside(chain) == set()
    with chain.write() as session:
        identity.join(session, session.get_one(Customer, 1), session.get_one(Customer, 2), NOON)
    assert beside(chain) == both


def test_what_came_by_a_file_beside_what_was_there(chain: Database, tmp_path: Path) -> None:
    there = record(chain, datetime(2026, 6, 1, 8, tzinfo=UTC), customer_id=2)
    lines = [FILLUPS, *(f"R{n},S{n},3,2026-06-01 08:08,c2,95,20,7.5,150,cash," for n in (1, 2))]
    (tmp_path / "till.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert take(chain, tmp_path / "till.csv").imported == 2
    marked = beside(chain)
    assert there in marked
    assert len(marked) == 2
