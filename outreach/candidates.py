"""Whom a round looks at: everyone who may stand in a situation, or only those of whom it would say
something new.

A round every minute over a whole chain would say the same of nearly everyone: whoever is away has a row of
the ledger that is over, or that still says why they cannot be written to. Those are left out by looking at
the rows themselves, so that nothing has to be noted, and nothing forgotten, when a person changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    union,
)
from sqlalchemy.orm import Session, aliased

from crm.customers import Customer
from crm.fillups import Fillup, counting
from crm.outbox import Outbound
from crm.segments import CustomerSegment
from outreach import calendar, own_days
from outreach.campaigns import AWAY, Campaigns, Situation
from outreach.plan import OPEN

AT_ONCE = 50_000  # customer ids looked at together: a chain of any size fits the memory of a small machine
SOON = timedelta(minutes=15)  # a row that waits longer is looked at again when its time comes near
COUNTS = counting()
Range = tuple[int, int]  # customer ids, both ends included


@dataclass(frozen=True, slots=True)
class Candidates:
    """``everyone``: also those of whom the ledger already says what a round would say."""

    campaigns: Campaigns
    zone: ZoneInfo
    now: datetime
    everyone: bool = True

    def among(self, ids: Range) -> Select[Any]:
        """The customers of this range to look at."""
        away = CustomerSegment.lifecycle.in_(AWAY) if self.everyone else self._unsettled()
        segments = {"vip", *self._of_the_calendar()}
        parts = union(
            select(CustomerSegment.customer_id)
            .join(Customer, Customer.id == CustomerSegment.customer_id)
            .where(CustomerSegment.customer_id.between(*ids), away),
            select(CustomerSegment.customer_id).where(
                CustomerSegment.customer_id.between(*ids), CustomerSegment.segment.in_(segments)
            ),
            select(Customer.id).where(Customer.id.between(*ids), self._newcomer()),
            select(Outbound.customer_id).where(Outbound.customer_id.between(*ids), self._waits()),
            *own_days.candidates(self.campaigns.situations, ids, self.now),
        ).subquery()
        return select(parts.c[0])

    def _waits(self) -> ColumnElement[bool]:
        """Has a row in the queue; what goes out only later is brought up to date shortly before."""
        queued = Outbound.state == "queued"
        if self.everyone:
            return queued
        soon = and_(Outbound.campaign.in_(self.campaigns.names), Outbound.not_before <= self.now + SOON)
        return and_(queued, or_(soon, Outbound.campaign.in_(self.campaigns.off)))

    def _unsettled(self) -> ColumnElement[bool]:
        """Away, with an absence of which the ledger does not say the last word."""
        situations = [each for each in self.campaigns.situations if each.name in AWAY]
        open_ones = (and_(CustomerSegment.lifecycle == each.name, ~_settled(each)) for each in situations)
        return or_(false(), *open_ones)

    def _of_the_calendar(self) -> set[str]:
        """The segments of whatever the calendar says is due."""
        return {
            segment
            for each in self.campaigns.situations
            if each.cron and calendar.current(each.cron, self.zone, each.late, self.now)
            for segment in each.segments
        }

    def _newcomer(self) -> ColumnElement[bool]:
        """Registered or first seen lately, and not yet through with the welcome."""
        longest = max((s.after + s.expires for s in self.campaigns.situations), default=timedelta(0))
        since = self.now - longest - timedelta(days=1)
        fillup = exists().where(Fillup.customer_id == Customer.id, COUNTS)
        lately = fillup.where(Fillup.recorded_at >= since)
        before = fillup.where(Fillup.recorded_at < since)
        over = or_(
            Outbound.state.not_in(("queued", "skipped")),
            and_(Outbound.state == "skipped", Outbound.reason.not_in(OPEN)),
        )
        welcomed = exists().where(
            Outbound.customer_id == Customer.id, Outbound.occurrence == "first_fillup", over
        )
        return and_(
            Customer.chat_id.is_not(None),
            Customer.merged_into.is_(None),
            or_(Customer.registered_at >= since, and_(lately, ~before)),
            ~welcomed,
        )


def _settled(situation: Situation) -> ColumnElement[bool]:
    """The row of this absence waits or is over, or what stands in its way still does. Whoever has come since
    is another matter: outreach/round.py tells those before."""
    own = aliased(Outbound)
    absence = f"{situation.name}:" + cast(CustomerSegment.last_visit, String)
    over = or_(own.state != "skipped", own.reason.not_in(OPEN))
    return exists().where(
        own.campaign == situation.campaign,
        own.occurrence == absence,
        own.customer_id == CustomerSegment.customer_id,
        or_(over, own.reason == _barrier(situation)),
    )


def _barrier(situation: Situation) -> ColumnElement[str | None]:
    """What keeps this person from being written to, as outreach/plan.py has it; null for nothing."""
    marketing = situation.kind == "marketing"
    agreed = Customer.marketing_consent if marketing else Customer.service_consent
    return case(
        (Customer.merged_into.is_not(None), "merged"),
        (Customer.chat_id.is_(None), "not_in_chat"),
        (agreed.is_(False), "no_consent"),
        (Customer.reachable.is_(False), "unreachable"),
    )


def parts(session: Session) -> Iterator[Range]:
    """Ranges that hold every customer's id."""
    last = session.scalar(select(func.max(Customer.id))) or 0
    for first in range(1, last + 1, AT_ONCE):
        yield first, first + AT_ONCE - 1
