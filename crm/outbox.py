"""The ledger of unasked messages: one row per campaign occurrence and person, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.db import Base, Id

STATES = ("queued", "sending", "sent", "failed", "blocked", "unknown", "skipped", "expired")


class Outbound(Base):
    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign: Mapped[str] = mapped_column(String(48))
    occurrence: Mapped[str] = mapped_column(String(64))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    state: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(
        String(32)
    )  # of skipped, failed, expired, and of waiting in the queue
    kind: Mapped[str] = mapped_column(String(16))  # marketing, service
    priority: Mapped[int]
    template: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]]
    planned_at: Mapped[datetime]
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    settled_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        UniqueConstraint("campaign", "occurrence", "customer_id"),
        Index("ix_outbox_state_not_before", "state", "not_before"),
        Index("ix_outbox_customer_settled", "customer_id", "settled_at"),
        CheckConstraint(f"state in {STATES}", name="state"),
    )


class Coupon(Base):
    """A single-use code. 50 random bits; redeemed by one conditional UPDATE."""

    __tablename__ = "coupons"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    campaign: Mapped[str] = mapped_column(String(48))
    occurrence: Mapped[str] = mapped_column(String(64))
    value: Mapped[int] = mapped_column(BigInteger)  # minor units
    currency: Mapped[str] = mapped_column(String(3))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]
    redeemed_by: Mapped[int | None] = mapped_column(BigInteger)
    redeemed_station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))

    __table_args__ = (UniqueConstraint("campaign", "occurrence", "customer_id"),)


class Answer(Base):
    """What a person answered with one tap, such as why they left."""

    __tablename__ = "answers"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    question: Mapped[str] = mapped_column(String(32))
    answer: Mapped[str] = mapped_column(String(32))
    outbound_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"))
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("customer_id", "question", "outbound_id"),)
