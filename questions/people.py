"""People: who is meant, their card, and lists of them, within the asker's stations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from crm import identity, segments
from crm.customers import Customer, folded
from crm.segments import CustomerSegment
from questions.asker import Asker
from questions.card import card
from questions.sounds import spelled

PAGE = 8
AT_ONCE = 1_000  # names read before looking whether enough fit
LEAST_LETTERS = 2  # of pinyin, so that one letter is not half of the customers


@dataclass(frozen=True, slots=True)
class Listed:
    """One person in a list. ``spend`` in minor units of ``currency``, over the last 365 days."""

    id: int
    name: str
    number: str
    segment: str | None = None
    days: int | None = None
    spend: int = 0
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class People:
    """A page of a list, or everyone whose name fits."""

    rows: tuple[Listed, ...]
    total: int
    segment: str = ""
    page: int = 0
    pages: int = 1
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One customer; ``facts`` are JSON, as the template takes them."""

    id: int
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Nobody:
    """No such person, or none of theirs: the asker cannot tell which."""


Found = People | Person | Nobody


def in_segment(session: Session, asker: Asker, segment: str, page: int = 0) -> People:
    """Biggest spenders first. A page beyond the end is the last one: lists change while they are read."""
    these = select(Customer, CustomerSegment).join(
        CustomerSegment, CustomerSegment.customer_id == Customer.id
    )
    these = these.where(CustomerSegment.segment == segment, asker.customers)
    total = session.scalar(select(func.count()).select_from(these.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(page, 0), pages - 1)
    order = (CustomerSegment.monetary.desc(), Customer.id)
    rows = session.execute(these.order_by(*order).offset(page * PAGE).limit(PAGE)).all()
    run = segments.last_run(session)
    found = tuple(listed(customer, known, asker.today) for customer, known in rows)
    return People(found, total, segment, page, pages, run.as_of if run else None)


def listed(customer: Customer, segment: CustomerSegment | None, today: date) -> Listed:
    """A row of a list; its days are up to ``today``, though the run may have left the row as it was."""
    one = Listed(customer.id, customer.name, customer.public_number)
    if segment is None:
        return one
    return replace(
        one,
        segment=segment.segment,
        days=segment.recency_on(today),
        spend=segment.monetary,
        currency=segment.currency,
    )


def person(session: Session, asker: Asker, text: str = "", customer: int | None = None) -> Found:
    """By row, by exact number or plate, else by name. One answer for nobody and for nobody of theirs."""
    wanted = customer
    if wanted is None and (known := identity.find(session, text, asker.country)) is not None:
        wanted = known.id
    if wanted is not None:
        found = session.scalar(select(Customer).where(Customer.id == wanted, asker.customers))
        if found is not None:
            return _card(session, asker, found)
    return _by_name(session, text, asker) if text else Nobody()


def _card(session: Session, asker: Asker, found: Customer) -> Person:
    return Person(found.id, card(session, found, asker))


def _by_name(session: Session, text: str, asker: Asker) -> Found:
    name = folded(text)
    if not name:
        return Nobody()
    fits = select(Customer, CustomerSegment).outerjoin(
        CustomerSegment, CustomerSegment.customer_id == Customer.id
    )
    within = fits.where(Customer.name_folded.contains(name, autoescape=True), asker.customers)
    begins = case((Customer.name_folded.startswith(name, autoescape=True), 0), else_=1)
    order = (begins, Customer.name_folded, Customer.id)  # family names and first words come first
    rows = session.execute(within.order_by(*order).limit(PAGE + 1)).all()
    if not rows and (alike := _by_sound(session, name, asker)):
        these = fits.where(Customer.id.in_(alike)).order_by(Customer.name_folded, Customer.id)
        rows = session.execute(these.limit(PAGE + 1)).all()
    if not rows:
        return Nobody()
    if len(rows) == 1:
        return _card(session, asker, rows[0][0])
    return People(tuple(listed(one, segment, asker.today) for one, segment in rows[:PAGE]), len(rows))


def _by_sound(session: Session, name: str, asker: Asker) -> list[int]:
    """Whose Chinese name is written so in pinyin, in full or by its initials (``zhangwei``, ``zw``)."""
    wanted = "".join(sign for sign in name if sign.isalpha())
    if len(wanted) < LEAST_LETTERS or not wanted.isascii():
        return []
    people = select(Customer.id, Customer.name).where(asker.customers, Customer.name != "")
    people = people.order_by(Customer.id).execution_options(yield_per=AT_ONCE)
    with session.execute(people) as rows:
        alike = (number for number, called in rows if not called.isascii() and _sounds(wanted, called))
        return list(islice(alike, PAGE + 1))


def _sounds(wanted: str, called: str) -> bool:
    full, initials = spelled(called)
    return wanted in full or wanted in initials
