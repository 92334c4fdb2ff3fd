"""From a question to its answer, within the stations of whoever asks: the one door to customers for staff."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from crm import identity, scope, segments
from crm.customers import Customer, folded
from crm.segments import CustomerSegment, SegmentRun
from questions.card import card
from questions.question import Question

PAGE = 8
ORDER = (
    "vip", "at_risk_vip", "regular", "new", "reactivated", "lapsing", "dormant", "churned", "prospect",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose answer it is: their stations (None: the whole chain), their day and zone, how phones are read."""

    stations: frozenset[int] | None
    today: date
    country: str
    zone: tzinfo

    @property
    def customers(self) -> ColumnElement[bool]:
        return scope.customers_of(self.stations, scope.since(self.today))


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """``change`` since an earlier day; None when there is none to compare with."""

    segment: str
    count: int
    share: float
    change: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    as_of: date | None  # None: segments have never been computed
    total: int
    rows: tuple[SegmentCount, ...]
    since: date | None = None  # the earlier day that the changes are counted from


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


Answer = Counts | People | Person | Nobody


def answer(session: Session, question: Question, asker: Asker) -> Answer:
    """Every answer about customers. Nothing outside the asker's stations enters it."""
    if question.kind == "counts":
        return _counts(session, asker)
    if question.kind == "list":
        return _list(session, question, asker)
    return _person(session, question, asker)


def _counts(session: Session, asker: Asker) -> Counts:
    run = segments.last_run(session)
    if run is None:
        return Counts(None, 0, ())
    now = segments.counts(session, asker.customers)
    since = segments.day_before(session, run)
    before = segments.counts_on(session, since, asker.customers) if since else None
    total = sum(now.values())
    rows = (
        SegmentCount(
            name,
            now.get(name, 0),
            now.get(name, 0) / total if total else 0.0,
            None if before is None else now.get(name, 0) - before.get(name, 0),
        )
        for name in ORDER
    )
    return Counts(run.as_of, total, tuple(rows), since)


def _list(session: Session, question: Question, asker: Asker) -> People:
    """Biggest spenders first. A page beyond the end is the last one: lists change while they are read."""
    these = select(Customer, CustomerSegment).join(
        CustomerSegment, CustomerSegment.customer_id == Customer.id
    )
    these = these.where(CustomerSegment.segment == question.segment, asker.customers)
    total = session.scalar(select(func.count()).select_from(these.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(question.page, 0), pages - 1)
    order = (CustomerSegment.monetary.desc(), Customer.id)
    rows = session.execute(these.order_by(*order).offset(page * PAGE).limit(PAGE)).all()
    run = segments.last_run(session)
    listed = tuple(_listed(customer, segment, run) for customer, segment in rows)
    return People(listed, total, question.segment, page, pages, run.as_of if run else None)


def _listed(customer: Customer, segment: CustomerSegment | None, run: SegmentRun | None) -> Listed:
    listed = Listed(customer.id, customer.name, customer.public_number)
    if segment is None:
        return listed
    return replace(
        listed,
        segment=segment.segment,
        days=segment.recency_on(run.as_of if run else segment.as_of),
        spend=segment.monetary,
        currency=segment.currency,
    )


def _person(session: Session, question: Question, asker: Asker) -> Answer:
    """By row, by exact number or plate, else by name. One answer for nobody and for nobody of theirs."""
    wanted = question.customer
    if wanted is None and (known := identity.find(session, question.text, asker.country)) is not None:
        wanted = known.id
    if wanted is not None:
        customer = session.scalar(select(Customer).where(Customer.id == wanted, asker.customers))
        if customer is not None:
            return Person(customer.id, card(session, customer, asker.stations, asker.today, asker.zone))
    return _by_name(session, question.text, asker) if question.text else Nobody()


def _by_name(session: Session, text: str, asker: Asker) -> Answer:
    name = folded(text)
    if not name:
        return Nobody()
    fits = select(Customer, CustomerSegment).outerjoin(
        CustomerSegment, CustomerSegment.customer_id == Customer.id
    )
    fits = fits.where(Customer.name_folded.contains(name, autoescape=True), asker.customers)
    begins = case((Customer.name_folded.startswith(name, autoescape=True), 0), else_=1)
    order = (begins, Customer.name_folded, Customer.id)  # family names and first words come first
    rows = session.execute(fits.order_by(*order).limit(PAGE + 1)).all()
    if not rows:
        return Nobody()
    if len(rows) == 1:
        customer = rows[0][0]
        return Person(customer.id, card(session, customer, asker.stations, asker.today, asker.zone))
    run = segments.last_run(session)
    listed = tuple(_listed(customer, segment, run) for customer, segment in rows[:PAGE])
    return People(listed, len(rows))
