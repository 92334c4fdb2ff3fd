"""Everything kept of a person, for that person alone: facts for one text file, the newest first."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm import coupons, customers
from crm.coupons import Coupon
from crm.customers import Consent, Customer
from crm.fillups import Fillup
from crm.outbox import Answer, Outbound
from crm.segments import CustomerSegment
from crm.stations import Station
from handlers.ask import Ask
from handlers.route import Document, Reply

Facts = dict[str, Any]


def copy(ask: Ask) -> Reply:
    """The file; what staff note for one another is theirs and not in it."""
    facts = facts_of(ask.session, ask.customer, ask.house.chain_name, ask.house.timezone)
    return Reply(
        "replies/own_data_sent", document=Document("own_data", facts | {"made_at": ask.now.isoformat()})
    )


def facts_of(session: Session, person: Customer, chain: str, zone: str) -> Facts:
    """JSON. Instants as ISO strings, money in minor units, volumes in millilitres."""
    home = session.get(Station, person.home_station_id) if person.home_station_id else None
    zone = person.timezone or zone
    return {
        "chain": chain,
        "zone": zone,
        "name": person.name,
        "number": person.public_number,
        "phone": person.phone,
        "card": person.card,
        "birthday": person.birthday,
        "fuel": person.usual_product,
        "home": home.name if home else None,
        "registered_at": person.registered_at.isoformat() if person.registered_at else None,
        "friend": person.source_detail if person.source == "friend" else None,
        "vehicles": [{"plate": v.plate, "kind": v.kind} for v in customers.vehicles_of(session, person)],
        "habits": _habits(session, person),
        "consents": _consents(session, person),
        "fillups": _fillups(session, person),
        "messages": _messages(session, person),
        "coupons": _coupons(session, person, ZoneInfo(zone)),
        "answers": list(session.scalars(select(Answer.answer).where(Answer.customer_id == person.id))),
    }


def _habits(session: Session, person: Customer) -> Facts | None:
    """What was made of their visits; classes in neutral words are the template's."""
    found = session.get(CustomerSegment, person.id)
    if found is None:
        return None
    return {
        "visits": found.frequency,
        "spend": found.monetary,
        "currency": found.currency,
        "gap": round(found.typical_gap_days) if found.typical_gap_days is not None else None,
        "how_often": found.frequency_class,
        "how_much": found.value,
    }


def _consents(session: Session, person: Customer) -> list[Facts]:
    rows = session.scalars(
        select(Consent).where(Consent.customer_id == person.id).order_by(Consent.id.desc())
    )
    return [
        {"purpose": row.purpose, "granted": row.granted, "at": row.at.isoformat(), "wording": row.wording}
        for row in rows
    ]


def _fillups(session: Session, person: Customer) -> list[Facts]:
    rows = session.execute(
        select(Fillup, Station.name, Station.timezone)
        .join(Station, Station.id == Fillup.station_id)
        .where(Fillup.customer_id == person.id)
        .order_by(Fillup.at.desc(), Fillup.id.desc())
    )
    return [
        {
            "at": row.at.isoformat(),
            "zone": zone,
            "station": station,
            "product": row.product,
            "millilitres": row.millilitres,
            "amount": row.amount,
            "currency": row.currency,
            "payment": row.payment,
            "odometer_km": row.odometer_km,
            "counts": row.voided_at is None and row.same_as is None,
        }
        for row, station, zone in rows
    ]


def _messages(session: Session, person: Customer) -> list[Facts]:
    """Of what we wrote unasked: when, and on which consent."""
    rows = session.execute(
        select(Outbound.kind, Outbound.claimed_at)
        .where(Outbound.customer_id == person.id, Outbound.state == "sent", Outbound.claimed_at.is_not(None))
        .order_by(Outbound.claimed_at.desc())
    )
    return [{"purpose": kind, "at": at.isoformat()} for kind, at in rows if at is not None]


def _coupons(session: Session, person: Customer, zone: ZoneInfo) -> list[Facts]:
    rows = session.scalars(
        select(Coupon).where(Coupon.customer_id == person.id).order_by(Coupon.issued_at.desc(), Coupon.code)
    )
    return [
        {
            "code": row.code,
            "value": row.value,
            "currency": row.currency,
            "until": coupons.last_day(row, zone).isoformat(),
            "used": row.redeemed_at is not None,
        }
        for row in rows
    ]
