"""A round of planning over a whole chain.

    python -m bench.broadcast.planning fill DATABASE CUSTOMERS
    python -m bench.broadcast.planning plan DATABASE MINUTES

`fill` makes the chain: three fill-ups each, a third in chat, six in ten away, one in twenty a VIP. `plan`
runs a round, so many minutes after noon, and prints {"seconds", "cpu", "mb", "people", "added"} as JSON.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, text

from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.schema import migrate
from crm.segments import CustomerSegment, SegmentRun
from crm.stations import Station
from outreach.round import run_round

NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)  # noon in Shanghai
ZONE, DAY = "Asia/Shanghai", timedelta(days=1)
AWAY = ("lapsing", "dormant", "churned", "dormant", "churned", "churned")
STAYED = ("active", "active", "new", "active")
AT_ONCE = 20_000
Row = dict[str, Any]


def fill(database: Database, customers: int) -> None:
    chance = random.Random(11)
    with database.write() as session:
        session.execute(insert(Station), [{"code": "1", "name": "One", "timezone": ZONE, "currency": "CNY"}])
        run = {"as_of": NOW.date(), "started_at": NOW, "criteria": "bench", "customers": customers}
        session.execute(insert(SegmentRun), [run | {"changed": 0, "cutoffs": {}}])
    for start in range(1, customers + 1, AT_ONCE):
        ids = range(start, min(start + AT_ONCE, customers + 1))
        some = [chain_of(number, chance) for number in ids]
        with database.write() as session:
            session.execute(insert(Customer), [each[0] for each in some])
            session.execute(insert(Fillup), [visit for each in some for visit in each[1]])
            session.execute(insert(CustomerSegment), [each[2] for each in some])
    if not database.is_sqlite:
        with database.write() as session:
            session.execute(text("ANALYZE"))


def chain_of(
    number: int, chance: random.Random
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """One customer, their visits and their segment."""
    away = number % 10 < 6
    lifecycle = AWAY[number % 6] if away else STAYED[number % 4]
    last = NOW - (chance.randint(40, 300) if away else chance.randint(0, 20)) * DAY
    person = {
        "id": number,
        "member": f"M{number}",
        "name": f"P{number}",
        "name_folded": f"p{number}",
        "chat_id": 10_000_000 + number if number % 3 == 0 else None,
        "known_at": NOW - 500 * DAY,
        "registered_at": NOW - 400 * DAY if number % 3 == 0 else None,
        "home_station_id": 1,
        "usual_product": "95",
        "service_consent": number % 3 == 0,
        "marketing_consent": number % 3 == 0 and number % 7 != 0,
    }
    segment = {
        "customer_id": number,
        "as_of": NOW.date(),
        "frequency": 3,
        "monetary": 90_000,
        "lifecycle": lifecycle,
        "segment": "vip" if number % 20 == 19 else "regular",
        "last_visit": last.date(),
        "typical_gap_days": 14.0,
        "face": 0,
    }
    return person, list(visits(number, last)), segment


def visits(number: int, last: datetime) -> Iterator[dict[str, Any]]:
    for before in (28, 14, 0):
        at = last - before * DAY
        yield {
            "customer_id": number,
            "station_id": 1,
            "at": at,
            "day": at.date(),
            "product": "95",
            "millilitres": 40_000,
            "amount": 30_000,
            "currency": "CNY",
            "source": "pos",
            "confirmed": True,
            "recorded_at": at,
        }


def plan(database: Database, minutes: float = 0) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    report = run_round(
        database,
        now=NOW + timedelta(minutes=minutes),
        zone=ZONE,
        currency="CNY",
        trust_self_reported=False,
        everyone=minutes == 0,
    )
    return {
        "seconds": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "people": report.people,
        "added": report.added,
    }


def main() -> None:
    work, address = sys.argv[1], sys.argv[2]
    database = Database(address)
    if work == "fill":
        migrate(database)
        fill(database, int(sys.argv[3]))
    else:
        print(json.dumps(plan(database, float(sys.argv[3]))))
    database.close()


if __name__ == "__main__":
    main()
