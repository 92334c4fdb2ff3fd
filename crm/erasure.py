"""Erasing a customer: nothing is left that says who they were, and nobody can bring it back by a file.

Their row stays, empty, so that the ledger, the audit and the coupons go on adding up. Their fill-ups become
anonymous sales. Of what the till calls them a keyed fingerprint stays: it tells an import whom to leave out.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, String, case, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm import audit, customers, forecasts, meta, notes, rollup, tags, talks, tasks
from crm.asked import Asked
from crm.audit import Audit
from crm.coupons import Coupon
from crm.customers import Customer, Vehicle
from crm.db import Base
from crm.errands import Errand
from crm.fillups import Fillup
from crm.inbox import Incoming
from crm.outbox import Outbound
from crm.scans import Scan
from crm.segments import CustomerSegment, DimensionChange, SegmentChange
from crm.staff import Staff

SALT = "erasure_salt"
REASON = "erased"  # why the ledger's rows did not go out, and how consent ended
TERMINAL = 0
TOLD = ("member", "reference", "phone", "card")
KEPT = ("merged_into", "merged_at", "erased_at")  # of what a customer's row may lack: these alone stay


class Erased(Base):
    """One way in which the till may still call somebody who is forgotten."""

    __tablename__ = "erased"

    digest: Mapped[str] = mapped_column(String(32), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Everyone who was erased, as an import asks for them."""

    salt: str
    digests: frozenset[str]

    def __contains__(self, called: object) -> bool:
        return bool(self.digests) and _digest(self.salt, str(called)) in self.digests


def forgotten(session: Session) -> Forgotten:
    return Forgotten(meta.get(session, SALT) or "", frozenset(session.scalars(select(Erased.digest))))


def came_back(session: Session, phone: str) -> None:
    """Whoever proves a phone that was erased is a customer again: from now on the till's word counts."""
    theirs = select(Erased.customer_id).where(Erased.digest == _digest(meta.get(session, SALT) or "", phone))
    session.execute(delete(Erased).where(Erased.customer_id.in_(theirs)))


def erase(session: Session, customer: Customer, *, by: int, now: datetime, how: str = "") -> None:
    """Forget this customer and every row that was joined into theirs. ``by``: Telegram id, 0 at the terminal.

    A message that is under way at this moment may still arrive; what waits is skipped as ``erased``.
    """
    family = _family(session, customer)
    ids = [each.id for each in family]
    chats = [each.chat_id for each in family if each.chat_id is not None]
    called = _called(session, family)
    _keep_fingerprints(session, customer.id, called)
    _end_messages(session, ids, now)
    _empty_log(session, ids, chats)
    _drop_rows(session, ids)
    _empty_chat(session, chats)
    _empty_screens(session, called, {each.name for each in family if each.name})
    _empty_audit(session, ids, chats)
    for each in family:
        _empty(session, each, now)
    audit.note(session, _actor(session, by, chats), "erase", now=now, customer_id=customer.id, detail=how)
    session.flush()
    rollup.changed_customers(session, ids)


def tidy(session: Session) -> int:
    """Let go of what a file that was being read at that moment brought for the erased; how many sales."""
    gone = select(Customer.id).where(Customer.erased_at.is_not(None))
    late = update(Fillup).where(Fillup.customer_id.in_(gone)).values(customer_id=None, vehicle_id=None)
    found = session.execute(late.returning(Fillup.id).execution_options(synchronize_session=False)).all()
    session.execute(delete(Vehicle).where(Vehicle.customer_id.in_(gone)))
    return len(found)


def _family(session: Session, customer: Customer) -> list[Customer]:
    """The row and all that were joined into it, whatever the way."""
    found, new = [customer], [customer.id]
    while new:
        joined = session.scalars(select(Customer).where(Customer.merged_into.in_(new))).all()
        found += joined
        new = [each.id for each in joined]
    return found


def _called(session: Session, family: Sequence[Customer]) -> set[str]:
    """Everything by which the till or a file may mean them."""
    ids = [each.id for each in family]
    plates = session.scalars(select(Vehicle.plate).where(Vehicle.customer_id.in_(ids)))
    ways = [getattr(each, name) for each in family for name in TOLD]
    return {way for way in (*ways, *plates) if way}


def _keep_fingerprints(session: Session, customer_id: int, called: Iterable[str]) -> None:
    salt = meta.put_once(session, SALT, secrets.token_hex(16))
    for way in sorted(called):
        session.merge(Erased(digest=_digest(salt, way), customer_id=customer_id))


def _digest(salt: str, called: str) -> str:
    return hashlib.blake2b(f"{salt}:{called}".encode(), digest_size=16).hexdigest()


def _end_messages(session: Session, ids: Sequence[int], now: datetime) -> None:
    """What waits does not go out, and what went out says no more to whom; coupons are worth nothing."""
    waits = Outbound.state == "queued"
    session.execute(
        update(Outbound)
        .where(Outbound.customer_id.in_(ids))
        .values(
            facts={},
            error=None,
            settled_at=case((waits, now), else_=Outbound.settled_at),
            reason=case((or_(waits, Outbound.state == "unknown"), REASON), else_=Outbound.reason),
            state=case((waits, "skipped"), else_=Outbound.state),
        )
        .execution_options(synchronize_session=False)
    )
    unused = update(Coupon).where(
        Coupon.customer_id.in_(ids), Coupon.redeemed_at.is_(None), Coupon.expires_at > now
    )
    session.execute(unused.values(expires_at=now).execution_options(synchronize_session=False))


def _empty_log(session: Session, ids: Sequence[int], chats: Sequence[int]) -> None:
    """Their fill-ups count on, as anybody's."""
    by_them = case((Fillup.recorded_by.in_(chats), None), else_=Fillup.recorded_by)
    session.execute(
        update(Fillup)
        .where(Fillup.customer_id.in_(ids))
        .values(customer_id=None, vehicle_id=None, recorded_by=by_them)
        .execution_options(synchronize_session=False)
    )


def _drop_rows(session: Session, ids: Sequence[int]) -> None:
    for written in (forecasts, notes, tags, tasks):
        for customer_id in ids:
            written.erase(session, customer_id)
    for table in (Vehicle, CustomerSegment, SegmentChange, DimensionChange):
        session.execute(delete(table).where(table.customer_id.in_(ids)))


def _empty_chat(session: Session, chats: Sequence[int]) -> None:
    """What they told the bot. An update that waits is still to be answered, and then forgotten as any."""
    handled = (Incoming.chat_id.in_(chats), Incoming.state != "new")
    session.execute(update(Incoming).where(*handled).values(payload={}))
    session.execute(
        update(Incoming).where(*handled, Incoming.spoken_at.is_not(None)).values(chat_id=0, replies=None)
    )
    for chat in chats:
        talks.forget(session, chat)
    session.execute(delete(Scan).where(Scan.user_id.in_(chats)))


def _empty_screens(session: Session, called: set[str], names: set[str]) -> None:
    """Where others named them: questions, errands and talks of staff, which expire, and links of friends.

    A name is looked for only where staff write: it may be short, and part of anything a driver says.
    """
    words = called | names
    staff = talks.Talk.user_id.in_(select(Staff.telegram_id))
    _drop(session, Asked, lambda row: _named(row.question, words))
    _drop(session, Errand, lambda row: row.done_at is not None and _named(row.facts, words))
    _drop(session, talks.Talk, lambda row: _named(row.data, words), staff)
    _drop(session, talks.Talk, lambda row: _named(row.data, called), talks.Talk.step.like("register.%"))
    _drop(session, Scan, lambda row: row.detail in words, Scan.source == "friend")
    brought = (Customer.source == "friend", Customer.source_detail.in_(words))
    session.execute(update(Customer).where(*brought).values(source_detail=None))


def _named(told: Any, words: set[str]) -> bool:
    text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
    return any(word in text for word in words)


def _drop(
    session: Session, table: type[Any], told: Callable[[Any], bool], *where: ColumnElement[bool]
) -> None:
    for row in session.scalars(select(table).where(*where)).all():
        if told(row):
            session.delete(row)


def _empty_audit(session: Session, ids: Sequence[int], chats: Sequence[int]) -> None:
    """Who did what when stays; what they wrote down of the person, and the person's own id, go."""
    words = (Audit.customer_id.in_(ids), Audit.action.in_(("tag", "moved")))
    session.execute(update(Audit).where(*words).values(detail=None))
    theirs = [chat for chat in chats if not _works_here(session, chat)]
    session.execute(update(Audit).where(Audit.actor.in_(theirs)).values(actor=TERMINAL))


def _actor(session: Session, by: int, chats: Sequence[int]) -> int:
    return by if by not in chats or _works_here(session, by) else TERMINAL


def _works_here(session: Session, chat: int) -> bool:
    return session.scalar(select(Staff.id).where(Staff.telegram_id == chat)) is not None


def _empty(session: Session, customer: Customer, now: datetime) -> None:
    for purpose in ("service", "marketing"):
        if getattr(customer, f"{purpose}_consent"):
            customers.consent(session, customer, purpose, False, wording="", how=REASON, now=now)
    for column in Customer.__table__.columns:
        if column.nullable and column.name not in KEPT:
            setattr(customer, column.name, None)
    customer.name, customer.erased_at = "", now
