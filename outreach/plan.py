"""Who hears what, and why not. Pure: person, history and time in, decisions out.

A reason is a stable code, counted and shown; ``OPEN`` ones may pass while the occurrence is still due,
every other one is final for its occurrence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from crm.outbox import HELD, TREATED, WENT_OUT
from outreach import usual, window
from outreach.benefits import Benefit
from outreach.campaigns import AWAY, Campaigns, Cap, Contact
from outreach.due import Due, Rules, due
from outreach.person import Past, Person

OPEN = ("no_consent", "unreachable", "not_in_chat", "nothing_to_say", "not_confirmed")
GONE_OUT_OR_OVER = (*WENT_OUT, "failed", "blocked")


@dataclass(frozen=True, slots=True)
class Planned:
    """To be sent. ``reason`` says what it still waits for: ``capped`` or ``quiet_hours``."""

    due: Due
    not_before: datetime
    window_end: datetime | None
    expires_at: datetime
    reason: str | None = None
    benefit: Benefit | None = None
    arm: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    due: Due
    reason: str
    arm: str | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """A row of the queue whose ground has gone."""

    past: Past
    reason: str


Decision = Planned | Skipped


def plan_person(
    campaigns: Campaigns, person: Person, history: Sequence[Past], rules: Rules, now: datetime
) -> tuple[list[Decision], list[Closed]]:
    """Every open occurrence of this person with its decision, and the queued rows to close.

    Of several that could go out the most important goes; the others give way to it.
    """
    open_ones = [found for each in campaigns.situations if (found := due(each, person, rules, now))]
    decisions: list[Decision] = []
    first: Planned | None = None
    for found in sorted(open_ones, key=lambda each: each.situation.priority):
        decision = plan(found, person, history, rules, now)
        if isinstance(decision, Planned):
            if first is not None:
                decision = Skipped(found, "another_campaign_first")
            else:
                first = decision
        decisions.append(decision)
    decisions = [_in_its_arm(decision, person, history, rules) for decision in decisions]
    return decisions, _closed(campaigns, person, history, open_ones, now)


def plan(found: Due, person: Person, history: Sequence[Past], rules: Rules, now: datetime) -> Decision:
    """What becomes of one open occurrence."""
    situation = found.situation
    own = _own(found, history)
    if own is not None and (settled := _settled(own)):
        return Skipped(found, settled)
    reason = found.reason or _barred(found, person) or _recent(found, history, now)
    if reason:
        return Skipped(found, reason)
    benefit = _benefit(found, person, history, rules, now)
    if situation.benefit == "must" and benefit is None:
        return Skipped(found, "nothing_to_say")
    return _when(found, own, person, history, rules, now, benefit)


def _in_its_arm(decision: Decision, person: Person, history: Sequence[Past], rules: Rules) -> Decision:
    """Whoever could be written to is in one arm from this moment; what already waits stays as decided."""
    share = decision.due.situation.holdout
    if isinstance(decision, Skipped) or not share or rules.holdout is None:
        return decision
    own = _own(decision.due, history)
    if own is not None and own.state == "queued":
        return decision
    if rules.holdout.holds(person.customer_id, share):
        return Skipped(decision.due, HELD, HELD)
    return replace(decision, arm=TREATED)


def _own(found: Due, history: Iterable[Past]) -> Past | None:
    key = (found.situation.campaign, found.occurrence)
    return next((past for past in history if (past.campaign, past.occurrence) == key), None)


def _settled(own: Past) -> str | None:
    """Why the occurrence is over for this person, or None while it may still go out."""
    if own.state in GONE_OUT_OR_OVER:
        return "already_sent"
    if own.state == "queued" or (own.state == "skipped" and own.reason in OPEN):
        return None
    return own.reason or own.state


def _barred(found: Due, person: Person) -> str | None:
    if person.merged:
        return "merged"
    if not person.in_chat:
        return "not_in_chat"
    marketing = found.situation.kind == "marketing"
    if not (person.marketing_consent if marketing else person.service_consent):
        return "no_consent"
    return None if person.reachable else "unreachable"


def _recent(found: Due, history: Iterable[Past], now: datetime) -> str | None:
    """``recent_series``: the person had another series of this campaign, or this very thing, lately."""
    situation, episode = found.situation, _episode(found.occurrence)
    for past in history:
        heard = heard_at(past, held=bool(situation.holdout))
        if past.campaign != situation.campaign or heard is None:
            continue
        age = now - heard
        if situation.series and _episode(past.occurrence) != episode and age < situation.series:
            return "recent_series"
        again = past.situation == situation.name and past.occurrence != found.occurrence
        if situation.again_after and again and age < situation.again_after:
            return "recent_series"
    return None


def heard_at(past: Past, *, held: bool) -> datetime | None:
    """When this may have reached the person. ``held``: what a holdout did not get counts as if it had,
    so that both arms become eligible by the same rules."""
    if past.state in WENT_OUT:
        return past.claimed_at
    return past.planned_at if held and past.reason == HELD else None


def _episode(occurrence: str) -> str:
    return occurrence.partition(":")[2]


def _benefit(
    found: Due, person: Person, history: Iterable[Past], rules: Rules, now: datetime
) -> Benefit | None:
    if found.situation.benefit == "no":
        return None
    told = {past.benefit for past in history if past.benefit and past.state in WENT_OUT}
    today = now.astimezone(person.zone).date()
    return rules.benefits.for_person(person.usual_codes, told, today, vip=person.segment == "vip")


def _when(
    found: Due,
    own: Past | None,
    person: Person,
    history: Sequence[Past],
    rules: Rules,
    now: datetime,
    benefit: Benefit | None,
) -> Decision:
    """The moment it may go: after the caps and the night; a cap that outlasts the occurrence ends it."""
    contact, quiet = rules.contact, found.situation.quiet
    expires, put_back = found.expires_at, now
    if own is not None and own.state == "queued":
        expires = min(expires, own.expires_at)
        if own.reason is None and own.not_before:
            put_back = own.not_before  # put back by the sender, which knows why
    held = bool(found.situation.holdout)
    free = free_from(contact.caps, found.situation.kind, history, now, without=own, held=held)
    start = max(free, put_back)
    start = window.opens(start, person.zone, contact) if quiet else start
    reason = "capped" if free > now else None
    if reason is None and quiet and window.opens(now, person.zone, contact) > now:
        reason, expires = "quiet_hours", min(expires, now + contact.quiet_expiry)
    if start >= expires:
        return Skipped(found, reason or "expired")
    if found.situation.at_usual_hour and not _timed(own, now):
        start = _usual(start, expires, person, contact, quiet=quiet)
    end = window.closes(start, person.zone, contact) if quiet else None
    return Planned(found, start, end, expires, reason, benefit)


def _timed(own: Past | None, now: datetime) -> bool:
    """Whether its hour was chosen before, or has come: it is not put off to another day."""
    if own is None or own.state != "queued" or own.not_before is None:
        return False
    return own.reason is None or own.not_before <= now


def _usual(start: datetime, expires: datetime, person: Person, contact: Contact, *, quiet: bool) -> datetime:
    """The person's usual hour from ``start`` on, where it is in time and not at night; else ``start``."""
    if person.usual_hour is None:
        return start
    at = usual.next_at(start, person.usual_hour, person.zone)
    at_night = quiet and window.opens(at, person.zone, contact) > at
    return start if at_night or at >= expires else at


def free_from(
    caps: Iterable[Cap],
    kind: str,
    history: Iterable[Past],
    now: datetime,
    without: Past | None = None,
    *,
    held: bool = False,
) -> datetime:
    """The first moment, from now on, at which no cap holds a message of this kind back."""
    out = [(heard_at(past, held=held), past.kind) for past in history if past is not without]
    free = now
    for cap in caps:
        if not cap.covers(kind):
            continue
        times = sorted(at for at, of in out if at and (cap.counts == "all" or of == "marketing"))
        if len(times) >= cap.most:
            free = max(free, times[-cap.most] + cap.span)
    return free


def _closed(
    campaigns: Campaigns, person: Person, history: Iterable[Past], open_ones: Sequence[Due], now: datetime
) -> list[Closed]:
    still = {(found.situation.campaign, found.occurrence) for found in open_ones}
    closed = []
    for past in history:
        if past.state != "queued" or (past.campaign, past.occurrence) in still:
            continue
        if past.campaign in campaigns.off:
            closed.append(Closed(past, "switched_off"))
        elif past.campaign in campaigns.names:
            closed.append(Closed(past, _gone(past, person, now)))
    return closed


def _gone(past: Past, person: Person, now: datetime) -> str:
    if person.merged:
        return "merged"
    if now >= past.expires_at:
        return past.reason or "expired"
    if past.situation == "nudge":
        return "visited" if person.last_visit_day else "no_longer"
    day = person.last_visit_day
    came_back = past.situation in AWAY and day is not None and day.isoformat() > _episode(past.occurrence)
    return "visited" if came_back else "no_longer"
