"""The invented chain as a whole: everything a database of two years holds, from a seed and a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.demo import cast
from bot.demo.calendar import Calendar
from bot.demo.data import StationPlan, stations
from bot.demo.people import People, crowd
from bot.demo.register import Register, enrol
from bot.demo.tills import Sales, numbered, ring_up
from bot.demo.visits import visits

LEAST_CUSTOMERS = 50


@dataclass(frozen=True)
class Chain:
    """``sales`` and ``people`` are arrays; customer ids in ``register`` are places in them plus one."""

    calendar: Calendar
    stations: tuple[StationPlan, ...]
    people: People
    sales: Sales
    register: Register


def invent(seed: int, now: datetime, customers: int) -> Chain:
    """A chain with so many customers, the four of the cast included. The same arguments, the same chain."""
    if customers < LEAST_CUSTOMERS:
        raise ValueError(f"customers: at least {LEAST_CUSTOMERS}, or nothing can be compared")
    calendar = Calendar(now.replace(microsecond=0), seed)
    first = customers - len(cast.CUSTOMERS)
    people = crowd(first, seed).with_more(cast.habits())
    came = cast.told(visits(people, calendar), first, calendar)
    sales = cast.lift(ring_up(people, came, calendar), first + cast.CUSTOMERS.index("vip"), calendar)
    return Chain(calendar, stations(), people, numbered(sales, calendar), enrol(people, came, calendar))
