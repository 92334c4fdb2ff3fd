"""Updates delivered one to three times, out of order, to a bot that is killed while it handles them.

Every update is a fill-up of its own amount, so that a lost and a doubled one can be told from the log.
The bot stands still where it is to be killed, so that each kill finds it inside an action on any machine.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
from sqlalchemy import select

from bot.soak.process import HELD, PLACES, Child, Plan
from crm import inbox
from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.stations import Station
from sandbox.run import running

TOKEN = "700700:" + "K" * 35
BLOCK = 30  # updates that are shuffled together; at three copies each, one getUpdates takes them all
PEOPLE = 12
LOOKS_EVERY = 0.2  # seconds


@dataclass(frozen=True, slots=True)
class Outcome:
    updates: int
    deliveries: int
    kills: int
    kills_in_handling: int
    lost: int
    doubled: int
    unanswered: int
    seconds: float


async def soak(
    database: Database, *, updates: int, kills: int, seed: int, mark_first: bool = False
) -> dict[str, Any]:
    """Run the campaign on an empty, migrated database; the counts, as JSON.

    ``kills`` is how often the bot dies inside an action; afterwards one life runs to the end.
    ``mark_first`` runs the wrong design, which is expected to lose fill-ups.
    """
    chance = random.Random(seed)
    started = time.monotonic()
    async with running() as sandbox, aiohttp.ClientSession() as http:
        people = await _settle(database, http, sandbox.url)
        plan = Plan(sandbox.url, database.url, TOKEN, mark_first=mark_first)
        feeder = _Feeder(http, sandbox.url, people, updates, chance)
        murder = _Murder(database, plan, kills, chance)
        await asyncio.gather(feeder.run(), murder.run(feeder))
        amounts = feeder.amounts
        answers = await _answers(http, sandbox.url, people)
    found = await asyncio.to_thread(_recorded, database)
    return asdict(
        Outcome(
            updates=updates,
            deliveries=feeder.deliveries,
            kills=murder.done,
            kills_in_handling=murder.inside,
            lost=sum(1 for amount in amounts if found[amount] == 0),
            doubled=sum(1 for amount in amounts if found[amount] > 1),
            unanswered=max(0, updates - answers),
            seconds=round(time.monotonic() - started, 1),
        )
    )


class _Feeder:
    """Puts updates into the sandbox, block by block, shuffled and repeated."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, people: list[int], updates: int, chance: random.Random
    ) -> None:
        self._http = http
        self._url = url
        self._people = people
        self._chance = chance
        self.amounts = [10_000 + number for number in range(updates)]  # fen
        self.deliveries = 0
        self.finished = asyncio.Event()

    async def run(self) -> None:
        await self._pending(0)
        for first in range(0, len(self.amounts), BLOCK):
            block = list(range(first, min(first + BLOCK, len(self.amounts))))
            copies = [number for number in block for _ in range(self._chance.randint(1, 3))]
            self._chance.shuffle(copies)
            self.deliveries += len(copies)
            for number in copies:
                await self._deliver(number)
            await self._pending(0)
        self.finished.set()

    async def _deliver(self, number: int) -> None:
        person = self._people[number % len(self._people)]
        text = f"加了{self.amounts[number] / 100:.2f}元 95#"
        who = {"id": person, "is_bot": False, "first_name": f"P{person}", "language_code": "zh-hans"}
        message = {
            "message_id": 100_000 + number,
            "date": int(time.time()),
            "chat": {"id": person, "type": "private", "first_name": who["first_name"]},
            "from": who,
            "text": text,
        }
        body = {"update": {"update_id": 5_000_000 + number, "message": message}}
        async with self._http.post(f"{self._url}/sandbox/updates", json=body) as response:
            assert response.status < 300, await response.text()

    async def _pending(self, most: int) -> None:
        """Wait until the bot has fetched and confirmed what is queued."""
        while True:
            async with self._http.get(f"{self._url}/bot{TOKEN}/getWebhookInfo") as response:
                if (await response.json())["result"]["pending_update_count"] <= most:
                    return
            await asyncio.sleep(0.02)


class _Murder:
    """Starts the bot and kills it inside an action, until it was killed often enough."""

    def __init__(self, database: Database, plan: Plan, kills: int, chance: random.Random) -> None:
        self._database = database
        self._plan = plan
        self._kills = kills
        self._chance = chance
        self.done = 0
        self.inside = 0

    async def run(self, feeder: _Feeder) -> None:
        while self.done < self._kills and await self._strike(feeder):
            continue
        child = Child(self._plan)
        await child.ready()
        while not await self._all_said(feeder):
            await asyncio.sleep(LOOKS_EVERY)
        assert await child.stop() == 0

    async def _strike(self, feeder: _Feeder) -> bool:
        """Kill inside one of the first actions. False when there is nothing left to handle."""
        stops_in, place = self._chance.randint(1, 4), self._chance.choice(PLACES)
        child = Child(replace(self._plan, stops_in=stops_in, place=place))
        while not await child.told(HELD, LOOKS_EVERY):
            if await self._all_said(feeder):
                await child.kill()
                return False
        await child.kill()
        self.done += 1
        self.inside += await self._something_open()
        return True

    async def _all_said(self, feeder: _Feeder) -> bool:
        """Whether every update has come, was handled, and its reply has left."""
        return feeder.finished.is_set() and not await self._something_open()

    async def _something_open(self) -> bool:
        return await asyncio.to_thread(_open, self._database)


def _open(database: Database) -> bool:
    with database.read() as session:
        return bool(inbox.waiting(session) or inbox.unspoken(session))


async def _settle(database: Database, http: aiohttp.ClientSession, url: str) -> list[int]:
    """Twelve registered drivers with a home station, in the database and in the sandbox."""
    people = [800_000 + number for number in range(PEOPLE)]
    for person in people:
        await http.post(f"{url}/sandbox/people", json={"id": person, "first_name": f"P{person}"})
        await http.post(f"{url}/sandbox/people/{person}/text", json={"text": "/help"})
    now = datetime.now(UTC)
    with database.write() as session:
        station = Station(code="1", name="一号站", timezone="Asia/Shanghai", currency="CNY")
        session.add(station)
        session.flush()
        session.add_all(
            Customer(
                member=f"K{person}",
                name=f"P{person}",
                chat_id=person,
                locale="zh",
                source="chat",
                known_at=now,
                registered_at=now,
                home_station_id=station.id,
                service_consent=True,
            )
            for person in people
        )
    return people


def _recorded(database: Database) -> Counter[int]:
    with database.read() as session:
        amounts = session.scalars(select(Fillup.amount).where(Fillup.voided_at.is_(None)))
        return Counter(amount for amount in amounts if amount is not None)


async def _answers(http: aiohttp.ClientSession, url: str, people: list[int]) -> int:
    """How many receipts of fill-ups arrived; a crash may repeat one, so equal ones count once."""
    receipts = set()
    for person in people:
        async with http.get(f"{url}/sandbox/people/{person}/messages") as response:
            for message in await response.json():
                if message["from"]["is_bot"] and "reply_markup" in message:
                    receipts.add((person, message["text"]))
    return len(receipts)
