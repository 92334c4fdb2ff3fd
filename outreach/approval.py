"""Who may send to how many alone, and how many others must say yes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.broadcasts import Broadcast
from crm.staff import AT_STATIONS, Staff, stations_of

APPROVERS = frozenset({"marketing", "headquarters", "admin"})
DRAFTERS = APPROVERS | {"manager"}


@dataclass(frozen=True, slots=True)
class Limits:
    """People whom a broadcast can reach: up to ``alone`` nobody else need look, above ``two`` two must."""

    alone: int
    two: int


def needed(size: int, limits: Limits) -> int:
    """How many people other than the drafter must approve."""
    if size <= limits.alone:
        return 0
    return 1 if size <= limits.two else 2


def may_approve(role: str, telegram_id: int, broadcast: Broadcast) -> bool:
    """Headquarters and marketing approve what others drafted."""
    return role in APPROVERS and telegram_id != broadcast.drafted_by


def may_rule(role: str, telegram_id: int, broadcast: Broadcast) -> bool:
    """Pause, resume and stop: the drafter, headquarters and marketing."""
    return role in APPROVERS or (role in DRAFTERS and telegram_id == broadcast.drafted_by)


def drafter_still_may(session: Session, broadcast: Broadcast) -> bool:
    """Whether the drafter still works here and for every station whose customers it reaches."""
    drafter = session.scalar(
        select(Staff).where(Staff.telegram_id == broadcast.drafted_by, Staff.active.is_(True))
    )
    if drafter is None or drafter.role not in DRAFTERS:
        return False
    if drafter.role not in AT_STATIONS:
        return True
    return broadcast.stations is not None and set(broadcast.stations) <= stations_of(session, drafter)
