"""Leases: of several replicas, one does the work. A lease that is not renewed falls to the next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import String, delete, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base


class Lease(Base):
    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime]


def take(
    session: Session,
    name: str,
    owner: str,
    seconds: float,
    *,
    now: datetime,
    gone: Callable[[str], bool] = lambda _owner: False,
) -> bool:
    """Take or renew the lease. False while somebody else holds it.

    ``gone(owner)`` may say that the owner's process surely runs no more; then its lease has ended.
    """
    until = now + timedelta(seconds=seconds)
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    session.execute(
        insert(Lease)
        .values(name=name, owner=owner, until=until)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    held = session.get(Lease, name, populate_existing=True)
    if held is not None and held.owner != owner and gone(held.owner):
        release(session, name, held.owner)
        return take(session, name, owner, seconds, now=now)
    taken = session.execute(
        update(Lease)
        .where(Lease.name == name, or_(Lease.owner == owner, Lease.until <= now))
        .values(owner=owner, until=until)
        .returning(Lease.name)
    )
    return taken.first() is not None


def renew(session: Session, name: str, owner: str, seconds: float, *, now: datetime) -> bool:
    """Keep a lease that is ours in one statement. False when it is another's."""
    kept = session.execute(
        update(Lease)
        .where(Lease.name == name, Lease.owner == owner)
        .values(until=now + timedelta(seconds=seconds))
        .returning(Lease.name)
    )
    return kept.first() is not None


def release(session: Session, name: str, owner: str) -> None:
    """Give the lease back, so that the next need not wait for its end."""
    session.execute(delete(Lease).where(Lease.name == name, Lease.owner == owner))
