"""Companies with drivers, and what the chain's books say of them; prices as the stations showed them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bot.demo.calendar import Calendar
from bot.demo.data import CURRENCY, HISTORY_DAYS, PAYMENT, PRODUCT, PRODUCTS, Floats, Ints, stations, stream
from bot.demo.people import PERSONAS, STORY, People
from bot.demo.stages import stages
from bot.demo.tills import prices_at
from bot.demo.visits import Came

Row = dict[str, Any]
FEN = 100
TOGETHER = 2  # drivers of an account that stands at one stage
PRICED = ("92", "95", "98", "e10", "diesel", "cng")


@dataclass(frozen=True, slots=True)
class Fleet:
    """An account as invented; money in yuan."""

    code: str
    name: str
    industry: str
    size: str
    region: str
    weight: int
    credit_limit: int
    balance: int
    days_overdue: int
    failed_payments: int
    parent: str = ""
    stage: str = ""


@cache
def fleets() -> tuple[Fleet, ...]:
    text = Path(__file__).with_name("fleets.toml").read_text(encoding="utf-8")
    return tuple(Fleet(**row) for row in tomllib.loads(text)["accounts"])


def accounts(calendar: Calendar) -> list[Row]:
    """Rows of crm.accounts; ids are places in ``fleets`` plus one."""
    places = {fleet.code: place for place, fleet in enumerate(fleets(), start=1)}
    since = datetime.fromtimestamp(calendar.origin, UTC)
    return [
        {
            "id": place,
            "code": fleet.code,
            "name": fleet.name,
            "industry": fleet.industry,
            "size": fleet.size,
            "region": fleet.region,
            "parent_id": places.get(fleet.parent),
            "currency": CURRENCY,
            "credit_limit": fleet.credit_limit * FEN,
            "balance": fleet.balance * FEN,
            "days_overdue": fleet.days_overdue,
            "failed_payments": fleet.failed_payments,
            "known_at": since,
        }
        for place, fleet in enumerate(fleets(), start=1)
    ]


def drivers(people: People, came: Came, crowd: int, seed: int) -> Ints:
    """Per person the id of the account they drive for, 0 for none: of the crowd, whom a company pays for.

    An account with a stage has a few drivers who all stand there; some of those pay themselves.
    """
    rng = stream(seed, "fleets")
    works = np.isin(people.persona, [PERSONAS.index(name) for name in ("fleet", "business", "heavy")])
    works &= (np.arange(len(people)) < crowd) & (people.story != STORY["prospect"])
    company = np.isin(people.payment, [PAYMENT["fuelcard"], PAYMENT["account"]])
    account = np.zeros(len(people), dtype=np.int64)
    open_to_all = [(place, fleet.weight) for place, fleet in enumerate(fleets(), start=1) if not fleet.stage]
    weights = np.array([weight for _, weight in open_to_all], dtype=float)
    paid = np.flatnonzero(works & company)
    drawn = rng.choice(len(open_to_all), len(paid), p=weights / weights.sum())
    account[paid] = np.array([place for place, _ in open_to_all])[drawn]
    stage, clearest = stages(came, len(people)), _clearest(came, len(people))
    for place, fleet in enumerate(fleets(), start=1):
        if fleet.stage:
            fitting = np.flatnonzero(works & (stage == fleet.stage))
            account[fitting[np.argsort(clearest[fitting], kind="stable")][:TOGETHER]] = place
    return account


def _clearest(came: Came, people: int) -> Floats:
    """How many visits are missing since the last: fewest for who comes seldom and was here not long ago."""
    first, last = np.full(people, float(HISTORY_DAYS)), np.zeros(people)
    np.minimum.at(first, came.person, came.at)
    np.maximum.at(last, came.person, came.at)
    now = HISTORY_DAYS + 1
    missing: Floats = np.bincount(came.person, minlength=people) * (now - last) / (now - first)
    return missing


def prices(calendar: Calendar) -> Iterator[Row]:
    """Rows of crm.prices: what each station charged from the first day on, and from every change."""
    days = np.arange(HISTORY_DAYS + 1)
    for place, plan in enumerate(stations()):
        for code in PRICED:
            if not _sold(code, plan.sells, plan.e10):
                continue
            shown = prices_at(np.full(len(days), PRODUCT[code]), np.full(len(days), place), days, calendar)
            changes = np.flatnonzero(np.concatenate(([True], shown[1:] != shown[:-1])))
            for day in changes.tolist():
                known = datetime.fromtimestamp(calendar.origin, UTC) + timedelta(days=day)
                yield {
                    "station_id": place + 1,
                    "product": PRODUCTS[PRODUCT[code]],
                    "day": calendar.day(day),
                    "price": int(shown[day]),
                    "known_at": min(known, calendar.now),
                }


def _sold(code: str, sells: tuple[str, ...], ethanol: bool) -> bool:
    """Whether a station sells this fuel; where 92 is sold with ethanol, it is sold in no other way."""
    if code in ("92", "e10"):
        return ethanol == (code == "e10")
    return code != "cng" or code in sells
