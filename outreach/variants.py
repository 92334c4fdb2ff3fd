"""Which of several wordings brought more people: those who got each, and who of them came (A/B)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from crm.customers import Customer
from crm.fillups import Fillup, counting
from crm.outbox import WENT_OUT, Outbound
from outreach.campaigns import Situation
from outreach.results import FEWEST, Interval, newcombe

Code = Literal["first", "second", "open", "too_early", "several"]


@dataclass(frozen=True, slots=True)
class Variant:
    """One wording: ``people`` who got it and whose window is over, ``visited`` of whom came in it."""

    template: str
    people: int
    visited: int

    def facts(self) -> dict[str, Any]:
        return asdict(self) | {"share": self.visited / self.people if self.people else 0.0}


@dataclass(frozen=True, slots=True)
class Compared:
    """The wordings of one situation; ``lead`` is the second's share less the first's, where there are two."""

    situation: str
    variants: tuple[Variant, ...]

    @property
    def lead(self) -> Interval | None:
        if len(self.variants) != 2 or not all(each.people for each in self.variants):
            return None
        first, second = self.variants
        return newcombe(second.visited, second.people, first.visited, first.people)

    @property
    def code(self) -> Code:
        if len(self.variants) != 2:
            return "several"
        lead = self.lead
        if lead is None or min(each.people for each in self.variants) < FEWEST:
            return "too_early"
        if lead.covers(0.0):
            return "open"
        return "second" if lead.difference > 0 else "first"

    def facts(self) -> dict[str, Any]:
        return {
            "situation": self.situation,
            "code": self.code,
            "variants": [each.facts() for each in self.variants],
            "lead": asdict(self.lead) if self.lead else None,
        }


def compared(
    session: Session, situations: Iterable[Situation], *, window: timedelta, now: datetime
) -> list[Compared]:
    """Each situation that has several wordings. Everyone counts once, from the first message of it they got.

    Who got which was drawn; whom it did not reach counts nowhere, for that does not hang on the words.
    """
    return [_compared(session, each, window, now) for each in situations if each.variants]


def _compared(session: Session, situation: Situation, window: timedelta, now: datetime) -> Compared:
    got = _got(session, situation.campaign, situation.variants)
    over = {who: (template, at) for who, (template, at) in got.items() if at + window <= now}
    came = {who for who, at in _visits(session, situation) if who in over and _within(at, over[who], window)}
    return Compared(
        situation.name,
        tuple(
            Variant(
                each,
                people=sum(template == each for template, _at in over.values()),
                visited=sum(over[who][0] == each for who in came),
            )
            for each in situation.variants
        ),
    )


def _within(at: datetime, got: tuple[str, datetime], window: timedelta) -> bool:
    return got[1] < at <= got[1] + window


def _got(session: Session, campaign: str, variants: Sequence[str]) -> dict[int, tuple[str, datetime]]:
    """Of each person the first that went out, and when; who was joined into another counts as the other."""
    rows = session.execute(
        select(func.coalesce(Customer.merged_into, Customer.id), Outbound.template, Outbound.claimed_at)
        .join(Customer, Customer.id == Outbound.customer_id)
        .where(*_mine(campaign, variants), Customer.erased_at.is_(None))
        .order_by(Outbound.claimed_at, Outbound.id)
    )
    found: dict[int, tuple[str, datetime]] = {}
    for who, template, at in rows:
        if at is not None:
            found.setdefault(who, (template, at))
    return found


def _visits(session: Session, situation: Situation) -> Iterable[tuple[int, datetime]]:
    """(customer, when) of everyone who got one; a refund brings nobody."""
    theirs = (
        select(func.coalesce(Customer.merged_into, Customer.id))
        .join(Outbound, Outbound.customer_id == Customer.id)
        .where(*_mine(situation.campaign, situation.variants))
    )
    paid = or_(Fillup.amount.is_(None), Fillup.amount >= 0)
    rows = session.execute(
        select(Fillup.customer_id, Fillup.at)
        .where(counting(), paid, Fillup.customer_id.in_(theirs))
        .execution_options(yield_per=10_000)
    )
    return ((who, at) for who, at in rows if who is not None)


def _mine(campaign: str, variants: Sequence[str]) -> tuple[Any, ...]:
    return (
        Outbound.campaign == campaign,
        Outbound.template.in_(variants),
        Outbound.state.in_(WENT_OUT),
    )
