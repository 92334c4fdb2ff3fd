"""All that a manager sees of one customer, as JSON facts for the template."""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm import segments
from crm.customers import Customer, Vehicle
from crm.fillups import Fillup, counting
from crm.segments import CustomerSegment, SegmentChange, SegmentRun
from crm.stations import Station
from questions.why import DIMENSIONS
from segmentation.told import told

Facts = dict[str, Any]
VISITS, CHANGES, VEHICLES = 5, 4, 5
ROWS = 40  # enough rows for five visits of several lines each
ONE_VISIT = timedelta(minutes=10)


def card(
    session: Session, customer: Customer, stations: frozenset[int] | None, today: date, zone: tzinfo
) -> Facts:
    """The customer's card. Visits and stations outside ``stations`` are not in it; totals are the chain's."""
    segment, run = session.get(CustomerSegment, customer.id), segments.last_run(session)
    why = told(session, segment) if segment else None
    return {
        **_who(customer),
        "since": _since(session, customer, zone).isoformat(),
        "vehicles": _vehicles(session, customer),
        "home": _home(session, customer, stations),
        "segment": segment and _segment(segment, run),
        "why": why,
        "dimensions": _dimensions(segment, why, stations),
        "rhythm": _rhythm(session, customer, segment, today),
        "visits": _visits(session, customer, stations),
        "changes": _changes(session, customer),
    }


def _who(customer: Customer) -> Facts:
    return {
        "id": customer.id,
        "name": customer.name,
        "number": customer.public_number,
        "source": customer.source,
        "in_chat": customer.chat_id is not None,
        "reachable": customer.chat_id is not None and customer.reachable,
        "service": customer.service_consent,
        "marketing": customer.marketing_consent,
        "product": customer.usual_product,
    }


def _since(session: Session, customer: Customer, zone: tzinfo) -> date:
    """The first day anything is known of, in the chain's zone: a till knows people before they join."""
    told = customer.joined_at or customer.registered_at or customer.known_at
    came = session.scalar(select(func.min(Fillup.day)).where(Fillup.customer_id == customer.id, counting()))
    day = told.astimezone(zone).date()
    return min(day, came) if came else day


def _vehicles(session: Session, customer: Customer) -> list[Facts]:
    query = select(Vehicle).where(Vehicle.customer_id == customer.id).order_by(Vehicle.id).limit(VEHICLES)
    return [{"plate": vehicle.plate, "kind": vehicle.kind} for vehicle in session.scalars(query)]


def _home(session: Session, customer: Customer, stations: frozenset[int] | None) -> str | None:
    """The home station's name, where it is one of the asker's."""
    home = customer.home_station_id
    if home is None or (stations is not None and home not in stations):
        return None
    return session.get_one(Station, home).name


def _segment(segment: CustomerSegment, run: SegmentRun | None) -> Facts:
    as_of = run.as_of if run else segment.as_of
    return {
        "name": segment.segment,
        "as_of": as_of.isoformat(),
        "recency_days": segment.recency_on(as_of),
        "frequency": segment.frequency,
        "monetary": segment.monetary,
        "currency": segment.currency,
        "r": segment.r,
        "f": segment.f,
        "m": segment.m,
        "rfm": segment.rfm_segment,
        "value": segment.value,
        "frequency_class": segment.frequency_class,
        "lifecycle": segment.lifecycle,
    }


def _dimensions(
    segment: CustomerSegment | None, why: Facts | None, stations: frozenset[int] | None
) -> list[str]:
    """What the card says why of. Where somebody goes is said to those alone whose station it is."""
    if segment is None or why is None:
        return []
    home = segment.home_station_id
    hidden = {"segment"}
    if stations is not None and home is not None and home not in stations:
        hidden.add("place")
    return [name for name in DIMENSIONS if name in why and name not in hidden]


def _rhythm(
    session: Session, customer: Customer, segment: CustomerSegment | None, today: date
) -> Facts | None:
    """How often they come, and how long ago the last visit is, today rather than at the last run."""
    last = session.scalar(select(func.max(Fillup.day)).where(Fillup.customer_id == customer.id, counting()))
    if last is None:
        return None
    typical = segment.typical_gap_days if segment else None
    return {"typical_days": typical and max(1, round(typical)), "days_now": max(0, (today - last).days)}


def _visits(session: Session, customer: Customer, stations: frozenset[int] | None) -> list[Facts]:
    query = (
        select(Fillup, Station)
        .join(Station, Station.id == Fillup.station_id)
        .where(Fillup.customer_id == customer.id, counting())
        .order_by(Fillup.at.desc(), Fillup.id.desc())
        .limit(ROWS)
    )
    if stations is not None:
        query = query.where(Fillup.station_id.in_(stations))
    visits: list[list[tuple[Fillup, Station]]] = []
    for row in session.execute(query):
        if visits and _same_visit(visits[-1][-1][0], row[0]):
            visits[-1].append(row)
        else:
            visits.append([row])
    return [_visit(rows) for rows in visits[:VISITS]]


def _same_visit(later: Fillup, earlier: Fillup) -> bool:
    """Lines of one receipt, or rows of one customer at one station within ten minutes."""
    if later.station_id != earlier.station_id:
        return False
    one_receipt = later.receipt is not None and later.receipt == earlier.receipt
    return one_receipt or later.at - earlier.at <= ONE_VISIT


def _visit(rows: list[tuple[Fillup, Station]]) -> Facts:
    """Newest row first. What some row does not know is left out of the sum, and unknown if none knows."""
    first, station = rows[-1]
    fillups = [fillup for fillup, _ in rows]
    amounts = [fillup.amount for fillup in fillups if fillup.amount is not None]
    litres = [fillup.millilitres for fillup in fillups if fillup.millilitres is not None]
    return {
        "at": first.at.isoformat(),
        "zone": station.timezone,
        "station": station.name,
        "products": list(dict.fromkeys(fillup.product for fillup in reversed(fillups) if fillup.product)),
        "millilitres": sum(litres) if litres else None,
        "amount": sum(amounts) if amounts else None,
        "currency": first.currency,
        "confirmed": any(fillup.confirmed for fillup in fillups),
    }


def _changes(session: Session, customer: Customer) -> list[Facts]:
    query = (
        select(SegmentChange)
        .where(SegmentChange.customer_id == customer.id, SegmentChange.before.is_not(None))
        .order_by(SegmentChange.as_of.desc(), SegmentChange.id.desc())
        .limit(CHANGES)
    )
    return [
        {"day": change.as_of.isoformat(), "before": change.before, "after": change.after}
        for change in session.scalars(query)
    ]
