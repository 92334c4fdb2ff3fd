"""Real renderings: what these people would read if the broadcast went out now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from crm.broadcasts import Broadcast
from outreach import audience
from outreach.audience import Terms
from outreach.broadcast import plan_of, planned_at, question_of, words_of
from outreach.facts import facts_for
from outreach.message import Words
from outreach.messenger import Buttons
from outreach.outbox import Claimed
from outreach.person import Person
from outreach.plan import Planned

MOST = 5
LOOKED_AT = 20  # of each kind, until enough are found who would get it
CODE = "X" * 10  # a coupon's code is drawn when its message is sent


@dataclass(frozen=True, slots=True)
class Sample:
    """One person's message in a language of theirs or another; ``text`` is Telegram HTML."""

    person: Person
    row: Claimed

    def in_(self, locale: str, words: Words) -> tuple[str, Buttons]:
        return words.of(replace(self.row, locale=locale))


def samples(
    session: Session, broadcast: Broadcast, terms: Terms, now: datetime, most: int = MOST
) -> list[Sample]:
    """Up to ``most`` people who would get it, those with the longest and the emptiest names first.

    Raises ValueError where the audience means nothing.
    """
    at = planned_at(broadcast, now)
    plan, asker = plan_of(session, broadcast, terms, at), terms.asker(broadcast.stations, at)
    wanted = audience.examples(session, question_of(session, broadcast), asker, LOOKED_AT)
    texts = words_of(session, broadcast)
    found: dict[int, Sample] = {}
    for (person, _past), decision in plan.people(session, wanted):
        if isinstance(decision, Planned):
            facts = facts_for(decision, person, currency=broadcast.currency, now=at)
            row = _row(
                broadcast, person, facts | {"coupon": _coupon(facts, decision.not_before, person)}, texts
            )
            found[person.customer_id] = Sample(person, row)
    return [found[number] for number in wanted if number in found][:most]


def _row(broadcast: Broadcast, person: Person, facts: dict[str, Any], texts: dict[str, str]) -> Claimed:
    return Claimed(
        id=0,
        customer_id=person.customer_id,
        chat_id=0,
        locale=None,
        campaign=broadcast.campaign or "",
        occurrence="broadcast",
        kind="marketing",
        template="",
        facts=facts,
        copies=texts,
    )


def _coupon(facts: dict[str, Any], at: datetime, person: Person) -> dict[str, Any] | None:
    offer = facts["offer"]
    if offer is None:
        return None
    until = at.astimezone(person.zone).date() + timedelta(days=offer["days"])
    return {"code": CODE, "value": offer["value"], "currency": offer["currency"], "until": until.isoformat()}


def named(found: Sequence[Sample]) -> list[int]:
    """Whose data is shown, for the audit."""
    return [each.person.customer_id for each in found]
