"""The digest over HTTP: sent once by the schedule's job, also where the bot died in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import aiohttp
import pytest

from bot import jobs
from bot.app import Forecourt, builder
from bot.config import Settings
from crm import digests
from crm.db import Database
from crm.staff import Staff, StaffStation
from handlers import digest as letters
from handlers.speak import said
from sandbox.run import running
from sandbox.state import State
from tests.conftest import NOON
from tests.journeys.chain import open_chain
from tests.journeys.conftest import Person, Town

pytestmark = pytest.mark.slow


@asynccontextmanager
async def living(
    settings: Settings, database: Database, clock: Callable[[], datetime]
) -> AsyncIterator[Forecourt]:
    """A bot by this clock, from its start to its stop."""
    house = Forecourt(settings, database, clock)
    started, stop = asyncio.Event(), asyncio.Event()
    life = asyncio.create_task(house.run(house.application(builder(settings)), started, stop))
    await asyncio.wait([life, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        life.result()
    try:
        yield house
    finally:
        stop.set()
        await life
        house.writer.close()


def hire(database: Database, person: Person, at: datetime) -> None:
    with database.write() as session:
        ming = Staff(telegram_id=person.id, name="Ming", role="manager", locale="zh", added_at=at)
        session.add(ming)
        session.flush()
        session.add(StaffStation(staff_id=ming.id, station_id=1))
        digests.choose(session, ming, "daily", 0, 8, now=at)


def photos(messages: list[dict[str, object]]) -> list[dict[str, object]]:
    return [message for message in messages if "photo" in message]


async def test_a_digest_is_sent_once_whatever_stops_the_bot(settings: Settings, database: Database) -> None:
    settings.round_every = settings.round_delay = 80_000
    eight = now = NOON.replace(hour=0)  # in Shanghai
    state = State(clock=lambda: now.timestamp())
    async with running(state=state) as sandbox, aiohttp.ClientSession() as http:
        settings.api_url = sandbox.url
        town = Town(sandbox.url, http, database)
        town.now = lambda: eight
        await open_chain(town)
        ming = await town.person("Ming", language_code="zh-hans")
        hire(database, ming, eight - timedelta(days=1))
        now = eight + timedelta(minutes=5)

        async with living(settings, database, lambda: now) as house:
            await ming.says("/start")
            for _ in range(3):
                await jobs.digest(house)
            first = photos(await ming.messages())
            assert len(first) == 1
            assert "同一天相比" in str(first[0]["caption"])
            await ming.hears()
            assert "该来：" in (await ming.taps("谁该来"))["text"]

        now += timedelta(days=1)
        keep(house, now)  # written, and the bot died before it could speak
        for _ in range(2):
            async with living(settings, database, lambda: now) as house:
                await jobs.digest(house)
                assert len(photos(await ming.messages())) == 2

        now += timedelta(days=1)
        keep(house, now)
        now += timedelta(hours=13)  # it was away for longer than a digest is worth waiting for
        async with living(settings, database, lambda: now) as house:
            await jobs.digest(house)
            assert len(photos(await ming.messages())) == 2


def keep(house: Forecourt, now: datetime) -> None:
    """Only what the job does before it speaks."""
    with house.database.write() as session:
        (turn,) = letters.due(session, house.house, now)
        letter = letters.compose(session, house.house, turn)
        assert letter is not None
        spoken = [said(letter.reply, letter.chat_id, letter.locale, None)]
        assert digests.write(session, letter.number, letter.chat_id, spoken, due=letter.due, now=now)
