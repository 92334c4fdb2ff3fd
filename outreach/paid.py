"""Paid broadcasts: beyond Telegram's free rate, for a tenth of a Star a message, up to a budget in Stars.

Only where the setting allows it and headquarters gave the broadcast a budget. What was claimed to be paid
for is marked in the ledger and counted once, whether or not Telegram will charge it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from crm import broadcasts
from crm.broadcasts import Broadcast
from crm.outbox import Outbound
from outreach.pace import Pace

A_STAR = 10  # messages


@dataclass(frozen=True, slots=True)
class Lane:
    """A pace, and how many sends may be under way on it at once."""

    pace: Pace
    in_flight: int


@dataclass(frozen=True, slots=True)
class Paid:
    """A broadcast that is paid for, and how many messages its budget still holds."""

    id: int
    campaign: str
    left: int


def running(session: Session, now: datetime) -> Paid | None:
    """The oldest paid broadcast of which somebody can go now."""
    rows = session.execute(
        select(Broadcast.id, Broadcast.campaign, Broadcast.stars * A_STAR - Broadcast.paid)
        .where(Broadcast.stands == "running", Broadcast.stars * A_STAR > Broadcast.paid)
        .order_by(Broadcast.id)
    )
    for number, campaign, left in rows:
        if campaign and left and session.scalar(select(_waits(campaign, Outbound.not_before <= now))):
            return Paid(number, campaign, left)
    return None


def take(session: Session, paid: Paid, ids: Sequence[int]) -> None:
    """These rows, just claimed, are paid for. A budget that ends before the people do pauses the broadcast;
    resumed, it goes on for free."""
    fresh = session.scalars(
        update(Outbound)
        .where(Outbound.id.in_(ids), Outbound.paid.is_(False))
        .values(paid=True)
        .returning(Outbound.id)
        .execution_options(synchronize_session=False)
    ).all()
    left = session.scalar(
        update(Broadcast)
        .where(Broadcast.id == paid.id)
        .values(paid=Broadcast.paid + len(fresh))
        .returning(Broadcast.stars * A_STAR - Broadcast.paid)
        .execution_options(synchronize_session=False)
    )
    if not left and session.scalar(select(_waits(paid.campaign))):
        broadcasts.pay(session, paid.id, None)
        broadcasts.pause(session, paid.id, why="stars")


def _waits(campaign: str, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Outbound.state == "queued", Outbound.campaign == campaign, *more)
