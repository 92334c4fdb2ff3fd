"""Whom a broadcast is for: a question about customers, within the stations of whoever drafted it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlalchemy.orm import Session

from crm.customers import Customer
from outreach.campaigns import Campaigns
from questions.asker import Asker
from questions.ground import Ground
from questions.misread import Misread, Problem
from questions.names import names_of
from questions.parse import parse
from questions.question import Question
from questions.select import customers

GROUPS = ("list", "count")  # the kinds of question that speak of a group of people
LONGEST = 400  # characters of a question as it is typed


@dataclass(frozen=True, slots=True)
class Terms:
    """What of the chain's settings a broadcast depends on."""

    campaigns: Campaigns
    zone: ZoneInfo
    trust_self_reported: bool
    currency: str
    country: str

    def asker(self, stations: Collection[int] | None, now: datetime) -> Asker:
        """Whoever may reach the customers of these stations."""
        scope = None if stations is None else frozenset(stations)
        today = now.astimezone(self.zone).date()
        return Asker(scope, today, self.country, self.zone, self.trust_self_reported)


@dataclass(frozen=True, slots=True)
class Size:
    """``people`` are in the audience; ``reach`` of them are in chat, reachable, and hear offers."""

    people: int
    reach: int


def understood(session: Session, text: str, stations: Collection[int] | None) -> Question | Misread:
    """The group of people that ``text`` means, typed or plain. One person, a sum, the first ten: no group."""
    meant = parse(text, names_of(session, None if stations is None else frozenset(stations)))
    if isinstance(meant, Misread):
        return meant
    if meant.kind not in GROUPS or meant.measure != "customers" or meant.limit is not None:
        return Misread((Problem("group", text[:64]),))
    group = Question("list", meant.filters, period=meant.period)
    if len(group.canonical()) > LONGEST:
        return Misread((Problem("long", field=str(LONGEST)),))
    return group


def size(session: Session, question: Question, asker: Asker) -> Size:
    reached = Customer.chat_id.is_not(None) & Customer.reachable & Customer.marketing_consent
    found = customers(question, Ground(session, asker), func.count(), func.count().filter(reached))
    people, reach = session.execute(found).one()
    return Size(people, reach)


def ids(session: Session, question: Question, asker: Asker) -> list[int]:
    """The customers' ids, ascending."""
    return list(session.scalars(customers(question, Ground(session, asker)).order_by(Customer.id)))


def examples(session: Session, question: Question, asker: Asker, most: int) -> list[int]:
    """Customers who could be reached: those of the longest names, of the shortest, and some between."""
    ground = Ground(session, asker)
    reached: Any = Customer.chat_id.is_not(None) & Customer.reachable & Customer.marketing_consent
    orders = (
        (func.length(Customer.name).desc(), Customer.id),
        (func.length(Customer.name), Customer.id.desc()),
        ((Customer.id * 7919) % 10_007, Customer.id),
    )
    found = [
        list(session.scalars(customers(question, ground).where(reached).order_by(*order).limit(most)))
        for order in orders
    ]
    return list(dict.fromkeys(number for each in zip(*found, strict=True) for number in each))
