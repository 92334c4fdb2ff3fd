"""Registering in chat: a person who proved their phone becomes a customer, or turns out to be one.

Telegram vouches for the phone of a contact that somebody shares of themselves; a fuel card is proved by
the receipt of something paid with it. What a person merely types never links them to anyone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import phonenumbers
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from crm import audit, customers, erasure, identity
from crm.customers import Customer
from crm.fillups import Fillup

WRONG_CARDS, LOCKED_FOR = 5, timedelta(days=1)
WRONG_CARD = "wrong_card"


@dataclass(frozen=True, slots=True)
class Joined:
    """``known``: the till or the chain knew them before. ``left``: the chat that had the account until
    now, with its language."""

    customer: Customer
    known: bool
    left: tuple[int, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """How somebody found the bot: chat, poster (a station's code) or friend (a member number)."""

    source: str = "chat"
    detail: str | None = None
    station_id: int | None = None


def register(
    session: Session, *, chat_id: int, phone: str, name: str, locale: str, origin: Origin, now: datetime
) -> Joined:
    """Attach a chat to the customer with this proven phone (E.164), or make a new one. Never doubles.

    A phone that another chat had registered moves to this one: who holds the number holds the account.
    """
    found = _owners(session, phone)
    if not found:
        erasure.came_back(session, phone)
    customer = found[0] if found else _new(session, name, origin, now)
    for other in found[1:]:
        if identity.only_at_the_till(other):
            identity.join(session, customer, other, now)
    left = None
    if customer.chat_id is not None and customer.chat_id != chat_id:
        left = (customer.chat_id, customer.locale)
        audit.note(session, chat_id, "moved", now=now, customer_id=customer.id, detail=str(customer.chat_id))
    customer.chat_id, customer.locale, customer.reachable = chat_id, locale, True
    customer.phone = customer.phone or phone
    customer.name = customer.name or name
    customer.member = customer.member or customers.new_member_number(session)
    customer.joined_at = customer.joined_at or now
    customer.registered_at = customer.registered_at or now
    customer.home_station_id = customer.home_station_id or origin.station_id
    session.flush()
    return Joined(customer, known=bool(found), left=left)


def change_phone(session: Session, customer: Customer, phone: str, now: datetime) -> Joined:
    """A registered customer proves another phone. Visits the till keeps under it become theirs."""
    if customer.phone == phone:
        return Joined(customer, known=False)
    left = None
    for other in _owners(session, phone):
        if other.id != customer.id and identity.only_at_the_till(other):
            identity.join(session, customer, other, now)
        elif other.id != customer.id and other.chat_id is not None:
            left = (other.chat_id, other.locale)
    session.execute(update(Customer).where(Customer.phone == phone).values(phone=None))
    customer.phone = phone
    audit.note(session, customer.chat_id or 0, "phone", now=now, customer_id=customer.id)
    session.flush()
    return Joined(customer, known=False, left=left)


def cards_locked(session: Session, chat_id: int, now: datetime) -> bool:
    """Whether somebody guessed wrong too often within a day."""
    return audit.count_since(session, chat_id, WRONG_CARD, now - LOCKED_FOR) >= WRONG_CARDS


def link_card(session: Session, customer: Customer, card: str, receipt: str, now: datetime) -> bool:
    """Join what was bought with a card to a customer who holds a receipt of it.

    False whatever the reason: unknown card, wrong receipt, somebody else's. Each False counts as a try.
    """
    actor = customer.chat_id or 0
    owner = None if cards_locked(session, actor, now) else _card_owner(session, card)
    if owner is None or not _may_take(customer, owner) or not _holds(session, owner, receipt):
        audit.note(session, actor, WRONG_CARD, now=now, customer_id=customer.id)
        return False
    identity.join(session, customer, owner, now)
    customer.card = customer.card or card
    audit.note(session, actor, "link_card", now=now, customer_id=customer.id)
    session.flush()
    return True


def _owners(session: Session, phone: str) -> list[Customer]:
    """Everyone this phone leads to: whose phone it is first, then whom the till calls by it."""
    spelled = _spellings(phone)
    rows = session.scalars(
        select(Customer)
        .where(or_(Customer.phone == phone, Customer.reference.in_(spelled)))
        .order_by(Customer.phone.is_(None), Customer.registered_at.is_(None), Customer.id)
    )
    found = {customer.id: customer for customer in (identity.current(session, row) for row in rows)}
    return list(found.values())


def _spellings(phone: str) -> list[str]:
    """``+8613800130001`` as tills write it: with and without the plus, with and without the country."""
    spelled = [phone, phone.removeprefix("+")]
    try:
        spelled.append(phonenumbers.national_significant_number(phonenumbers.parse(phone)))
    except phonenumbers.NumberParseException:
        return spelled
    return spelled


def _new(session: Session, name: str, origin: Origin, now: datetime) -> Customer:
    customer = Customer(name=name, source=origin.source, source_detail=origin.detail, known_at=now)
    session.add(customer)
    return customer


def _card_owner(session: Session, card: str) -> Customer | None:
    row = session.scalar(
        select(Customer)
        .where(or_(Customer.card == card, Customer.reference == card))
        .order_by(Customer.card.is_(None), Customer.id)
    )
    return identity.current(session, row) if row else None


def _may_take(customer: Customer, owner: Customer) -> bool:
    """Only whom no chat has, and nobody with another phone."""
    nobody = owner.chat_id is None and owner.registered_at is None
    return owner.id != customer.id and nobody and owner.phone in (None, customer.phone)


def _holds(session: Session, owner: Customer, receipt: str) -> bool:
    row = select(Fillup.id).where(
        Fillup.customer_id == owner.id, Fillup.receipt == receipt, Fillup.voided_at.is_(None)
    )
    return session.scalar(row.limit(1)) is not None
