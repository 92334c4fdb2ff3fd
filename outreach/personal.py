"""One message to one person, written by a member of staff: a service message with the rules of all others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.outbox import Outbound
from outreach import campaigns, outbox, window
from outreach.people import Loader
from outreach.plan import free_from

CAMPAIGN = "personal"
LONGEST = 600  # signs
PRIORITY = 1


@dataclass(frozen=True, slots=True)
class Ready:
    """It may go from ``start`` on, in the person's ``zone``; ``reason`` says what it waits for, if for
    anything: ``capped`` or ``quiet_hours``."""

    start: datetime
    end: datetime | None
    expires: datetime
    zone: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Barred:
    """It may not: not_in_chat, unreachable, no_consent, merged; or capped, until ``free``."""

    reason: str
    free: datetime | None = None
    zone: str = ""


def when(session: Session, customer_id: int, zone: ZoneInfo, now: datetime) -> Ready | Barred:
    """When a message to this person could go out, by consent, caps and quiet hours. ``zone`` of the chain."""
    rules = campaigns.shipped()
    person, history = Loader(rules, zone, False, now).one(session, customer_id)
    for barred, reason in (
        (person.merged, "merged"),
        (not person.in_chat, "not_in_chat"),
        (not person.service_consent, "no_consent"),
        (not person.reachable, "unreachable"),
    ):
        if barred:
            return Barred(reason)
    free = free_from(rules.contact.caps, "service", history, now)
    start = window.opens(free, person.zone, rules.contact)
    if free > now and start > now + rules.contact.quiet_expiry:
        return Barred("capped", start, person.zone.key)
    waits = "capped" if free > now else "quiet_hours" if start > now else None
    end = window.closes(start, person.zone, rules.contact)
    return Ready(start, end, start + rules.contact.quiet_expiry, person.zone.key, waits)


def send(
    session: Session, customer_id: int, ready: Ready, *, nonce: str, text: str, station: str, by: str,
    now: datetime,
) -> bool:  # fmt: skip
    """Put the message in the ledger, once per ``nonce``; the sender does the rest. False: it stood there."""
    occurrence = f"{CAMPAIGN}:{nonce}"
    there = select(Outbound.id).where(Outbound.campaign == CAMPAIGN, Outbound.occurrence == occurrence)
    if session.scalar(there.where(Outbound.customer_id == customer_id)) is not None:
        return False
    facts = {"text": text, "station": station, "by": by, "zone": ready.zone}
    row = {
        "campaign": CAMPAIGN, "occurrence": occurrence, "customer_id": customer_id, "state": "queued",
        "reason": ready.reason, "kind": "service", "priority": PRIORITY, "template": "outreach/personal",
        "copy_version": None, "facts": facts, "planned_at": now,
        "arm": None, "not_before": ready.start, "window_end": ready.end, "expires_at": ready.expires,
        "unless_visit_after": None, "settled_at": None,
    }  # fmt: skip
    outbox.enqueue(session, [row])
    return True
