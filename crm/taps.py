"""Taps on the buttons of messages of the ledger: who did something with what they were sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, func, select, union_all
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.customers import Customer
from crm.db import Base, Id
from crm.outbox import Outbound


class ButtonTap(Base):
    """Somebody tapped a button of their message; again is as once. ``button``: its data without arguments."""

    __tablename__ = "button_taps"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    outbound_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"))
    button: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("outbound_id", "button"),)


def note(session: Session, *, chat_id: int, message_id: int, data: str, now: datetime) -> bool:
    """Keep the tap where the message is one of the ledger's to this chat. False: it is another message."""
    theirs = select(Customer.id).where(Customer.chat_id == chat_id)
    joined = select(Customer.id).where(Customer.merged_into.in_(theirs))
    outbound = session.scalar(
        select(Outbound.id)
        .where(Outbound.customer_id.in_(union_all(theirs, joined)), Outbound.message_id == message_id)
        .limit(1)
    )
    if outbound is None:
        return False
    button = data.partition(":")[0].replace(".", "_")[:32]
    known = select(ButtonTap.id).where(ButtonTap.outbound_id == outbound, ButtonTap.button == button)
    if session.scalar(known) is None:
        session.add(ButtonTap(outbound_id=outbound, button=button, at=now))
    return True


def people(session: Session, campaign: str) -> dict[str, int]:
    """How many people tapped each button of a campaign's messages, those joined since as one."""
    whose = func.coalesce(Customer.merged_into, Customer.id)
    rows = session.execute(
        select(ButtonTap.button, func.count(whose.distinct()))
        .join(Outbound, Outbound.id == ButtonTap.outbound_id)
        .join(Customer, Customer.id == Outbound.customer_id)
        .where(Outbound.campaign == campaign)
        .group_by(ButtonTap.button)
        .order_by(ButtonTap.button)
    )
    return {row[0]: row[1] for row in rows}
