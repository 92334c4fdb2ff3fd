"""Buttons that nobody offered: whatever their data says, a driver touches nothing but their own."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import func, select

from crm.customers import Customer
from crm.fillups import Fillup
from handlers.route import DRIVERS, Tap
from handlers.routes import ROUTES
from tests.handlers.chat import Chat, Town
from tests.handlers.people import customer_of, driver, fillups_of

TAPS = [route.on.name for route in ROUTES if isinstance(route.on, Tap) and route.role == DRIVERS]
PARTS = (
    "",
    *(
        "0",
        "1",
        "2",
        "-1",
        "99",
        "9" * 19,
        "9" * 25,
        "1e3",
        "²",
        "٣",
        "x",
        "-",
        "c0",
        "c99",
        "near",
        "%s",
        "'",
    ),
    *("station", "product", "amount", "unit", "time", "which", "confirm", "litres", "price", "kind", "plate"),
    *("fuel", "birthday", "92", "95", "diesel", "full", "other", "200", "yes", "no", "car", "zh", "both"),
)
TRIES = 400


def test_invented_buttons_reach_nobody_else(town: Town) -> None:
    """Seeded, so that a failure can be played again."""
    town.station("S001", "南山站")
    victim = driver(town, "李明")
    victim.says("40L 95# 320元")
    before = everything_of(town, victim)
    fang = driver(town)
    fang.says("/fillup")
    chance = random.Random(7)
    for _ in range(TRIES):
        parts = [chance.choice(PARTS) for _ in range(chance.randrange(5))]
        fang.forges(":".join([chance.choice(TAPS), *parts])[:64])
    assert everything_of(town, victim) == before
    assert victim.said == []
    assert town.look(lambda s: s.scalar(select(func.count()).select_from(Customer))) == 2
    mine = customer_of(town, fang).id
    foreign = select(func.count()).where(Fillup.customer_id.not_in([mine, customer_of(town, victim).id]))
    assert town.look(lambda s: s.scalar(foreign)) == 0


def everything_of(town: Town, chat: Chat) -> str:
    """Each value of the person's row and of their fill-ups."""
    rows: list[Any] = [customer_of(town, chat), *fillups_of(town, chat)]
    return repr([[getattr(row, column.name) for column in row.__table__.columns] for row in rows])
