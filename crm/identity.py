"""Who is meant: a customer found by exact member number, card, phone, plate or the till's reference."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from crm import fillups, forecasts, notes, phones, rollup, tags, tasks, visits
from crm.customers import Customer, Vehicle
from crm.fillups import Fillup
from crm.segments import CustomerSegment

_CHINESE_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Z][A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]"
)
_BETWEEN = re.compile(r"[\s.\-·•・]+")
MOST_JOINS = 16  # a chain of joined customers longer than this would be a fault in the records


def normal_plate(text: str) -> str:
    """A plate as it is stored and found: ``京a·12345`` is ``京A12345``, as is its full-width form."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()


def chinese_plate(text: str) -> str | None:
    """The plate if the text can only be one of mainland China (7 signs, 8 for new energy), else None."""
    plate = normal_plate(text)
    return plate if _CHINESE_PLATE.fullmatch(plate) else None


def find(session: Session, text: str, country: str) -> Customer | None:
    """The customer meant by ``text``; where it fits several, member number before card before phone,
    plate and reference. Someone joined into another is found as the other.
    """
    text = text.strip()
    if not text or len(text) > 64:
        return None
    for condition in _ways(text, country):
        customer = session.scalar(select(Customer).where(condition))
        if customer is not None:
            return current(session, customer)
    return None


def _ways(text: str, country: str) -> list[ColumnElement[bool]]:
    phone, plate = phones.normal(text, country), normal_plate(text)
    ways = [Customer.member == text, Customer.card == text]
    if phone:
        ways.append(Customer.phone == phone)
    ways.append(Customer.id.in_(select(Vehicle.customer_id).where(Vehicle.plate == plate)))
    # Written once as a reference: the phone or plate it is recognised as, otherwise the text itself.
    ways.extend(Customer.reference == way for way in dict.fromkeys((text, phone, plate)) if way)
    return ways


def current(session: Session, customer: Customer) -> Customer:
    """The customer, or the one they were joined into."""
    for _ in range(MOST_JOINS):
        if customer.merged_into is None:
            return customer
        customer = session.get_one(Customer, customer.merged_into)
    raise RuntimeError(f"customer {customer.id} is joined in a circle")


def only_at_the_till(customer: Customer) -> bool:
    """Nobody but the till has ever spoken of them, so another record may take them in."""
    return customer.member is None and customer.chat_id is None and customer.registered_at is None


TOLD = ("name", "account_id", "home_station_id", "usual_product", "persona", "birthday", "locale", "timezone")


def join(session: Session, keep: Customer, gone: Customer, now: datetime) -> None:
    """Make two rows one customer: ``keep`` takes the visits, vehicles and what it lacks itself.

    ``gone`` stays as an alias, so that the till's reference goes on to lead to ``keep``.
    """
    if keep.id == gone.id:
        return
    # What keep has already, such as a second fuel card, stays with the alias and leads to keep from there.
    missing = [name for name in ("member", "phone", "card", "chat_id") if getattr(keep, name) is None]
    taken = {name: getattr(gone, name) for name in missing}
    for name in (*missing, "chat_id"):
        setattr(gone, name, None)
    gone.merged_into, gone.merged_at = keep.id, now
    session.flush()  # a unique value must leave one row before it enters the other
    for name, value in taken.items():
        setattr(keep, name, value)
    for name in TOLD:
        setattr(keep, name, getattr(keep, name) or getattr(gone, name))
    keep.joined_at = min(filter(None, (keep.joined_at, gone.joined_at)), default=None)
    session.execute(update(Fillup).where(Fillup.customer_id == gone.id).values(customer_id=keep.id))
    session.execute(update(Vehicle).where(Vehicle.customer_id == gone.id).values(customer_id=keep.id))
    session.execute(delete(CustomerSegment).where(CustomerSegment.customer_id == gone.id))
    for written in (forecasts, notes, tags, tasks):
        written.move(session, keep.id, gone.id)
    session.flush()
    rollup.changed_customers(session, (keep.id, gone.id))
    visits.mark(session, Fillup.customer_id == keep.id)
    fillups.relink_customers(session, [keep.id], now)
