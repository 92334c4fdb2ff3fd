"""A round: who is due now, who is not and why, written to the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from crm import copies, meta, switches
from crm.db import Database
from crm.outbox import HELD
from outreach import benefits as benefit_file
from outreach import campaigns as campaign_file
from outreach import holdout, outbox
from outreach.benefits import Benefits
from outreach.campaigns import Campaigns
from outreach.due import Rules
from outreach.facts import facts_for
from outreach.people import Loader
from outreach.person import Past, Person
from outreach.plan import OPEN, Closed, Decision, Planned, Skipped, plan_person
from outreach.wording import template_of

Refresh = Callable[[Database, datetime], object]
AT_ONCE = 2000  # rows of the ledger written in one transaction, so that nobody waits long for the writer


@dataclass(slots=True)
class Report:
    """What one round decided, by campaign, situation, state and reason; and what it wrote."""

    at: datetime
    people: int = 0
    counts: Counter[tuple[str, str, str, str | None]] = field(default_factory=Counter)
    added: int = 0
    changed: int = 0
    closed: int = 0

    def note(self, decision: Decision) -> None:
        situation = decision.due.situation
        state = "queued" if isinstance(decision, Planned) else "skipped"
        self.counts[situation.campaign, situation.name, state, decision.reason] += 1

    def campaigns(self) -> list[dict[str, Any]]:
        """[{campaign, due, states: {state: n}, reasons: {reason: n}}], sorted by campaign."""
        found: dict[str, dict[str, Any]] = {}
        for (campaign, _situation, state, reason), number in sorted(
            self.counts.items(), key=lambda item: (item[0][0], -item[1])
        ):
            row = found.setdefault(campaign, {"campaign": campaign, "due": 0, "states": {}, "reasons": {}})
            row["due"] += number
            row["states"][state] = row["states"].get(state, 0) + number
            if reason:
                row["reasons"][reason] = row["reasons"].get(reason, 0) + number
        return list(found.values())


@dataclass(frozen=True, slots=True)
class Round:
    """What holds for everyone whom one round plans."""

    campaigns: Campaigns
    rules: Rules
    loader: Loader
    copies: Mapping[tuple[str, str], int]
    currency: str
    now: datetime
    instead: str | None = None  # the reason for which nobody is written to


def run_round(
    database: Database,
    *,
    now: datetime,
    zone: str,
    currency: str,
    trust_self_reported: bool,
    campaigns: Campaigns | None = None,
    benefits: Benefits | None = None,
    refresh: Refresh | None = None,
    dry_run: bool = False,
    everyone: bool = True,
    instead: str | None = None,
) -> Report:
    """Plan everyone and put the outcome in the ledger; what was decided before stays decided.

    ``refresh(database, now)`` brings the segments up to date. Those whom the last run called away and who
    came back before this round are told from those who were never away: they are skipped as ``visited``.
    With a reason ``instead`` whoever would be written to is skipped with it, and in no arm.
    Without ``everyone`` the report counts only those of whom there is news; the ledger becomes the same.
    """
    chain = ZoneInfo(zone)
    campaigns = in_force(database, campaigns)
    if not dry_run:
        with database.write() as session:
            holdout.keep_salt(session)
    with database.read() as session:
        rules = rules_of(session, campaigns, chain, benefits)
        words = copies.versions(session)
    loader = Loader(campaigns, chain, trust_self_reported, now, everyone)
    this = Round(campaigns, rules, loader, words, currency, now, instead)
    report = Report(at=now)
    if not dry_run:
        with database.write() as session:
            outbox.sweep(session, now=now)
        with database.read() as session:
            _write(database, _returned(session, this))
        if refresh is not None:
            refresh(database, now)
    with database.read() as session:
        for rows in _plan(session, this, report):
            report.added, report.changed = report.added + len(rows.new), report.changed + len(rows.changed)
            if not dry_run:
                _write(database, rows)
    return report


def in_force(database: Database, campaigns: Campaigns | None = None) -> Campaigns:
    """These campaigns, or the shipped ones, as people have switched them."""
    with database.read() as session:
        return (campaigns or campaign_file.shipped()).switched(switches.all_of(session))


def rules_of(
    session: Session, campaigns: Campaigns, zone: ZoneInfo, benefits: Benefits | None = None
) -> Rules:
    """What holds for everyone of this chain right now."""
    lines = (benefits or benefit_file.shipped()).of_chain(demo=meta.get(session, "demo") is not None)
    held_out = holdout.of_chain(session, campaigns.contact.holdout_from)
    return Rules(campaigns.contact, lines, zone, held_out, holdout.salt_of(session))


@dataclass(slots=True)
class _Rows:
    """What a round changes in the ledger."""

    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.new) + len(self.changed)


def _write(database: Database, rows: _Rows) -> None:
    if rows:
        with database.write() as session:
            outbox.enqueue(session, rows.new)
            outbox.reschedule(session, rows.changed)


def _returned(session: Session, this: Round) -> _Rows:
    """Those whom the last segmentation called away and who have come since."""
    rows = _Rows()
    for person, past in this.loader.returned(session):
        decisions, _ = plan_person(this.campaigns, person, past, this.rules, this.now)
        for decision in decisions:
            if isinstance(decision, Skipped) and decision.reason == "visited":
                _add(rows, this, person, past, decision)
    return rows


def _plan(session: Session, this: Round, report: Report) -> Iterator[_Rows]:
    """What everyone's decisions change, a part at a time."""
    rows = _Rows()
    for person, past in this.loader.people(session):
        decisions, closed = plan_person(this.campaigns, person, past, this.rules, this.now)
        for decision in (_or_instead(each, this.instead) for each in decisions):
            report.note(decision)
            _add(rows, this, person, past, decision)
        rows.changed += [_end(each, this.now) for each in closed]
        report.people, report.closed = report.people + 1, report.closed + len(closed)
        if len(rows) >= AT_ONCE:
            yield rows
            rows = _Rows()
    yield rows


def _or_instead(decision: Decision, reason: str | None) -> Decision:
    due = isinstance(decision, Planned) or decision.reason == HELD
    return Skipped(decision.due, reason) if reason and due else decision


def _add(rows: _Rows, this: Round, person: Person, past: Sequence[Past], decision: Decision) -> None:
    due = decision.due
    key = (due.situation.campaign, due.occurrence)
    own = next((each for each in past if (each.campaign, each.occurrence) == key), None)
    if own is None or own.state == "skipped":
        if own is None or not isinstance(decision, Skipped) or _other_reason(decision, own):
            rows.new.append(row_of(this, person, decision))
    elif own.state == "queued" and (change := moved(this, person, own, decision)):
        rows.changed.append({"id": own.id, **change})


def _other_reason(decision: Skipped, own: Past) -> bool:
    return own.reason in OPEN and decision.reason != own.reason


def row_of(this: Round, person: Person, decision: Decision) -> dict[str, Any]:
    """The row of the ledger for a decision."""
    due, now = decision.due, this.now
    edited = this.copies.get((due.situation.campaign, due.situation.name))
    row = {
        "campaign": due.situation.campaign,
        "occurrence": due.occurrence,
        "customer_id": person.customer_id,
        "kind": due.situation.kind,
        "priority": due.situation.priority,
        "template": template_of(due.situation, person, this.rules.salt, edited=edited is not None),
        "planned_at": now,
        "arm": decision.arm,
        "copy_version": edited,
        "unless_visit_after": due.unless_visit_after,
        "reason": decision.reason,
    }
    if isinstance(decision, Skipped):
        ends = {"state": "skipped", "facts": {}, "settled_at": now, "window_end": None}
        return row | ends | {"not_before": now, "expires_at": due.expires_at}
    facts = facts_for(decision, person, currency=this.currency, now=now)
    times = {"not_before": decision.not_before, "expires_at": decision.expires_at}
    return (
        row
        | times
        | {"state": "queued", "facts": facts, "settled_at": None, "window_end": decision.window_end}
    )


def moved(this: Round, person: Person, own: Past, decision: Decision) -> dict[str, Any]:
    """What is new about a row that still waits: its end, or its time and what it says."""
    if isinstance(decision, Skipped):
        return {"state": "skipped", "reason": decision.reason, "settled_at": this.now}
    facts = facts_for(decision, person, currency=this.currency, now=this.now)
    facts["coupon"] = (own.facts or {}).get("coupon")
    waits = decision.not_before > this.now or own.not_before is None or own.not_before > this.now
    fresh: Mapping[str, Any] = {
        "facts": facts,
        "reason": decision.reason,
        "not_before": decision.not_before if waits else own.not_before,
        "window_end": decision.window_end,
        "expires_at": decision.expires_at,
    }
    return {name: value for name, value in fresh.items() if value != getattr(own, name)}


def _end(closed: Closed, now: datetime) -> dict[str, Any]:
    return {"id": closed.past.id, "state": "skipped", "reason": closed.reason, "settled_at": now}
