"""All that a manager sees of one customer, as JSON facts for the template."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm import forecasts, notes, segments, stations, tags, tasks
from crm.customers import Customer, Vehicle
from crm.fillups import Fillup, counting
from crm.segments import CustomerSegment, SegmentRun
from crm.staff import Staff
from crm.stations import Station
from crm.tasks import AT_RISK, Task
from questions import past
from questions.advice import next_step
from questions.asker import Asker
from questions.why import DIMENSIONS, as_told
from segmentation.told import told

Facts = dict[str, Any]
VEHICLES, NOTES = 5, 2


def card(session: Session, customer: Customer, asker: Asker) -> Facts:
    """The customer's card. Visits and stations that are not the asker's are not in it; totals are the
    chain's."""
    segment, run = session.get(CustomerSegment, customer.id), segments.last_run(session)
    why = told(session, segment) if segment else None
    home = _home(session, customer, segment, asker)
    facts = {
        **_who(customer),
        "since": _since(session, customer, asker).isoformat(),
        "vehicles": _vehicles(session, customer),
        "home": home,
        "segment": _segment(segment, run) if segment and why else None,  # of an older version: not yet
        "why": why and as_told(why, stations.names(session)),
        "dimensions": _dimensions(segment, why, asker),
        "rhythm": _rhythm(session, customer, segment, asker.today),
        "forecast": forecast(session, customer.id, asker.today),
        "visits": past.visits(session, customer.id, asker.stations),
        "changes": past.changes(session, customer.id),
        "messages": past.messages(session, customer.id),
        "coupons": past.vouchers(session, customer.id, asker.today, asker.zone),
        "zone": str(asker.zone),
        **_said_by_staff(session, customer.id, asker.today),
    }
    return facts | {"next": next_step(facts)}


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


def _since(session: Session, customer: Customer, asker: Asker) -> date:
    """The first day anything is known of, in the chain's zone: a till knows people before they join."""
    told = customer.joined_at or customer.registered_at or customer.known_at
    came = session.scalar(select(func.min(Fillup.day)).where(Fillup.customer_id == customer.id, counting()))
    day = told.astimezone(asker.zone).date()
    return min(day, came) if came else day


def _vehicles(session: Session, customer: Customer) -> list[Facts]:
    query = select(Vehicle).where(Vehicle.customer_id == customer.id).order_by(Vehicle.id).limit(VEHICLES)
    return [{"plate": vehicle.plate, "kind": vehicle.kind} for vehicle in session.scalars(query)]


def _home(
    session: Session, customer: Customer, segment: CustomerSegment | None, asker: Asker
) -> Facts | None:
    """The home station's name, where it is one of the asker's; ``told``: they said so themselves."""
    home = customer.home_station_id or (segment and segment.home_station_id)
    if home is None or (asker.stations is not None and home not in asker.stations):
        return None
    return {"name": session.get_one(Station, home).name, "told": customer.home_station_id is not None}


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
        "buys": segment.product,
        "loyalty": segment.loyalty,
        "credit": segment.credit_risk,
        "persona": segment.persona,
        "inferred": segment.persona_inferred,
        "price": segment.price_sensitivity,
        "declining": segment.declining,
    }


def _dimensions(segment: CustomerSegment | None, why: Facts | None, asker: Asker) -> list[str]:
    """What the card says why of. Where somebody goes is said to those alone whose station it is."""
    if segment is None or why is None:
        return []
    home = segment.home_station_id
    hidden = {"segment"}
    if asker.stations is not None and home is not None and home not in asker.stations:
        hidden.add("place")
    return [name for name in DIMENSIONS if name in why and name not in hidden]


def _rhythm(
    session: Session, customer: Customer, segment: CustomerSegment | None, today: date
) -> Facts | None:
    """How often they come, how long ago the last visit is, and when the next is due: today, not at the
    last run."""
    last = session.scalar(select(func.max(Fillup.day)).where(Fillup.customer_id == customer.id, counting()))
    if last is None:
        return None
    typical = segment.typical_gap_days if segment else None
    days = typical and max(1, round(typical))
    due = segment.due_on if segment and segment.last_visit == last else None
    if due is None and days:
        due = last + timedelta(days=days)
    return {
        "typical_days": days,
        "days_now": max(0, (today - last).days),
        "due_on": due and due.isoformat(),
        "overdue_days": max(0, (today - due).days) if due else 0,
    }


def forecast(session: Session, customer_id: int, day: date) -> Facts | None:
    """What is expected of them in the next 90 days, as it may be told on that day; None also where they have
    come more often since than was expected of all 90 days: the model was wrong about them.
    """
    found = forecasts.of(session, customer_id, day)
    if found is None or _came_since(session, customer_id, found.month) > found.visits:
        return None
    told = {name: getattr(found, name) for name in ("visits", "value", "currency")}
    return told | {"month": found.month.isoformat()}


def _came_since(session: Session, customer_id: int, day: date) -> int:
    """On how many days they came after it."""
    came = select(func.count(Fillup.day.distinct())).where(
        Fillup.customer_id == customer_id, Fillup.day > day, counting()
    )
    return session.scalar(came) or 0


def _said_by_staff(session: Session, customer_id: int, today: date) -> Facts:
    written = notes.of(session, customer_id, NOTES)
    return {
        "tags": [tag.tag for tag in tags.of(session, customer_id)],
        "notes": [{"text": note.text, "by": note.by, "at": note.at.isoformat()} for note in written],
        "notes_all": notes.count(session, customer_id),
        "tasks": [task_facts(session, task, today) for task in tasks.of(session, customer_id)],
    }


def task_facts(session: Session, task: Task, today: date) -> Facts:
    """A follow-up; ``by`` is who it is for, empty for whoever manages the station; of a VIP at risk also how
    long they are away, or that they ``came`` since."""
    last = _last(session, task)
    staff = session.get(Staff, task.staff_id) if task.staff_id else None
    return {
        "id": task.id,
        "reason": task.reason,
        "words": task.words or "",
        "due": task.due.isoformat(),
        "overdue_days": max(0, (today - task.due).days),
        "away_days": (today - last).days if last else None,
        "came": last is not None and last >= task.made_on,
        "by": (staff.name or str(staff.telegram_id)) if staff else "",
        "outcome": task.outcome or "",
        "said": task.said or "",
    }


def _last(session: Session, task: Task) -> date | None:
    segment = session.get(CustomerSegment, task.customer_id) if task.reason == AT_RISK else None
    return segment.last_visit if segment else None
