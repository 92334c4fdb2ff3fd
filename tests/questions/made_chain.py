"""A small invented chain with every kind of row."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from crm import visits
from crm.customers import Customer, Vehicle
from crm.db import Database
from crm.fillups import Fillup
from crm.forecasts import Forecast
from crm.staff import Staff
from crm.stations import Station
from crm.tags import Tag
from segmentation.refresh import refresh
from tests.questions import plain_accounts
from tests.questions.names import PLACES, TAGS
from tests.questions.read_anew import TODAY

NOON = datetime(2026, 6, 15, 4, tzinfo=UTC)
PRODUCTS = ("92", "95", "98", "diesel", "lubricant", "wash", "shop")
PAYMENTS = ("cash", "wechat", "alipay", "fuelcard", None)
SOURCES = ("import", "chat", "poster", "friend")


def build(database: Database, people: int = 90, seed: int = 4) -> None:
    """Ninety customers of five stations over fourteen months, some without a name, and anonymous sales."""
    dice = random.Random(seed)
    with database.write() as session:
        for number, place in enumerate(PLACES, 1):
            session.add(Station(id=number, code=place.code, name=place.name, city=place.city,
                                region=place.region, timezone="Asia/Shanghai", currency="CNY"))  # fmt: skip
        session.flush()
        for number in range(1, people + 1):
            session.add(_customer(dice, number))
        session.flush()
        for number in range(1, people + 1, 3):
            kind = dice.choice(["car", "truck", "taxi", "van"])
            session.add(Vehicle(customer_id=number, kind=kind, plate=f"沪A{number:05}"))
        for number in range(1, people + 1):
            session.add_all(_fillups(dice, number))
        _tag(session, people)
        _expect(session, people)
        plain_accounts.build(session, NOON)
        for _ in range(60):
            session.add(_fillup(dice, None, dice.randrange(1, 6), NOON - timedelta(days=dice.randrange(60))))
        session.flush()
        visits.mark(session)
    refresh(database, as_of=TODAY - timedelta(days=45), now=NOON - timedelta(days=45))
    refresh(database, as_of=TODAY - timedelta(days=12), now=NOON - timedelta(days=12))
    refresh(database, as_of=TODAY, now=NOON)


def _tag(session: Session, people: int) -> None:
    """A stream of its own, so that the other rows stay as they were."""
    dice = random.Random(11)
    session.add(Staff(id=1, telegram_id=1, name="Ming", role="manager", added_at=NOON))
    session.flush()
    for number in range(1, people + 1):
        for tag in dice.sample(TAGS, dice.choice([0, 1, 1, 2])):
            session.add(Tag(customer_id=number, tag=tag, staff_id=1, at=NOON))


def _expect(session: Session, people: int) -> None:
    """As a refit leaves them: who never came has none, and of some the money is not known."""
    dice = random.Random(12)
    for number in range(1, people + 1):
        if number % 15:
            visits = round(dice.gammavariate(1.2, 4), 4)
            value = round(visits * dice.randrange(8_000, 60_000)) if number % 11 else None
            session.add(Forecast(customer_id=number, month=date(2026, 5, 31), visits=visits, value=value,
                                 currency="CNY"))  # fmt: skip


def _customer(dice: random.Random, number: int) -> Customer:
    chat = dice.random() < 0.5
    return Customer(
        id=number,
        member=f"m{number:03}",
        name=dice.choice(["张伟", "王芳", "Zoe", "李娜", ""]),
        source=dice.choice(SOURCES),
        chat_id=7_000_000_000 + number if chat else None,
        reachable=dice.random() < 0.8,
        service_consent=chat,
        marketing_consent=chat and dice.random() < 0.6,
        joined_at=NOON - timedelta(days=dice.randrange(400)) if dice.random() < 0.8 else None,
        known_at=NOON - timedelta(days=500),
        home_station_id=dice.choice([None, *range(1, 6)]),
        birthday=f"{dice.randrange(1, 13):02}-{dice.randrange(1, 28):02}" if dice.random() < 0.6 else None,
        persona=dice.choice([None, None, "taxi", "private", "heavy", "fleet"]),
    )


def _fillups(dice: random.Random, number: int) -> list[Fillup]:
    if number % 15 == 0:
        return []  # never came
    gap, home, rows = dice.choice([3, 7, 12, 25, 60]), dice.randrange(1, 6), []
    at = NOON - timedelta(days=dice.randrange(30, 420), minutes=dice.randrange(600))
    end = NOON - timedelta(days=dice.choice([0, 0, 2, 20, 45, 120]))
    odometer = dice.randrange(1000, 90_000)
    while at < end:
        station = home if dice.random() < 0.8 else dice.randrange(1, 6)
        rows.append(_fillup(dice, number, station, at, odometer if number % 4 else None))
        if dice.random() < 0.15:  # a second line of the same visit
            rows.append(_fillup(dice, number, station, at + timedelta(minutes=dice.choice([2, 8, 40]))))
            rows[-1].receipt = rows[-2].receipt if dice.random() < 0.5 else None
        odometer += dice.randrange(100, 900)
        at += timedelta(days=max(1, round(dice.gauss(gap, gap / 3))), minutes=dice.randrange(200))
    return rows


def _fillup(
    dice: random.Random, number: int | None, station: int, at: datetime, km: int | None = None
) -> Fillup:
    return Fillup(
        customer_id=number,
        station_id=station,
        at=at,
        day=(at + timedelta(hours=8)).date(),
        product=dice.choice(PRODUCTS[: 4 if dice.random() < 0.8 else 7]),
        millilitres=dice.randrange(10_000, 90_000) if dice.random() < 0.95 else None,
        amount=dice.randrange(5_000, 80_000) if dice.random() < 0.95 else None,
        currency="CNY",
        payment=dice.choice(PAYMENTS),
        odometer_km=km,
        receipt=f"R{dice.randrange(10**9)}" if dice.random() < 0.5 else None,
        source="pos",
        confirmed=dice.random() < 0.93,
        recorded_at=at,
        voided_at=at if dice.random() < 0.02 else None,
    )
