"""Why a person does or does not hear of a campaign: the plan right now, and the past of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from outreach.campaigns import Campaigns
from outreach.people import Loader
from outreach.person import Past, Person
from outreach.plan import Decision, Planned, plan_person
from outreach.round import rules_of

SHOWN = 20  # lines of the past


@dataclass(frozen=True, slots=True)
class Chain:
    """What of the chain's settings the plan depends on."""

    campaigns: Campaigns
    zone: ZoneInfo
    trust_self_reported: bool


def why_not(session: Session, customer_id: int, campaign: str, chain: Chain, now: datetime) -> dict[str, Any]:
    """JSON: {campaign, off, zone, lifecycle, segment, as_of, last_visit, now: [...], past: [...]}.

    ``now`` has one entry per open occurrence: {situation, day, state: queued|skipped, reason, not_before,
    instead}. It is what a round would decide at this moment; nothing is written. ``past``, newest first,
    has {situation, day, state, reason, at}. Raises KeyError for an unknown campaign.
    """
    if campaign not in chain.campaigns.known:
        raise KeyError(campaign)
    loader = Loader(chain.campaigns, chain.zone, chain.trust_self_reported, now)
    person, history = loader.one(session, customer_id)
    decisions, _ = plan_person(
        chain.campaigns, person, history, rules_of(session, chain.campaigns, chain.zone), now
    )
    return _of_person(person) | {
        "campaign": campaign,
        "off": campaign in chain.campaigns.off,
        "now": _decided(campaign, decisions, history, now),
        "past": [_past(past) for past in reversed(history) if past.campaign == campaign][:SHOWN],
    }


def _of_person(person: Person) -> dict[str, Any]:
    return {
        "customer": person.number,
        "zone": person.zone.key,
        "lifecycle": person.lifecycle,
        "segment": person.segment,
        "as_of": person.as_of.isoformat() if person.as_of else None,
        "last_visit": person.last_visit_day.isoformat() if person.last_visit_day else None,
    }


def _decided(
    campaign: str, decisions: Sequence[Decision], history: Sequence[Past], now: datetime
) -> list[dict[str, Any]]:
    going = next((each.due.situation.campaign for each in decisions if isinstance(each, Planned)), None)
    mine = [each for each in decisions if each.due.situation.campaign == campaign]
    return [_now(each, going, now) for each in mine if not _over(each, history)]


def _over(decision: Decision, history: Sequence[Past]) -> bool:
    """What the past tells already needs no second line."""
    return decision.reason == "already_sent" and any(
        (past.campaign, past.occurrence) == (decision.due.situation.campaign, decision.due.occurrence)
        for past in history
    )


def _now(decision: Decision, going: str | None, now: datetime) -> dict[str, Any]:
    planned = isinstance(decision, Planned)
    other = going if decision.reason == "another_campaign_first" else None
    waits = isinstance(decision, Planned) and decision.not_before > now
    return _occasion(decision.due.occurrence) | {
        "state": "queued" if planned else "skipped",
        "reason": decision.reason,
        "not_before": decision.not_before.isoformat() if waits and isinstance(decision, Planned) else None,
        "instead": other,
    }


def _past(past: Past) -> dict[str, Any]:
    at = past.settled_at or past.claimed_at or past.planned_at
    told = {"state": past.state, "reason": past.reason, "at": at.isoformat()}
    return _occasion(past.occurrence) | told


def _occasion(occurrence: str) -> dict[str, Any]:
    """The situation, and the day that makes the occurrence one of its kind, where it is a day."""
    situation, _, detail = occurrence.partition(":")
    try:
        day = date.fromisoformat(detail).isoformat()
    except ValueError:
        day = None
    return {"situation": situation, "day": day, "occurrence": occurrence}
