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
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop
from pydantic import SecretStr
from sqlalchemy import func, insert, select

from bot.config import Settings
from bot.messenger import messenger
from crm.customers import Customer
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
FACTS = (
    "name",
    "station",
    "fuel",
    "days_away",
    "away",
    "usual_gap_days",
    "benefit",
    "asks",
    "offer",
    "coupon",
)


def fill(database: Database, messages: int) -> None:
    """So many people who agreed to everything, each with a row of the queue."""
    now = datetime.now(UTC)
    with database.write() as session:
        session.execute(insert(Customer), [_person(FIRST + n, now) for n in range(messages)])
        ids = session.scalars(select(Customer.id).where(Customer.chat_id >= FIRST)).all()
        session.execute(insert(Outbound), [_row(customer_id, now) for customer_id in ids])


def _person(chat_id: int, now: datetime) -> dict[str, Any]:
    agreed = {"marketing_consent": True, "service_consent": True}
    return {"member": f"B{chat_id}", "name": f"P{chat_id}", "chat_id": chat_id, "known_at": now} | agreed


def _row(customer_id: int, now: datetime) -> dict[str, Any]:
    return {
        "campaign": "bench",
        "occurrence": "bench",
        "customer_id": customer_id,
        "state": "queued",
        "kind": "marketing",
        "priority": 3,
        "template": "outreach/win_back_dormant",
        "facts": dict.fromkeys(FACTS) | {"zone": "UTC", "name": "Li"},
        "planned_at": now,
        "not_before": now - timedelta(minutes=1),
        "expires_at": now + timedelta(days=1),
    }


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
    fill(database, messages)
    found = uvloop.run(send(url, database, rate))
    print(json.dumps(found | {"errors": messages - states(database).get("sent", 0)}))
    database.close()


if __name__ == "__main__":
    main()
