"""What a chat waits for looks up a few rows of the log, however many a station has."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from crm import fillups
from crm.customers import Customer
from crm.db import Database
from crm.stations import Station
from questions import past
from tests.conftest import NOON

OF_A_STATION = re.compile(r"\((station_id|day)=\?\)|^SCAN (fillups|other)")


def test_a_record_and_a_card_never_read_all_rows_of_a_station(database: Database) -> None:
    """SQLite has no statistics: of two indexes that would do it takes one by its name or age alone."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by its own statistics")
    seen: list[tuple[str, Any]] = []
    with database.write() as session:
        session.add(Station(id=1, code="1", name="North", timezone="Asia/Shanghai", currency="CNY"))
        session.add(Customer(id=1, source="chat", known_at=NOON))
        session.flush()
        station, connection = session.get_one(Station, 1), session.connection()
        event.listen(connection, "before_cursor_execute", lambda *each: seen.append((each[2], each[3])))
        facts: dict[str, Any] = {"station": station, "now": NOON, "source": "attendant", "confirmed": True}
        told = fillups.record(session, at=NOON, customer_id=1, amount=20_000, receipt="R1", **facts)
        again = fillups.correct(session, told, NOON, changes={"amount": 30_000})
        fillups.void(session, again, "undo", NOON)
        fillups.record(session, at=NOON - timedelta(hours=1), amount=5_000, receipt="R2", **facts)
        assert past.visits(session, 1, frozenset({1})) == []
        looked = [each for each in seen if re.search(r"\b(FROM|UPDATE) fillups", each[0])]
        assert len(looked) > 8
        for statement, values in looked:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            assert not [step[3] for step in steps if OF_A_STATION.search(step[3])], statement
