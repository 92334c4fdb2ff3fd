"""What planning knows of one person and of what was sent to them before (plain facts, no database)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from outreach.occasions import OpenCoupon


@dataclass(frozen=True, slots=True)
class Person:
    """Instants are UTC. Segment facts are of the last run; visits as they stand now."""

    customer_id: int
    zone: ZoneInfo
    name: str = ""
    number: str = ""
    station: str | None = None
    in_chat: bool = True
    reachable: bool = True
    marketing_consent: bool = True
    service_consent: bool = True
    merged: bool = False

    registered_at: datetime | None = None
    first_visit_at: datetime | None = None
    first_known_at: datetime | None = None  # when we learnt of the first visit
    first_trusted_at: datetime | None = None  # the first visit that counts for offers
    last_visit_at: datetime | None = None
    last_visit_day: date | None = None  # of the station visited

    usual: str | None = None  # product code
    usual_family: str | None = None

    as_of: date | None = None
    segment: str | None = None
    lifecycle: str | None = None
    segment_last_visit: date | None = None
    typical_gap_days: float | None = None
    change: Change | None = None
    due_on: date | None = None  # by their own rhythm, as of the last run
    persona: str | None = None
    birthday: str | None = None  # MM-DD or YYYY-MM-DD
    coupon: OpenCoupon | None = None  # the open one that ends first
    usual_hour: int | None = None  # 0-23 in their zone; known where a campaign waits for it

    @property
    def usual_codes(self) -> tuple[str, ...]:
        return tuple(code for code in (self.usual, self.usual_family) if code)

    @property
    def visited_since(self) -> bool:
        """A visit that the last segmentation does not know."""
        if self.last_visit_day is None:
            return False
        return self.segment_last_visit is None or self.last_visit_day > self.segment_last_visit

    def days_away(self, now: datetime) -> int | None:
        """Whole days of the person's calendar since the last visit; None without one."""
        if self.last_visit_day is None:
            return None
        return max(0, (now.astimezone(self.zone).date() - self.last_visit_day).days)


@dataclass(frozen=True, slots=True)
class Change:
    """How the person came into their segment. ``before`` is empty at the first run that knew them."""

    before: str | None
    after: str
    as_of: date
    at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """A row of the ledger about this person."""

    id: int
    campaign: str
    occurrence: str
    state: str
    kind: str
    priority: int
    planned_at: datetime
    expires_at: datetime
    reason: str | None = None
    claimed_at: datetime | None = None
    benefit: str | None = None
    not_before: datetime | None = None
    window_end: datetime | None = None
    facts: Mapping[str, Any] | None = None  # of a row that still waits
    settled_at: datetime | None = None

    @property
    def situation(self) -> str:
        return self.occurrence.partition(":")[0]
