"""The one writer: what waits together shares a COMMIT, and each hears of its own action alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm import meta
from crm.db import Database
from crm.meta import Meta
from crm.writer import Writer, patiently

GONE = OperationalError("SELECT", None, Exception("gone"))


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    writer = Writer(database)
    yield writer
    writer.close()


def names(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Meta.name)))


async def test_an_action_is_durable_when_its_result_is_there(database: Database, writer: Writer) -> None:
    def action(session: Session) -> str:
        meta.put(session, "a", "1")
        return "done"

    assert await writer.run(action) == "done"
    assert names(database) == {"a"}


async def test_a_failed_action_takes_nothing_with_it(database: Database, writer: Writer) -> None:
    def put(name: str, fails: bool) -> None:
        def action(session: Session) -> None:
            meta.put(session, name, "1")
            session.flush()
            if fails:
                raise ValueError(name)

        asked.append(asyncio.ensure_future(writer.run(action)))

    asked: list[asyncio.Future[None]] = []
    for number in range(20):
        put(f"n{number}", fails=number % 3 == 0)
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(end, ValueError) for end in ends] == [number % 3 == 0 for number in range(20)]
    assert names(database) == {f"n{number}" for number in range(20) if number % 3}


async def test_nobody_is_told_of_a_commit_that_failed(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_connection: object) -> None:
        raise GONE

    monkeypatch.setattr(database.engine.dialect, "do_commit", fails)
    with pytest.raises(OperationalError):
        await writer.run(lambda session: meta.put(session, "a", "1"))
    monkeypatch.undo()
    await writer.run(lambda session: meta.put(session, "b", "1"))
    assert names(database) == {"b"}


async def test_a_loop_that_has_ended_does_not_end_the_writer(database: Database, writer: Writer) -> None:
    """Somebody who asked and went away, loop and all, takes nobody else's answer with them."""

    def leave() -> None:
        async def ask() -> None:
            asyncio.ensure_future(writer.run(lambda session: meta.put(session, "gone", "1")))  # noqa: RUF006
            await asyncio.sleep(0)

        loop = asyncio.new_event_loop()
        loop.run_until_complete(ask())
        loop.close()

    begun, gate = threading.Event(), threading.Event()

    def hold(_session: Session) -> bool:
        begun.set()
        return gate.wait(60)

    busy = asyncio.ensure_future(writer.run(hold))
    assert await asyncio.to_thread(begun.wait, 60)
    await asyncio.to_thread(leave)
    gate.set()
    assert await busy
    await asyncio.wait_for(writer.run(lambda session: meta.put(session, "here", "1")), 60)
    assert names(database) == {"gone", "here"}


async def test_patience_asks_again_only_while_the_database_is_away() -> None:
    ends: list[Exception] = [GONE, GONE]

    async def work() -> str:
        if ends:
            raise ends.pop()
        return "done"

    assert await patiently(work, (0, 0, 0)) == "done"
    ends = [GONE, GONE, GONE]
    with pytest.raises(OperationalError):
        await patiently(work, (0, 0))
    ends = [ValueError("wrong")]
    with pytest.raises(ValueError, match="wrong"):
        await patiently(work, (0, 0))
