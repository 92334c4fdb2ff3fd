"""Which situations a person stands in right now, each with the occurrence that makes it unique (pure).

``first_fillup`` and ``nudge`` happen once in a life; ``lapsing:2026-05-01`` once per absence (the day is
that of the last visit); ``became:2026-06-01`` once per rise; ``month:2026-06`` once per month;
``calendar:2026-06-12`` once per day of the chain's calendar; a broadcast is one occasion of its own.
Those of a person's own calendar are told of in outreach.occasions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from outreach import calendar, occasions
from outreach.benefits import Benefits
from outreach.campaigns import Contact, Situation
from outreach.holdout import Holdout
from outreach.person import Person

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for everyone in one round."""

    contact: Contact
    benefits: Benefits
    zone: ZoneInfo  # the chain's
    holdout: Holdout | None = None  # None: too few people to hold anyone out
    salt: str = ""  # the chain's own, for what is drawn once and stays


@dataclass(frozen=True, slots=True)
class Due:
    """An occurrence that is open for a person. ``reason`` is already known when it says why not."""

    situation: Situation
    occurrence: str
    expires_at: datetime
    unless_visit_after: datetime | None = None
    reason: str | None = None


def due(situation: Situation, person: Person, rules: Rules, now: datetime) -> Due | None:
    """The occurrence of this situation for this person, or None when they do not stand in it."""
    return _FINDERS[situation.name](situation, person, rules, now)


def _first_fillup(situation: Situation, person: Person, rules: Rules, now: datetime) -> Due | None:
    event, known = person.first_visit_at, person.first_known_at
    if event is None or known is None:
        return None
    if known - event > rules.contact.history:
        recent = now <= known + situation.expires
        return Due(situation, "first_fillup", known + situation.expires, reason="history") if recent else None
    if now > event + situation.expires:
        return None
    reason = "not_confirmed" if person.first_trusted_at is None else None
    return Due(situation, "first_fillup", event + situation.expires, reason=reason)


def _nudge(situation: Situation, person: Person, _rules: Rules, now: datetime) -> Due | None:
    if person.registered_at is None or person.last_visit_at is not None:
        return None
    event = person.registered_at + situation.after
    if not event <= now <= event + situation.expires:
        return None
    return Due(situation, "nudge", event + situation.expires, unless_visit_after=ALWAYS)


def _away(situation: Situation, person: Person, rules: Rules, now: datetime) -> Due | None:
    if person.lifecycle != situation.name or not _fresh(person, rules, now):
        return None
    if person.segment_last_visit is None or person.last_visit_at is None:
        return None
    return Due(
        situation,
        f"{situation.name}:{person.segment_last_visit.isoformat()}",
        now + situation.expires,
        unless_visit_after=person.last_visit_at,
        reason="visited" if person.visited_since else None,
    )


def _became(situation: Situation, person: Person, rules: Rules, now: datetime) -> Due | None:
    change = person.change
    if person.segment != "vip" or change is None or change.after != "vip" or change.before == "at_risk_vip":
        return None
    if now > change.at + situation.expires:
        return None
    learnt_late = (change.at.astimezone(rules.zone).date() - change.as_of) > rules.contact.history
    reason = "history" if change.before is None or learnt_late else None
    return Due(situation, f"became:{change.as_of.isoformat()}", change.at + situation.expires, reason=reason)


def _monthly(situation: Situation, person: Person, rules: Rules, now: datetime) -> Due | None:
    if person.segment != "vip" or not _fresh(person, rules, now):
        return None
    today = now.astimezone(rules.zone).date()
    end = min(now + situation.expires, _month_end(today, rules.zone))
    return Due(situation, f"month:{today:%Y-%m}", end)


def _calendar(situation: Situation, person: Person, rules: Rules, now: datetime) -> Due | None:
    """Missed hours are made up for until ``late``, and only the last of them; then it is over."""
    if situation.cron is None or person.segment not in situation.segments or not _fresh(person, rules, now):
        return None
    found = calendar.current(situation.cron, rules.zone, situation.late, now)
    if found is None:
        return None
    day, at = found
    return Due(situation, f"calendar:{day.isoformat()}", at + situation.late)


def _birthday(situation: Situation, person: Person, _rules: Rules, now: datetime) -> Due | None:
    if person.birthday is None:
        return None
    days, today = situation.expires.days, now.astimezone(person.zone).date()
    day = occasions.birthday_near(person.birthday, today, days)
    if day is None:
        return None
    return Due(situation, f"birthday:{day.year}", occasions.day_after(day, days, person.zone))


def _coupon_ending(situation: Situation, person: Person, _rules: Rules, now: datetime) -> Due | None:
    coupon = person.coupon
    if coupon is None or not coupon.expires_at - situation.before <= now < coupon.expires_at:
        return None
    if coupon.expires_at - coupon.issued_at <= situation.before:  # its own message is news enough
        return None
    since = person.last_visit_at or ALWAYS
    return Due(situation, f"coupon:{coupon.until.isoformat()}", coupon.expires_at, unless_visit_after=since)


def _by_rhythm(situation: Situation, person: Person, rules: Rules, now: datetime) -> Due | None:
    """About the day on which somebody who comes regularly may need fuel; no more than that is said."""
    today = now.astimezone(person.zone).date()
    if person.due_on is None or person.last_visit_at is None or not _fresh(person, rules, now):
        return None
    if person.lifecycle != "active" or not person.due_on <= today < person.due_on + situation.expires:
        return None
    return Due(
        situation,
        f"due:{person.segment_last_visit}",
        occasions.day_after(person.due_on, situation.expires.days, person.zone),
        unless_visit_after=person.last_visit_at,
        reason="visited" if person.visited_since else None,
    )


def _broadcast(situation: Situation, _person: Person, _rules: Rules, now: datetime) -> Due | None:
    """Whoever is planned for a broadcast is in its audience: the question has chosen them."""
    return Due(situation, situation.name, situation.ends or now + situation.expires)


def _fresh(person: Person, rules: Rules, now: datetime) -> bool:
    """Whether the last segmentation is of these days: an old one says nothing of today."""
    if person.as_of is None:
        return False
    return now.astimezone(rules.zone).date() - person.as_of <= rules.contact.history


def _month_end(day: date, zone: ZoneInfo) -> datetime:
    following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return datetime.combine(following, time(), tzinfo=zone).astimezone(UTC)


_FINDERS: Mapping[str, Callable[[Situation, Person, Rules, datetime], Due | None]] = {
    "first_fillup": _first_fillup,
    "nudge": _nudge,
    "lapsing": _away,
    "dormant": _away,
    "churned": _away,
    "became": _became,
    "monthly": _monthly,
    "calendar": _calendar,
    "birthday": _birthday,
    "coupon": _coupon_ending,
    "due": _by_rhythm,
    "broadcast": _broadcast,
}
