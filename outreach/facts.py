"""What a message may say of a person: plain values for a template, nothing that names a class."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from babel.numbers import get_currency_precision

from outreach.campaigns import Offer
from outreach.person import Person
from outreach.plan import Planned


def facts_for(planned: Planned, person: Person, *, currency: str, now: datetime) -> dict[str, Any]:
    """JSON values. Every name is always there; what nobody knows is None.

    ``away`` is {unit: days|weeks|months, n}; ``coupon`` is filled in when the message is claimed, from
    ``offer`` {value (minor units), currency, days, again_after_days}.
    """
    situation = planned.due.situation
    return {
        "name": person.name.strip() or None,
        "station": person.station,
        "fuel": person.usual,
        "days_away": person.days_away(now),
        "away": away(person.days_away(now)),
        "usual_gap_days": round(person.typical_gap_days) if person.typical_gap_days else None,
        "zone": person.zone.key,
        "benefit": planned.benefit.id if planned.benefit else None,
        "asks": situation.asks,
        "offer": offer(situation.offer, currency) if situation.offer else None,
        "coupon": _open_coupon(person) if situation.name == "coupon" else None,
    }


def _open_coupon(person: Person) -> dict[str, Any] | None:
    """The coupon they hold, as the message that brought it told of it."""
    coupon = person.coupon
    if coupon is None:
        return None
    return {
        "code": coupon.code,
        "value": coupon.value,
        "currency": coupon.currency,
        "until": coupon.until.isoformat(),
    }


def away(days: int | None) -> dict[str, Any] | None:
    """Days as people say them: days below two weeks, weeks below two months, then months."""
    if days is None:
        return None
    if days < 14:
        return {"unit": "days", "n": days}
    if days < 60:
        return {"unit": "weeks", "n": days // 7}
    return {"unit": "months", "n": days // 30}


def offer(given: Offer, currency: str) -> dict[str, Any]:
    """The offer in minor units of the chain's currency. Raises ValueError for a value it cannot hold."""
    minor = given.value.scaleb(get_currency_precision(currency))
    if minor != minor.to_integral_value():
        raise ValueError(f"an offer of {given.value} cannot be paid in {currency}")
    return {
        "value": int(minor),
        "currency": currency,
        "days": given.days,
        "again_after_days": given.again_after_days,
    }
