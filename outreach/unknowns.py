"""Messages that may or may not have arrived: a person decides, and what they decide is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from crm import audit, erasure
from crm.broadcasts import CLAIMED, Broadcast
from crm.customers import Customer
from crm.outbox import Outbound
from outreach import window
from outreach.campaigns import Contact

LEFT = "left"  # the reason of those that somebody decided to leave
LASTS = timedelta(hours=24)  # how long a message that is sent again may wait
Decision = Literal["resend", "leave"]
OPEN: ColumnElement[bool] = and_(
    Outbound.state == "unknown",
    or_(Outbound.reason.is_(None), Outbound.reason.not_in((LEFT, erasure.REASON))),
)


@dataclass(frozen=True, slots=True)
class Unknown:
    """One that is to be decided; ``customer`` is the public number, ``name`` for staff alone."""

    id: int
    customer_id: int
    customer: str
    name: str
    campaign: str
    occurrence: str
    at: datetime

    def facts(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "customer": self.customer,
            "campaign": self.campaign,
            "occurrence": self.occurrence,
            "at": self.at.isoformat(),
        }


def number(session: Session) -> int:
    return session.scalar(select(func.count()).where(OPEN)) or 0


def undecided(session: Session, limit: int, offset: int = 0) -> list[Unknown]:
    """The oldest first."""
    rows = session.execute(
        select(
            Outbound.id,
            Outbound.customer_id,
            func.coalesce(Customer.member, Customer.reference, ""),
            Customer.name,
            Outbound.campaign,
            Outbound.occurrence,
            func.coalesce(Outbound.claimed_at, Outbound.settled_at, Outbound.planned_at),
        )
        .join(Customer, Customer.id == Outbound.customer_id)
        .where(OPEN)
        .order_by(Outbound.id)
        .limit(limit)
        .offset(offset)
    )
    return [Unknown(*row) for row in rows]


def leave(session: Session, row_id: int, *, by: int, now: datetime, said: str = "") -> bool:
    """It stays as it is and is listed no more. False: there is nothing to decide (any more)."""
    found = _decide(session, row_id, reason=LEFT)
    return _noted(session, found, "unknown_leave", by, now, said)


def resend(
    session: Session, row_id: int, contact: Contact, *, by: int, now: datetime, said: str = ""
) -> bool:
    """Back into the queue, on somebody's word; consent, caps and the night are looked at again.

    False: there is nothing to decide (any more), or its broadcast was stopped.
    """
    row = session.get(Outbound, row_id)
    halted = select(Broadcast.id).where(
        Broadcast.campaign == (row.campaign if row else ""), Broadcast.stands.not_in((*CLAIMED, "paused"))
    )
    if row is None or session.scalar(halted) is not None:
        return False
    zone = ZoneInfo(str((row.facts or {}).get("zone") or "UTC"))
    opens = window.opens(now, zone, contact)
    found = _decide(
        session,
        row_id,
        state="queued",
        reason="quiet_hours" if opens > now else None,
        not_before=opens,
        window_end=window.closes(opens, zone, contact),
        expires_at=opens + LASTS,
        claimed_at=None,
        claimed_by=None,
        settled_at=None,
        error=None,
    )
    return _noted(session, found, "unknown_resend", by, now, said)


def _decide(session: Session, row_id: int, **values: Any) -> Any:
    return session.execute(
        update(Outbound)
        .where(Outbound.id == row_id, OPEN)
        .values(**values)
        .returning(Outbound.customer_id, Outbound.campaign, Outbound.occurrence)
        .execution_options(synchronize_session=False)
    ).first()


def _noted(session: Session, found: Any, action: str, by: int, now: datetime, said: str) -> bool:
    if found is None:
        return False
    detail = f"{found.campaign} {found.occurrence} {said}".strip()[:200]
    audit.note(session, by, action, now=now, customer_id=found.customer_id, detail=detail)
    return True
