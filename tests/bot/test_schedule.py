"""The alarm clock: what becomes of a job that is still at work when the house closes."""

from __future__ import annotations

import asyncio
import gc
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from apscheduler.triggers.date import DateTrigger
from pydantic import SecretStr

from bot import schedule
from bot.app import Forecourt
from bot.config import Settings
from crm.db import Database


def house_on(database: Database) -> Forecourt:
    return Forecourt(Settings(token=SecretStr("123456:" + "S" * 35)), database)


async def test_a_job_cut_short_by_the_end_is_no_error(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gc.collect()  # what other tests left says so now, and not among the words of this one
    caplog.set_level(logging.INFO)
    caplog.clear()
    at_work, finished = asyncio.Event(), []

    async def long_job(_house: Any) -> None:
        at_work.set()
        await asyncio.Event().wait()
        finished.append(True)

    job = schedule.Job("long", DateTrigger(datetime.now(UTC)), long_job)
    monkeypatch.setattr(schedule, "table", lambda _house: (job,))
    house = house_on(database)
    clock = schedule.Schedule(house)
    clock.start()
    await asyncio.wait_for(at_work.wait(), 60)
    clock.stop()
    await asyncio.wait_for(until(lambda: "cut short" in caplog.text), 60)
    assert not finished
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING], caplog.text
    house.close()


async def until(true: Any) -> None:
    while not true():
        await asyncio.sleep(0)
