"""Tags: short words that staff put on customers, to find them by. No customer ever sees one."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from zlib import crc32

from sqlalchemy import ColumnElement, ForeignKey, Index, String, delete, exists, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.customers import Customer
from crm.db import Base

LONGEST = 24  # signs of one tag
MOST = 12  # tags of one customer


class Tag(Base):
    __tablename__ = "customer_tags"

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)  # in the form of ``normal``
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]

    __table_args__ = (Index("ix_customer_tags_tag", "tag"),)


class TooMany(Exception):
    """A customer with so many tags is found by none of them."""


def normal(text: str) -> str | None:
    """A tag as it is kept and found: no case, no width, letters, digits and single hyphens.

    ``#Night Shift`` is ``night-shift``. None where nothing is left, or more than LONGEST signs.
    """
    flat = unicodedata.normalize("NFKC", text).casefold().removeprefix("#")
    kept = (sign if sign.isalnum() or unicodedata.combining(sign) else " " for sign in flat)
    tag = "-".join("".join(kept).split())
    return tag if tag and len(tag) <= LONGEST else None


def short(tag: str) -> str:
    """Eight signs that stand for a tag in a button, where a long one would not fit."""
    return f"{crc32(tag.encode()):08x}"


def add(session: Session, customer_id: int, staff_id: int, tag: str, *, now: datetime) -> bool:
    """Put a tag, in the form of ``normal``, on a customer. False: it was there. Raises TooMany."""
    if session.get(Tag, (customer_id, tag)) is not None:
        return False
    if (session.scalar(select(func.count()).where(Tag.customer_id == customer_id)) or 0) >= MOST:
        raise TooMany
    session.add(Tag(customer_id=customer_id, tag=tag, staff_id=staff_id, at=now))
    session.flush()
    return True


def of(session: Session, customer_id: int) -> list[Tag]:
    """This customer's tags in the order of the alphabet."""
    return list(session.scalars(select(Tag).where(Tag.customer_id == customer_id).order_by(Tag.tag)))


def known(session: Session, among: ColumnElement[bool]) -> list[str]:
    """Every tag of customers ``among`` (a condition on Customer; see crm.scope), most used first."""
    query = (
        select(Tag.tag)
        .join(Customer, Customer.id == Tag.customer_id)
        .where(among)
        .group_by(Tag.tag)
        .order_by(func.count().desc(), Tag.tag)
    )
    return list(session.scalars(query))


def words(session: Session, among: ColumnElement[bool]) -> list[str]:
    """The same in no order, for every question: one customer of theirs is enough to know a tag."""
    every = select(Tag.tag).distinct().subquery()
    worn = exists().where(Tag.tag == every.c.tag, Customer.id == Tag.customer_id, among).correlate(every)
    return list(session.scalars(select(every.c.tag).where(worn)))


def remove(session: Session, customer_id: int, tag: str, *, staff_id: int) -> bool:
    """Take back a tag of one's own. False: it is not there, or somebody else put it."""
    own = delete(Tag).where(Tag.customer_id == customer_id, Tag.tag == tag, Tag.staff_id == staff_id)
    return session.execute(own.returning(Tag.tag)).first() is not None


def move(session: Session, keep: int, gone: int) -> None:
    """Two rows turn out to be one customer, who has the tags of both."""
    kept = select(Tag.tag).where(Tag.customer_id == keep)
    session.execute(delete(Tag).where(Tag.customer_id == gone, Tag.tag.in_(kept.scalar_subquery())))
    session.execute(update(Tag).where(Tag.customer_id == gone).values(customer_id=keep))


def erase(session: Session, customer_id: int) -> None:
    """Forget all of it with the customer."""
    session.execute(delete(Tag).where(Tag.customer_id == customer_id))
