"""The ledger of unasked messages: one row per campaign occurrence and person, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.coupons import Coupon
from crm.customers import Customer
from crm.db import Base, Id

__all__ = ["HELD", "STATES", "TREATED", "WENT_OUT", "Answer", "Coupon", "Outbound", "answer"]

STATES = ("queued", "sending", "sent", "failed", "blocked", "unknown", "skipped", "expired")
WENT_OUT = ("sending", "sent", "unknown")  # may have reached the person: what the caps count
TREATED, HELD = "treated", "holdout"  # the arms; a row without one is part of no comparison


class Outbound(Base):
    """``queued`` rows wait; ``sending`` ones are out with one sender; every other state is an end."""

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
    priority: Mapped[int]  # 1 goes first
    template: Mapped[str] = mapped_column(String(64))
    copy_version: Mapped[int | None]  # of the edited words, as they stood when it was planned
    facts: Mapped[dict[str, Any]]
    planned_at: Mapped[datetime]
    arm: Mapped[str | None] = mapped_column(String(8))  # fixed at ``planned_at``, the moment of eligibility
    not_before: Mapped[datetime]
    window_end: Mapped[datetime | None]  # quiet hours begin again; the next round finds a new window
    expires_at: Mapped[datetime]
    unless_visit_after: Mapped[datetime | None]  # a fill-up after this takes the message's ground away
    claimed_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    settled_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    paid: Mapped[bool] = mapped_column(default=False)  # claimed at a tenth of a Star
    error: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        UniqueConstraint("campaign", "occurrence", "customer_id"),
        Index("ix_outbox_state_priority", "state", "priority", "id"),
        Index("ix_outbox_customer_claimed", "customer_id", "claimed_at"),
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint(f"arm in {(TREATED, HELD)}", name="arm"),
    )


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


def answer(
    session: Session, *, chat_id: int, outbound_id: int, question: str, said: str, now: datetime
) -> bool:
    """Keep one tap on a message's question; the last tap counts. False: that message was not theirs."""
    customer_id = session.scalar(
        select(Outbound.customer_id)
        .join(Customer, Customer.id == Outbound.customer_id)
        .where(Outbound.id == outbound_id, Customer.chat_id == chat_id)
    )
    if customer_id is None:
        return False
    kept = session.scalar(
        select(Answer).where(
            Answer.customer_id == customer_id, Answer.question == question, Answer.outbound_id == outbound_id
        )
    )
    if kept is None:
        kept = Answer(customer_id=customer_id, question=question, outbound_id=outbound_id)
        session.add(kept)
    kept.answer = said
    kept.at = now
    return True
