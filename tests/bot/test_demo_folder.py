"""What a demo may replace in a data folder, and what it leaves alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.folder import NotOurs, clear
from bot.demo.store import mark
from bot.leases import owner
from crm import lease
from crm.customers import Customer
from crm.db import Database, sqlite_url
from crm.schema import migrate

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "forecourt.sqlite3"


@pytest.fixture
def opened(tmp_path: Path) -> Database:
    database = Database(sqlite_url(tmp_path))
    migrate(database)
    return database


def add_customer(database: Database) -> None:
    with database.write() as session:
        session.add(Customer(name="Lin", known_at=NOW))


def test_nothing_there_is_nothing_to_do(file: Path) -> None:
    clear(file, NOW)
    assert not file.exists()


def test_an_earlier_demo_is_replaced_with_all_its_files(file: Path, opened: Database) -> None:
    mark(opened, 7)
    add_customer(opened)
    opened.close()
    beside = file.with_name("forecourt.sqlite3-journal")
    beside.touch()
    clear(file, NOW)
    assert list(file.parent.iterdir()) == []


def test_an_empty_database_may_go(file: Path, opened: Database) -> None:
    opened.close()
    clear(file, NOW)
    assert not file.exists()


def test_a_real_chain_stays(file: Path, opened: Database) -> None:
    add_customer(opened)
    opened.close()
    with pytest.raises(NotOurs, match="real chain"):
        clear(file, NOW)
    assert file.exists()


def test_a_file_that_is_no_database_stays(file: Path) -> None:
    file.write_text("not a database, but somebody's notes, long enough to be looked at" * 20)
    with pytest.raises(NotOurs, match="cannot be read"):
        clear(file, NOW)
    assert file.exists()


def test_a_demo_somebody_plays_with_stays(file: Path, opened: Database) -> None:
    mark(opened, 7)
    with opened.write() as session:
        assert lease.take(session, "updates", owner(), 10, now=NOW)
    opened.close()
    with pytest.raises(NotOurs, match="running"):
        clear(file, NOW)
    assert file.exists()


def test_the_lease_of_a_dead_demo_holds_nothing(file: Path, opened: Database) -> None:
    mark(opened, 7)
    name, _, secret = owner().rpartition(":")
    dead = f"{name.rpartition(':')[0]}:{2**22 + 1}:{secret}"
    with opened.write() as session:
        assert lease.take(session, "updates", dead, 10, now=NOW)
    opened.close()
    clear(file, NOW)
    assert not file.exists()
