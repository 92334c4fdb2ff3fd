"""Ours: the whole way from the ledger's row to the settled message, on a database of its own.

    python -m bench.broadcast.ours URL DATABASE MESSAGES RATE

Prints {"seconds", "cpu", "errors"} as JSON. The queue stands before the clock starts; each claim looks at
consent, caps and visits as it always does, and every send is claimed and settled in the ledger.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import uvloop
from pydantic import SecretStr
from sqlalchemy import func, select

from bot.config import Settings
from bot.messenger import messenger
from bot.soak.queue import fill
from crm.db import Database
from crm.outbox import Outbound
from crm.schema import migrate
from crm.writer import Writer
from outreach import campaigns
from outreach.deliver import Deliverer, in_flight
from outreach.message import Words
from outreach.pace import Pace
from templates import label, render

TOKEN = "1:" + "A" * 35
FIRST = 1_000_000


async def send(url: str, database: Database, rate: float) -> dict[str, Any]:
    settings = Settings(token=SecretStr(TOKEN), api_url=url, database_url=database.url)
    writer = Writer(database)
    async with messenger(settings) as voice:
        deliverer = Deliverer(
            writer,
            voice,
            Words(render, label, "en"),
            Pace(rate),
            "bench",
            campaigns.shipped().contact.caps,
            lambda: datetime.now(UTC),
            in_flight=in_flight(rate),
        )
        wall, cpu = time.perf_counter(), time.process_time()
        await deliverer.once()
        found = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    await asyncio.to_thread(writer.close)
    return found


def states(database: Database) -> dict[str, int]:
    with database.read() as session:
        rows = session.execute(select(Outbound.state, func.count()).group_by(Outbound.state))
        return dict(Counter({row[0]: row[1] for row in rows}))


def main() -> None:
    url, address, messages, rate = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    database = Database(address)
    migrate(database)
    fill(database, messages, first=FIRST)
    found = uvloop.run(send(url, database, rate))
    print(json.dumps(found | {"errors": messages - states(database).get("sent", 0)}))
    database.close()


if __name__ == "__main__":
    main()
