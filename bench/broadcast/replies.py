"""The whole bot in the middle of a full broadcast, and people who ask for /me.

    python -m bench.broadcast.replies URL DATABASE SECONDS RATE

Prints {"asked", "p50_ms", "p99_ms", ...} as JSON: from the moment at which a person's words are at the server
until the answer has arrived there. Twenty people ask five times a second, nobody oftener than every four
seconds; the broadcast takes whatever of the rate they leave.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

import aiohttp
import uvloop
from pydantic import SecretStr
from sqlalchemy import insert

from bench.broadcast.judge import percentile
from bench.broadcast.ours import FIRST, TOKEN
from bot.app import Forecourt, builder
from bot.config import Settings
from bot.soak.queue import fill
from crm.customers import Customer
from crm.db import Database
from crm.schema import migrate

PEOPLE, APART, ASKER = 20, 0.2, 5_000_000
PATIENCE = 5.0


def settle(database: Database) -> None:
    now = datetime.now(UTC)
    facts = {"service_consent": True, "known_at": now, "registered_at": now, "locale": "en"}
    with database.write() as session:
        people = range(ASKER, ASKER + PEOPLE)
        session.execute(
            insert(Customer),
            [{"member": f"A{chat}", "name": f"A{chat}", "chat_id": chat, **facts} for chat in people],
        )


async def measure(url: str, database: Database, seconds: float, rate: float) -> dict[str, Any]:
    settings = Settings(
        token=SecretStr(TOKEN),
        api_url=url,
        database_url=database.url,
        round_every=86_400,
        round_delay=86_400,
        send_rate=rate,
    )
    house = Forecourt(settings, database)
    started, stop = asyncio.Event(), asyncio.Event()
    living = asyncio.create_task(house.run(house.application(builder(settings)), started, stop))
    await asyncio.wait([living, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
    async with aiohttp.ClientSession() as http:
        await asyncio.sleep(2)  # the broadcast is at its full rate
        asked = await ask(http, url, seconds)
        await asyncio.sleep(PATIENCE)
        async with http.get(f"{url}/bench") as response:
            log = await response.json()
    stop.set()
    await living
    house.close()
    return told(asked, log)


async def ask(http: aiohttp.ClientSession, url: str, seconds: float) -> list[tuple[int, float]]:
    asked = []
    for number in range(int(seconds / APART)):
        chat = ASKER + number % PEOPLE
        async with http.post(f"{url}/bench/ask", json={"chat": chat, "text": "/me"}) as response:
            asked.append((chat, float((await response.json())["at"])))
        await asyncio.sleep(APART)
    return asked


def told(asked: list[tuple[int, float]], log: list[tuple[float, int, int]]) -> dict[str, Any]:
    answers: dict[int, list[float]] = {}
    for at, chat, took in log:
        if took and chat >= ASKER:
            answers.setdefault(chat, []).append(at)
    waits = []
    for chat, at in asked:
        waits.append(next((answer - at for answer in answers.get(chat, []) if answer > at), PATIENCE))
    first, last = asked[0][1], asked[-1][1]
    meanwhile = [at for at, chat, took in log if took and chat < ASKER and first <= at <= last]
    return {
        "asked": len(asked),
        "p50_ms": percentile(waits, 0.5) * 1000,
        "p99_ms": percentile(waits, 0.99) * 1000,
        "unanswered": sum(wait >= PATIENCE for wait in waits),
        "refused": sum(not took for _, _, took in log),
        "broadcast_per_second": len(meanwhile) / (last - first),
    }


def main() -> None:
    url, address, seconds, rate = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    database = Database(address)
    migrate(database)
    fill(database, int((seconds + 10) * rate), first=FIRST)
    settle(database)
    assert FIRST + int((seconds + 10) * rate) < ASKER
    print(json.dumps(uvloop.run(measure(url, database, seconds, rate))))


if __name__ == "__main__":
    main()
