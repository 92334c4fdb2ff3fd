"""Holding a lease while its time passes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from bot.leases import Holder
from crm.db import Database
from crm.writer import Writer
from tests.conftest import NOON

PATIENCE = 60


class Slept:
    """A clock that moves on by what is slept, so often."""

    def __init__(self, times: int) -> None:
        self.now, self._left, self.over = NOON, times, asyncio.Event()

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self._left -= 1
        if self._left < 0:
            self.over.set()
            await asyncio.Event().wait()


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    writer = Writer(database)
    yield writer
    writer.close()


async def test_whoever_holds_it_renews_it_and_nobody_else_gets_it(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Slept(times=20)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    first, second = (Holder(writer, "updates", name, 1, clock) for name in ("first", "second"))
    await first.wait()
    keeping = asyncio.create_task(first.keep())
    await asyncio.wait_for(clock.over.wait(), PATIENCE)
    assert clock.now > NOON + timedelta(seconds=6)
    assert not await second._take()
    assert not first.lost.is_set()
    keeping.cancel()
    await first.give_back()
    assert await second._take(), "given back, it is free at once"


async def test_whoever_finds_it_taken_has_lost_it(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Slept(times=1)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    first, second = (Holder(writer, "updates", name, 1, clock) for name in ("first", "second"))
    await first.wait()
    clock.now += timedelta(seconds=1)
    await second.wait()
    await asyncio.wait_for(first.keep(), PATIENCE)
    assert first.lost.is_set()
