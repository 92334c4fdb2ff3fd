"""A ledger that was restored from a backup: nothing is sent twice, and it goes on when a person says so."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select, text, update
from sqlalchemy.orm import Session

from crm import broadcasts, meta
from crm.broadcasts import Broadcast
from crm.db import Database
from crm.meta import Meta
from crm.outbox import Outbound
from crm.writer import Writer
from outreach import standstill
from outreach.standstill import Mark
from tests.conftest import NOON
from tests.outreach.people import DAY, away, customer, plan_round, queued, states
from tests.outreach.sending import Chat, Steady, fill, sender

SECOND = timedelta(seconds=1)
ALONE = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = 'migrated'"


@pytest.fixture
def mark(tmp_path: Path) -> Mark:
    return Mark(tmp_path / "data")


def still(database: Database, mark: Mark) -> standstill.Still | None:
    with database.read() as session:
        return standstill.look(session, mark)


def remembered(database: Database) -> list[tuple[Any, ...]]:
    """The ledger and what it is marked with, row by row."""
    with database.read() as session:
        rows = session.execute(select(Outbound.id, Outbound.state, Outbound.claimed_at, Outbound.settled_at))
        marks = session.execute(select(Meta.name, Meta.value))
        return [*map(tuple, rows), *map(tuple, marks)]


def put_back(database: Database, rows: list[tuple[Any, ...]]) -> None:
    """The rows as they stood in a backup, on the same server."""
    with database.write() as session:
        for row in rows:
            if isinstance(row[0], int):
                values = dict(zip(("state", "claimed_at", "settled_at"), row[1:], strict=True))
                session.execute(update(Outbound).where(Outbound.id == row[0]).values(**values))
            else:
                meta.put(session, row[0], row[1])


async def test_an_older_ledger_claims_nothing(database: Database, writer: Writer, mark: Mark) -> None:
    fill(database, 6)
    with database.write() as session:
        session.execute(update(Outbound).where(Outbound.id > 3).values(not_before=NOON + DAY))
    chat, clock = Chat(), Steady()
    assert await sender(writer, chat, mark=mark, clock=clock).once()
    backup = remembered(database)
    clock.now += DAY
    assert await sender(writer, chat, mark=mark, clock=clock).once()
    assert states(database) == {"sent": 6}
    put_back(database, backup)
    again = sender(writer, chat, mark=mark, clock=clock, owner="again")
    assert not await again.once()
    assert again.still is not None
    assert again.still.known is not None
    assert again.still.sent is not None
    assert NOON <= again.still.known < NOON + SECOND
    assert NOON + DAY <= again.still.sent < NOON + DAY + SECOND
    assert states(database) == {"sent": 3, "queued": 3}
    assert chat.copies == Counter(range(1001, 1007)), "nobody got it twice"
    elsewhere = sender(writer, chat, clock=clock, owner="another machine")
    assert not await elsewhere.once(), "what one sender found holds for all"


async def test_it_goes_on_when_somebody_confirms(database: Database, writer: Writer, mark: Mark) -> None:
    fill(database, 2)
    chat, clock = Chat(), Steady()
    backup = remembered(database)
    await sender(writer, chat, mark=mark, clock=clock).once()
    put_back(database, [*backup, (standstill.MARK, (NOON - DAY).isoformat(timespec="microseconds"))])
    assert not await sender(writer, chat, mark=mark, clock=clock).once()
    with database.write() as session:
        due = away(session, 7).id
    closed = lambda: plan_round(database, instead=standstill.REASON)  # noqa: E731
    assert standstill.confirm(database, mark, NOON + SECOND, close=closed) == 2
    assert still(database, mark) is None
    assert states(database) == {"skipped": 3}
    with database.read() as session:
        rows = session.execute(select(Outbound.customer_id, Outbound.reason)).all()
    assert {reason for _, reason in rows} == {"restored"}
    assert due in {who for who, _ in rows}, "who was due without waiting may have heard it too"
    with database.write() as session:
        assert away(session, 9).chat_id == 1009
    plan_round(database)
    clock.now += 2 * SECOND
    assert await sender(writer, chat, mark=mark, clock=clock).once()
    assert chat.copies == Counter((1001, 1002, 1009))
    assert standstill.confirm(database, mark, NOON) == 0, "a second time there is nothing to end"


async def test_a_restore_under_a_running_sender_stops_it(
    database: Database, writer: Writer, mark: Mark
) -> None:
    fill(database, 4)
    chat, clock = Chat(), Steady()
    running = sender(writer, chat, mark=mark, clock=clock)
    await running.drain()
    assert len(chat.arrived) == 4
    with database.write() as session:
        session.execute(update(Outbound).values(state="queued", claimed_at=None))
        meta.put(session, standstill.MARK, (NOON - DAY).isoformat(timespec="microseconds"))
    assert await running._claim(4) == []
    assert not await running.drain()
    assert len(chat.arrived) == 4


async def test_a_clock_that_goes_back_is_no_restore(database: Database, writer: Writer, mark: Mark) -> None:
    fill(database, 2)
    chat, clock = Chat(), Steady()
    with database.write() as session:
        session.execute(update(Outbound).values(not_before=NOON - DAY))
    deliverer = sender(writer, chat, mark=mark, clock=clock, in_flight=1)
    clock.now = NOON - timedelta(hours=1)
    assert await deliverer.once()
    assert await sender(writer, chat, mark=mark, clock=clock).once()
    assert states(database) == {"sent": 2}
    assert still(database, mark) is None


def test_broadcasts_that_may_have_begun_are_stopped(database: Database, mark: Mark) -> None:
    with database.write() as session:
        for at in (None, NOON - DAY, NOON + DAY):
            made = broadcasts.draft(session, by=1, stations=None, currency="CNY", now=NOON)
            made.stands, made.send_at = "approved", at
    standstill.confirm(database, mark, NOON)
    with database.read() as session:
        stands = session.execute(select(Broadcast.stands, Broadcast.why).order_by(Broadcast.id)).all()
    assert [tuple(row) for row in stands] == [
        ("stopped", "restored"),
        ("stopped", "restored"),
        ("approved", None),
    ]


def test_a_mark_that_cannot_be_written_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    Mark(in_the_way / "folder").write("x", NOON)
    assert "cannot be written" in caplog.text
    broken = Mark(tmp_path)
    (tmp_path / "sent-x").write_bytes(b"\xff\x00")
    assert broken.read("x") is None
    broken.write("x", NOON)
    broken.write("x", NOON + SECOND)
    assert broken.read("x") == NOON + SECOND


# By really restoring


@pytest.fixture
def alone(tmp_path: Path, migrated_file: Path) -> Database:
    """A SQLite database in a folder of its own."""
    shutil.copy(migrated_file, tmp_path / "live.sqlite3")
    return Database(f"sqlite:///{tmp_path / 'live.sqlite3'}")


async def drain(database: Database, chat: Chat, mark: Mark, **options: Any) -> bool:
    writer = Writer(database)
    try:
        return await sender(writer, chat, mark=mark, **options).once()
    finally:
        await asyncio.to_thread(writer.close)
        database.close()


async def test_the_file_of_yesterday_copied_back(tmp_path: Path, alone: Database) -> None:
    fill(alone, 3)
    with alone.write() as session:
        session.execute(update(Outbound).where(Outbound.id == 3).values(not_before=NOON + DAY))
    chat, clock, mark = Chat(), Steady(), Mark(tmp_path)
    assert await drain(alone, chat, mark, clock=clock)
    with alone.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql(f"VACUUM INTO '{tmp_path / 'backup.sqlite3'}'")
    alone.close()
    clock.now += DAY
    assert await drain(alone, chat, mark, clock=clock)
    assert len(chat.arrived) == 3
    for name in ("live.sqlite3", "live.sqlite3-wal", "live.sqlite3-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.sqlite3", tmp_path / "live.sqlite3")
    assert not await drain(alone, chat, mark, clock=clock)
    assert len(chat.arrived) == 3
    assert not await drain(alone, chat, Mark(tmp_path / "new machine"), clock=clock), "nor on a new machine"
    standstill.confirm(alone, mark, clock.now)
    assert await drain(alone, chat, mark, clock=clock)
    assert len(chat.arrived) == 3


async def test_a_backup_on_a_machine_that_never_sent(tmp_path: Path, alone: Database) -> None:
    fill(alone, 2)
    chat = Chat()
    assert await drain(alone, chat, Mark(tmp_path))
    shutil.copy(tmp_path / "live.sqlite3", tmp_path / "copy.sqlite3")
    copy = Database(f"sqlite:///{tmp_path / 'copy.sqlite3'}")
    with copy.write() as session:
        session.execute(update(Outbound).values(state="queued", claimed_at=None))
    assert not await drain(copy, chat, Mark(tmp_path / "elsewhere"))
    found = still(copy, Mark(tmp_path / "elsewhere"))
    assert found is not None
    assert found.sent is None
    assert len(chat.arrived) == 2


@pytest.fixture
def restored(postgres: Any) -> Iterator[Callable[[], str]]:
    """Copies the PostgreSQL database as it stands into another, and tells its address."""
    admin = create_engine(postgres.url.set(database="postgres"), isolation_level="AUTOCOMMIT")

    def copy() -> str:
        with admin.connect() as connection:
            connection.execute(text(ALONE))
            connection.execute(text("CREATE DATABASE restored TEMPLATE migrated"))
        return str(postgres.url.set(database="restored").render_as_string(hide_password=False))

    yield copy
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS restored WITH (FORCE)"))
    admin.dispose()


async def test_a_copy_on_a_postgresql_server(
    database: Database, writer: Writer, request: pytest.FixtureRequest
) -> None:
    if database.is_sqlite:
        return
    restored = request.getfixturevalue("restored")
    fill(database, 2)
    chat = Chat()
    assert await sender(writer, chat).once()
    with database.write() as session:
        queued(session, customer(session, 3), 3)
    database.close()
    request.getfixturevalue("postgres").dispose()
    copy = Database(restored())
    there = Writer(copy)
    assert not await sender(there, chat).once(), "without any file"
    assert len(chat.arrived) == 2
    standstill.confirm(copy, Mark(), NOON)
    with copy.write() as session:
        assert session.scalar(select(func.count()).where(Outbound.reason == "restored")) == 1
    assert await sender(there, chat).once()
    await asyncio.to_thread(there.close)
    copy.close()
    assert await sender(writer, chat).once(), "the one that was dumped goes on"
    assert len(chat.arrived) == 3


def test_words_of_the_operator() -> None:
    said = standstill.sentence(standstill.Still(NOON, NOON + DAY))
    assert "sent until 2026-06-15 04:00:00 UTC, but messages went out until 2026-06-16 04:00:00 UTC" in said
    assert "`forecourt outreach confirm-restore`" in standstill.sentence(standstill.Still(None, None))


def test_who_agrees_in_chat(database: Database) -> None:
    with database.write() as session:
        assert not standstill.agree(session, 7)
        _found(session)
        assert standstill.agree(session, 7)


def _found(session: Session) -> None:
    meta.put(session, standstill.FOUND, "?")
