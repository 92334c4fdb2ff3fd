"""A queue to send: people who agreed to everything, each with a row that may go at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound

KNOWN = ("station", "fuel", "days_away", "away", "usual_gap_days", "benefit", "asks", "offer", "coupon")


def fill(database: Database, people: int, *, first: int) -> None:
    """So many people with the chats from ``first`` on, and a message for each."""
    now = datetime.now(UTC)
    with database.write() as session:
        session.execute(insert(Customer), [_person(first + n, now) for n in range(people)])
        ids = session.scalars(select(Customer.id).where(Customer.chat_id >= first)).all()
        session.execute(insert(Outbound), [_row(customer_id, now) for customer_id in ids])


def _person(chat_id: int, now: datetime) -> dict[str, Any]:
    agreed = {"marketing_consent": True, "service_consent": True}
    return {"member": f"S{chat_id}", "name": f"P{chat_id}", "chat_id": chat_id, "known_at": now} | agreed


def _row(customer_id: int, now: datetime) -> dict[str, Any]:
    return {
        "campaign": "soak",
        "occurrence": "soak",
        "customer_id": customer_id,
        "state": "queued",
        "kind": "marketing",
        "priority": 3,
        "template": "outreach/win_back_dormant",
        "facts": dict.fromkeys(KNOWN) | {"zone": "UTC", "name": "Li"},
        "planned_at": now,
        "not_before": now - timedelta(minutes=1),
        "expires_at": now + timedelta(days=1),
    }
