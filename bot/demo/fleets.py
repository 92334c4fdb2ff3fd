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
from bot.demo.data import CURRENCY, HISTORY_DAYS, PAYMENT, PRODUCT, PRODUCTS, Ints, stations, stream
from bot.demo.people import PERSONAS, STORY, People
from bot.demo.tills import prices_at

Row = dict[str, Any]
FEN = 100
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
    story: str = ""


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


def drivers(people: People, crowd: int, seed: int) -> Ints:
    """Per person the id of the account they drive for, 0 for none: of the crowd, whom a company pays for."""
    rng = stream(seed, "fleets")
    work = np.isin(people.persona, [PERSONAS.index(name) for name in ("fleet", "business", "heavy")])
    company = np.isin(people.payment, [PAYMENT["fuelcard"], PAYMENT["account"]])
    pays = work & company & (np.arange(len(people)) < crowd) & (people.story != STORY["prospect"])
    account = np.zeros(len(people), dtype=np.int64)
    plans = fleets()
    for place, fleet in enumerate(plans, start=1):
        if fleet.story:
            fitting = np.flatnonzero(pays & (people.story == STORY[fleet.story]) & (account == 0))
            wanted = max(1, round(fleet.weight * int(pays.sum()) / sum(each.weight for each in plans)))
            account[fitting[:wanted]] = place
    open_to_all = [(place, fleet.weight) for place, fleet in enumerate(plans, start=1) if not fleet.story]
    weights = np.array([weight for _, weight in open_to_all], dtype=float)
    rest = np.flatnonzero(pays & (account == 0))
    drawn = rng.choice(len(open_to_all), len(rest), p=weights / weights.sum())
    account[rest] = np.array([place for place, _ in open_to_all])[drawn]
    return account


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
