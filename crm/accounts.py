"""Accounts: companies whose drivers fill up and that pay later. The fleets' side of the customers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id


class Account(Base):
    """``code`` is what the chain's books call it. What nobody told is empty. Money in ``currency``."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    industry: Mapped[str | None] = mapped_column(String(64))
    size: Mapped[str | None] = mapped_column(String(32))
    region: Mapped[str | None] = mapped_column(String(120))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    currency: Mapped[str] = mapped_column(String(3))
    credit_limit: Mapped[int | None] = mapped_column(BigInteger)  # minor units; empty: prepaid
    balance: Mapped[int | None] = mapped_column(BigInteger)  # minor units owed; below zero: they are ahead
    days_overdue: Mapped[int | None]
    failed_payments: Mapped[int | None]
    known_at: Mapped[datetime]


class AccountSegment(Base):
    """One row per account: what its drivers' visits come to, as of the last run of the segmentation.

    ``group_tier`` is the tier of the whole group that the account belongs to, by its topmost parent.
    """

    __tablename__ = "account_segments"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    as_of: Mapped[date]
    drivers: Mapped[int] = mapped_column(default=0)
    frequency: Mapped[int] = mapped_column(default=0)
    monetary: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str | None] = mapped_column(String(3))
    value: Mapped[str | None] = mapped_column(String(8))
    frequency_class: Mapped[str | None] = mapped_column(String(8))
    lifecycle: Mapped[str] = mapped_column(String(16))
    credit_risk: Mapped[str] = mapped_column(String(8))
    tier: Mapped[str | None] = mapped_column(String(16), index=True)
    group_tier: Mapped[str | None] = mapped_column(String(16))
    why: Mapped[dict[str, Any]]


def by_code(session: Session, code: str) -> Account | None:
    return session.scalar(select(Account).where(Account.code == code))


def codes(session: Session) -> dict[str, int]:
    """Every account's code and id."""
    return dict(session.execute(select(Account.code, Account.id)).all())
