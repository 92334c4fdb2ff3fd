"""Customers: people known from the till, from chat, or both. One row each, whatever the source."""

from __future__ import annotations

import secrets
import unicodedata
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, String, and_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column, validates

from crm.db import Base, Id


def folded(name: str) -> str:
    """A name as it is searched: no case and no width in any script, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())[:200]


def _folded_name(context: Any) -> str:
    return folded(context.get_current_parameters().get("name") or "")


_MERGED = text("merged_into IS NOT NULL")  # the few: PostgreSQL took everybody else for one row of it
_ERASED = text("erased_at IS NOT NULL")


class Customer(Base):
    """``member`` is the chain's number, ``reference`` what the till calls them when that is all we know."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    member: Mapped[str | None] = mapped_column(String(64), unique=True)
    reference: Mapped[str | None] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    name_folded: Mapped[str] = mapped_column(String(200), default=_folded_name)  # for search
    phone: Mapped[str | None] = mapped_column(String(20), unique=True)
    card: Mapped[str | None] = mapped_column(String(64), unique=True)
    chat_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    qr_token: Mapped[str | None] = mapped_column(String(32), unique=True)  # what their QR says; random
    locale: Mapped[str | None] = mapped_column(String(8))
    timezone: Mapped[str | None] = mapped_column(String(64))

    source: Mapped[str] = mapped_column(String(16), default="import")  # import, chat, poster, friend
    source_detail: Mapped[str | None] = mapped_column(
        String(64)
    )  # station code or the friend's member number
    joined_at: Mapped[datetime | None]  # became a member, as far as anyone knows
    registered_at: Mapped[datetime | None]  # registered in chat
    known_at: Mapped[datetime]

    home_station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)  # drives for them
    usual_product: Mapped[str | None] = mapped_column(String(32))
    persona: Mapped[str | None] = mapped_column(
        String(16)
    )  # declared: private, taxi, business, heavy, eco, fleet
    birthday: Mapped[str | None] = mapped_column(String(10))  # MM-DD, or YYYY-MM-DD

    service_consent: Mapped[bool] = mapped_column(default=False)
    marketing_consent: Mapped[bool] = mapped_column(default=False)
    reachable: Mapped[bool] = mapped_column(default=True)  # False: blocked the bot or the account is gone

    merged_into: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    merged_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]  # forgotten at their own wish: an empty row (crm/erasure.py)

    __table_args__ = (
        Index("ix_customers_name_folded", "name_folded"),
        Index("ix_customers_merged_into", "merged_into", sqlite_where=_MERGED, postgresql_where=_MERGED),
        Index("ix_customers_erased", "id", sqlite_where=_ERASED, postgresql_where=_ERASED),
    )

    @validates("name")
    def _fold(self, _key: str, name: str) -> str:
        self.name_folded = folded(name)
        return name

    @property
    def public_number(self) -> str:
        """How people outside the database call this customer."""
        return self.member or self.reference or ""


class Vehicle(Base):
    __tablename__ = "vehicles"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    plate: Mapped[str | None] = mapped_column(String(32), unique=True)
    kind: Mapped[str | None] = mapped_column(String(16))  # as the person said: car, suv, taxi, van, truck, ev


class Consent(Base):
    """Who agreed to what, when, and to which wording. Rows are only added; the last one counts."""

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(16))  # service, marketing
    granted: Mapped[bool]
    wording: Mapped[str] = mapped_column(String(32))  # version of the text that was shown
    how: Mapped[str] = mapped_column(String(32))  # notice, stop, resume, button
    at: Mapped[datetime]


def standing() -> ColumnElement[bool]:
    """Customers of their own: neither joined into another nor erased."""
    return and_(Customer.merged_into.is_(None), Customer.erased_at.is_(None))


def by_chat(session: Session, chat_id: int) -> Customer | None:
    return session.scalar(select(Customer).where(Customer.chat_id == chat_id))


def consent(
    session: Session,
    customer: Customer,
    purpose: str,
    granted: bool,
    *,
    wording: str,
    how: str,
    now: datetime,
) -> None:
    """Record an answer to one purpose; the log keeps every answer, the customer the last."""
    session.add(
        Consent(customer_id=customer.id, purpose=purpose, granted=granted, wording=wording, how=how, at=now)
    )
    setattr(customer, f"{purpose}_consent", granted)


def set_reachable(session: Session, chat_id: int, reachable: bool) -> None:
    """Whether the bot may write to this person at all: False when they blocked it or are gone."""
    session.execute(update(Customer).where(Customer.chat_id == chat_id).values(reachable=reachable))


def qr_token(customer: Customer) -> str:
    """What the customer's QR says: 120 random bits that lead to them and mean nothing else."""
    if customer.qr_token is None:
        customer.qr_token = secrets.token_urlsafe(15)
    return customer.qr_token


def by_qr_token(session: Session, token: str) -> Customer | None:
    if not token or len(token) > 32:
        return None
    return session.scalar(select(Customer).where(Customer.qr_token == token))


def vehicles_of(session: Session, customer: Customer) -> list[Vehicle]:
    """Their vehicles, the one named first first."""
    return list(
        session.scalars(select(Vehicle).where(Vehicle.customer_id == customer.id).order_by(Vehicle.id))
    )


def consents_of(session: Session, customer: Customer) -> dict[str, Consent]:
    """The last answer to each purpose."""
    answers = session.scalars(select(Consent).where(Consent.customer_id == customer.id).order_by(Consent.id))
    return {answer.purpose: answer for answer in answers}


def new_member_number(session: Session) -> str:
    """A member number that cannot be walked: ten random digits, not a counter."""
    while True:
        number = f"{secrets.randbelow(9 * 10**9) + 10**9}"
        if session.scalar(select(Customer.id).where(Customer.member == number)) is None:
            return number
