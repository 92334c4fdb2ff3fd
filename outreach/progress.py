"""How far a broadcast is, counted from the ledger: the states add up to its audience at every moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.broadcasts import Broadcast
from crm.outbox import Outbound

RECENT = timedelta(seconds=20)  # the rate is that of the last seconds
ON_THEIR_WAY = ("sent", "failed", "blocked", "unknown")  # what the sender has done


@dataclass(frozen=True, slots=True)
class Progress:
    """``states`` and ``reasons`` count people; ``later`` of the queued wait until ``next_at``.

    ``rate`` in messages per second; ``seconds``: until those who can go now have gone, None where nobody
    can say.
    """

    states: Counter[str]
    reasons: Counter[str]
    later: int
    next_at: datetime | None
    rate: float
    seconds: int | None

    @property
    def people(self) -> int:
        return self.states.total()

    def facts(self) -> dict[str, Any]:
        """JSON, as the templates take it."""
        tried = sum(self.states[state] for state in ON_THEIR_WAY)
        to_send = tried + self.states["queued"] + self.states["sending"]
        return {
            "people": self.people,
            "states": dict(self.states),
            "skipped": dict(self.reasons.most_common()),
            "done": tried,
            "of": to_send,
            "later": self.later,
            "next_at": self.next_at.isoformat() if self.next_at else None,
            "rate": round(self.rate, 1),
            "seconds": self.seconds,
        }


def progress(session: Session, broadcast: Broadcast, now: datetime) -> Progress:
    """Counted now."""
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    of_it = Outbound.campaign == broadcast.campaign
    rows = session.execute(
        select(Outbound.state, Outbound.reason, func.count())
        .where(of_it)
        .group_by(Outbound.state, Outbound.reason)
    )
    for state, reason, number in rows:
        states[state] += number
        if state in ("skipped", "expired"):
            reasons[reason or state] += number
    later, next_at = session.execute(
        select(func.count(), func.min(Outbound.not_before)).where(
            of_it, Outbound.state == "queued", Outbound.not_before > now
        )
    ).one()
    rate = _rate(session, broadcast, now)
    left = states["queued"] + states["sending"] - later
    return Progress(states, reasons, later, next_at, rate, ceil(left / rate) if rate else None)


def _rate(session: Session, broadcast: Broadcast, now: datetime) -> float:
    since = max(now - RECENT, broadcast.started_at or now)
    lasted = (now - since).total_seconds()
    if broadcast.stands != "running" or lasted < 1:
        return 0.0
    recent = select(func.count()).where(
        Outbound.campaign == broadcast.campaign,
        Outbound.state.in_(ON_THEIR_WAY),
        Outbound.settled_at > since,
    )
    return (session.scalar(recent) or 0) / lasted
