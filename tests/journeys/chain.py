"""A small chain for the journeys of staff: two stations, their customers, an admin who lets people in."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from crm.customers import Customer, Vehicle
from crm.db import Database
from crm.fillups import record
from crm.stations import Station
from segmentation.refresh import refresh
from tests.journeys.conftest import Person, Town

ZONE = ZoneInfo("Asia/Shanghai")
ADMIN = 900_001  # the settings of the journeys name this person as the first admin


async def open_chain(town: Town) -> None:
    """North and South: regulars at each, one lapsed driver at the north, segments computed."""
    await asyncio.to_thread(_fill, town.database, town.now())


def _fill(database: Database, now: datetime) -> None:
    with database.write() as session:
        north = Station(code="N1", name="North Gate", timezone="Asia/Shanghai", currency="CNY")
        south = Station(code="S1", name="South Gate", timezone="Asia/Shanghai", currency="CNY")
        session.add_all([north, south])
        session.flush()
        people = [(f"North {n}", north, range(3, 300, 9 + n), 20_000 + n * 1000) for n in range(9)]
        people += [(f"Canary {n}", south, range(3, 300, 9), 90_000) for n in range(20)]
        people.append(("Zhang Wei", north, range(60, 300, 8), 40_000))
        for place, (name, station, days, amount) in enumerate(people):
            customer = Customer(
                name=name,
                member=f"{10_000_000 + place}",
                phone=f"+86138001380{place:02}",
                home_station_id=station.id,
                known_at=now - timedelta(days=400),
            )
            session.add(customer)
            session.flush()
            session.add(Vehicle(customer_id=customer.id, plate=f"沪A000{place:02}", kind="car"))
            for ago in sorted(days, reverse=True):
                when = now - timedelta(days=ago)
                record(
                    session, station=station, at=when, now=when, source="pos", confirmed=True,
                    customer_id=customer.id, product="95", millilitres=30_000, amount=amount,
                )  # fmt: skip
    refresh(database, as_of=now.astimezone(ZONE).date(), now=now, zone=ZONE)


async def hire(town: Town, role: str, name: str, *stations: str, language: str = "en") -> Person:
    """Someone who came by an invitation of the admin, as everyone on the staff does."""
    known = {person["id"] for person in await town.control("GET", "people")}
    if ADMIN in known:
        admin = Person(town, {"id": ADMIN})
        admin.seen = max(message["message_id"] for message in await admin.messages())
    else:
        admin = await town.person("Root", id=ADMIN, language_code="en")
    invitation = await admin.says(" ".join(["/invite", role, *stations]))
    payload = invitation["text"].split("?start=")[1].split()[0]
    person = await town.person(name, language_code=language)
    await person.says(f"/start {payload}")
    return person
