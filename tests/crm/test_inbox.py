"""The inbox: an update is kept until it is handled and answered, and no longer than anyone needs it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from crm import inbox
from crm.db import Database
from crm.inbox import Incoming
from tests.conftest import NOON


def keep(database: Database, *numbers: int) -> list[int]:
    rows: list[dict[str, Any]] = [{"update_id": number} for number in numbers]
    with database.write() as session:
        return inbox.store(session, rows, dict.fromkeys(numbers, 1), now=NOON)


def states(database: Database) -> dict[int, str]:
    with database.read() as session:
        return {row.update_id: row.state for row in session.scalars(select(Incoming))}


def test_an_update_is_stored_once(database: Database) -> None:
    assert sorted(keep(database, 1, 2)) == [1, 2]
    assert keep(database, 2, 3) == [3]


def test_it_is_marked_done_once(database: Database) -> None:
    keep(database, 1)
    with database.write() as session:
        assert inbox.done(session, 1, [{"kind": "message"}], now=NOON)
    with database.write() as session:
        assert not inbox.done(session, 1, [], now=NOON)
    with database.read() as session:
        assert [row.replies for row in inbox.unspoken(session)] == [[{"kind": "message"}]]


def test_what_was_said_is_forgotten(database: Database) -> None:
    keep(database, 1)
    with database.write() as session:
        inbox.done(session, 1, [{"kind": "message"}], now=NOON)
        inbox.spoken(session, [1], now=NOON)
    with database.read() as session:
        row = session.get_one(Incoming, 1)
        assert (row.replies, row.payload, row.spoken_at) == (None, {}, NOON)


def test_a_failure_before_and_after_the_effect(database: Database) -> None:
    keep(database, 1, 2)
    with database.write() as session:
        inbox.done(session, 2, [], now=NOON)
        assert inbox.fail(session, 1, "AB12", now=NOON)
        assert not inbox.fail(session, 2, "CD34", now=NOON)
    assert states(database) == {1: "failed", 2: "done"}


def test_old_updates_are_forgotten_and_open_ones_are_not(database: Database) -> None:
    keep(database, 1, 2, 3)
    with database.write() as session:
        inbox.done(session, 1, [], now=NOON)
        inbox.spoken(session, [1], now=NOON)
        inbox.done(session, 2, [], now=NOON)
    with database.write() as session:
        assert inbox.tidy(session, now=NOON + inbox.KEPT) == 0
        assert inbox.tidy(session, now=NOON + inbox.KEPT + timedelta(seconds=1)) == 1
    assert states(database) == {2: "done", 3: "new"}


def test_a_busy_week_is_forgotten_a_part_at_a_time(database: Database) -> None:
    keep(database, *range(1, 8))
    with database.write() as session:
        for number in range(1, 8):
            inbox.close(session, number, "ignored", now=NOON)
    later = NOON + inbox.KEPT + timedelta(seconds=1)
    with database.write() as session:
        assert [inbox.tidy(session, now=later, most=3) for _ in range(4)] == [3, 3, 1, 0]
