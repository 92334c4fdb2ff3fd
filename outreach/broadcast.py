"""A broadcast as an occurrence: planned for each of its audience by the same plan as every campaign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from sqlalchemy.orm import Session

from crm import broadcasts, copies
from crm.broadcasts import SITUATION, Broadcast
from outreach import audience
from outreach.audience import Terms
from outreach.campaigns import Offer, Situation
from outreach.people import Known, Loader
from outreach.plan import Decision, Planned, Skipped, plan_person
from outreach.round import Round, rules_of
from questions.misread import Misread
from questions.question import Question

PRIORITY = 50  # the occasions of a person's own go first
WINDOW = timedelta(days=30)
HOLDOUT = 0.1
TOLD_EVERY = 1000


@dataclass(slots=True)
class Preview:
    """What would become of everyone at ``at``. ``cost`` in minor units: all coupons, if all were used."""

    at: datetime
    people: int = 0
    sent: int = 0
    waits: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    until: datetime | None = None  # when the night of the first who wait for it is over
    cost: int = 0

    def note(self, decision: Decision, value: int) -> None:
        self.people += 1
        if isinstance(decision, Skipped):
            self.skipped[decision.reason] += 1
            return
        self.sent += 1
        self.cost += value
        if decision.reason:
            self.waits[decision.reason] += 1
        if decision.reason == "quiet_hours":
            self.until = min(self.until or decision.not_before, decision.not_before)

    def facts(self) -> dict[str, Any]:
        """JSON. People = sent + the sum of ``skipped``; ``waits`` are part of ``sent``."""
        return {
            "at": self.at.isoformat(),
            "people": self.people,
            "sent": self.sent,
            "waits": dict(self.waits.most_common()),
            "skipped": dict(self.skipped.most_common()),
            "until": self.until.isoformat() if self.until else None,
            "cost": self.cost,
        }


def question_of(session: Session, broadcast: Broadcast) -> Question:
    """Its audience. Raises ValueError where the words mean nothing any more, as when a station is gone."""
    meant = audience.understood(session, broadcast.audience or "", broadcast.stations)
    if not broadcast.audience or isinstance(meant, Misread):
        raise ValueError("the audience is not understood")
    return meant


def planned_at(broadcast: Broadcast, now: datetime) -> datetime:
    """When it would begin, seen from now."""
    return max(now, broadcast.send_at or now)


def ends_at(broadcast: Broadcast, now: datetime) -> datetime:
    """When its time is over: counted from the hour that was meant, not from a late start."""
    begins = broadcast.send_at or broadcast.approved_at or now
    if broadcast.approved_at is not None:
        begins = max(begins, broadcast.approved_at)
    return broadcast.expires_at or begins + timedelta(hours=broadcast.lasts_hours)


def situation(broadcast: Broadcast, *, reach: int, holdout_from: int, now: datetime) -> Situation:
    """The broadcast as the plan reads campaigns; nobody is held out where that would say nothing."""
    offer = None
    if broadcast.offer_value:
        digits = get_currency_precision(broadcast.currency)
        offer = Offer(Decimal(broadcast.offer_value).scaleb(-digits), broadcast.offer_days or 1, 0)
    return Situation(
        campaign=broadcast.campaign or "",
        name=SITUATION,
        kind="marketing",
        priority=PRIORITY,
        template="",
        expires=timedelta(hours=broadcast.lasts_hours),
        offer=offer,
        holdout=HOLDOUT if reach >= holdout_from else 0.0,
        window=WINDOW,
        ends=ends_at(broadcast, now),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """A broadcast ready to be planned for people."""

    broadcast: Broadcast
    round: Round

    def people(self, session: Session, ids: Sequence[int]) -> Iterator[tuple[Known, Decision]]:
        """Each of them with the decision about this broadcast, coupons within the budget."""
        left = self._affordable()
        for person, past in self.round.loader.among(session, ids):
            decision = self._decide((person, past))
            if isinstance(decision, Planned) and left is not None:
                if left == 0:
                    decision = Skipped(decision.due, "over_budget")
                else:
                    left -= 1
            yield (person, past), decision

    def _decide(self, known: Known) -> Decision:
        person, past = known
        decisions, _ = plan_person(self.round.campaigns, person, past, self.round.rules, self.round.now)
        return next(each for each in decisions if each.due.situation.campaign == self.broadcast.campaign)

    def _affordable(self) -> int | None:
        """How many coupons the budget pays for; None without a limit."""
        value = self.broadcast.offer_value
        if not value or self.broadcast.budget is None:
            return None
        return self.broadcast.budget // value


def plan_of(session: Session, broadcast: Broadcast, terms: Terms, now: datetime) -> Plan:
    """How the broadcast is planned for everyone at this moment. Raises ValueError."""
    asker = terms.asker(broadcast.stations, now)
    reach = audience.size(session, question_of(session, broadcast), asker).reach
    contact = terms.campaigns.contact
    mine = situation(broadcast, reach=reach, holdout_from=contact.holdout_from, now=now)
    campaigns = replace(terms.campaigns, situations=(*terms.campaigns.situations, mine))
    loader = Loader(campaigns, terms.zone, terms.trust_self_reported, now)
    version = version_of(session, broadcast)
    words = {(mine.campaign, SITUATION): version} if version else {}
    rules = rules_of(session, campaigns, terms.zone)
    return Plan(broadcast, Round(campaigns, rules, loader, words, broadcast.currency, now))


def preview(
    session: Session,
    broadcast: Broadcast,
    terms: Terms,
    now: datetime,
    tell: Callable[[int], None] = lambda _done: None,
) -> Preview:
    """What a start at its hour would decide; nothing is written. ``tell`` hears how many are decided.

    Raises ValueError, and what ``tell`` raises.
    """
    at = planned_at(broadcast, now)
    plan = plan_of(session, broadcast, terms, at)
    asker = terms.asker(broadcast.stations, at)
    found = Preview(at)
    ids = audience.ids(session, question_of(session, broadcast), asker)
    for _known, decision in plan.people(session, ids):
        found.note(decision, broadcast.offer_value or 0)
        if found.people % TOLD_EVERY == 0:
            tell(found.people)
    return found


def version_of(session: Session, broadcast: Broadcast) -> int | None:
    """The version of its words: as handed over, and of a draft the latest."""
    latest = copies.versions(session).get((broadcast.campaign or "", SITUATION))
    return broadcast.copy_version if broadcast.stands != "draft" else latest


def words_of(session: Session, broadcast: Broadcast) -> dict[str, str]:
    """Its words by language."""
    version = version_of(session, broadcast)
    return copies.texts(session, broadcast.campaign or "", SITUATION, version) if version else {}


def draft_from(
    session: Session, broadcast: Broadcast, *, by: int, stations: Collection[int] | None, now: datetime
) -> Broadcast:
    """A new draft of ``by`` with the audience, words and coupon of this one, without its hour."""
    made = broadcasts.draft(session, by=by, stations=stations, currency=broadcast.currency, now=now)
    same = {name: getattr(broadcast, name) for name in broadcasts.EDITABLE - {"send_at"}}
    broadcasts.edit(session, made, **same)
    for locale, body in words_of(session, broadcast).items():
        copies.save(
            session,
            campaign=made.campaign or "",
            situation=SITUATION,
            locale=locale,
            body=body,
            by=str(by),
            now=now,
        )
        session.flush()
    session.refresh(made)
    return made
