"""Broadcasts: one message to a group, once. Drafted, approved by others, sent, and what stands in between.

A broadcast's rows in the ledger carry its ``campaign``. Every move from one stand to the next is one
conditional UPDATE: of two people who tap at once one moves it, and a tap that comes again finds it moved.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Select, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base, Id

STANDS = ("draft", "waiting", "approved", "running", "paused", "stopped", "done", "dropped")
CLAIMED = ("running", "done")  # of all others nothing is claimed; ``done`` may hold what a person sends again
SITUATION = "broadcast"  # its occurrence in the ledger, and what its words are kept under
PAYABLE = ("draft", "waiting", "approved", "running", "paused")
EDITABLE = frozenset(
    {"name", "audience", "offer_value", "offer_days", "budget", "send_at", "lasts_hours", "photo"}
)


class Broadcast(Base):
    """``stations``: whose customers it may reach, as its drafter may (none: the whole chain)."""

    __tablename__ = "broadcasts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign: Mapped[str | None] = mapped_column(String(48), unique=True)
    name: Mapped[str] = mapped_column(String(64), default="")
    stands: Mapped[str] = mapped_column(String(8), default="draft")
    revision: Mapped[int] = mapped_column(default=1)  # a change makes what was seen and approved void
    drafted_by: Mapped[int] = mapped_column(BigInteger)
    stations: Mapped[list[Any] | None]
    audience: Mapped[str | None] = mapped_column(String(400))  # a question as it is typed
    photo: Mapped[str | None] = mapped_column(String(255))  # Telegram's file_id; its words are the caption
    currency: Mapped[str] = mapped_column(String(3))
    offer_value: Mapped[int | None] = mapped_column(BigInteger)  # minor units
    offer_days: Mapped[int | None]
    budget: Mapped[int | None] = mapped_column(BigInteger)  # minor units, for all its coupons together
    stars: Mapped[int | None]  # Telegram Stars that may be paid for speed; none: it goes at the free rate
    paid: Mapped[int] = mapped_column(default=0)  # messages that were paid for
    send_at: Mapped[datetime | None]  # none: as soon as it is approved
    lasts_hours: Mapped[int] = mapped_column(default=24)
    copy_version: Mapped[int | None]  # of its words, from the moment at which approval was asked for
    size: Mapped[int | None]  # people it could reach when approval was asked for
    created_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    why: Mapped[str | None] = mapped_column(String(16))  # of its last stand: person, errors, stars, late

    __table_args__ = (CheckConstraint(f"stands in {STANDS}", name="stands"),)


class Look(Base):
    """What somebody has seen of a revision, and whether they approved it."""

    __tablename__ = "broadcast_looks"

    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id"), primary_key=True)
    telegram_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counted_at: Mapped[datetime | None]  # what would become of everyone
    seen_at: Mapped[datetime | None]  # real renderings
    tested_at: Mapped[datetime | None]  # a test message to themselves
    approved_at: Mapped[datetime | None]


class Screen(Base):
    """A message that shows how far a broadcast is, kept up to date while it runs."""

    __tablename__ = "broadcast_screens"

    broadcast_id: Mapped[int] = mapped_column(ForeignKey("broadcasts.id"), primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    locale: Mapped[str] = mapped_column(String(8))
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    over: Mapped[bool] = mapped_column(default=False)  # it shows the end


def draft(
    session: Session, *, by: int, stations: Collection[int] | None, currency: str, now: datetime
) -> Broadcast:
    """A new one, empty."""
    made = Broadcast(
        drafted_by=by,
        stations=None if stations is None else sorted(stations),
        currency=currency,
        created_at=now,
    )
    session.add(made)
    session.flush()
    made.campaign = f"b{made.id}"
    session.flush()
    return made


def visible(by: int, *, all_of_them: bool) -> Select[Broadcast]:
    """Those whom somebody may see, the newest first: everybody's, or their own."""
    query = select(Broadcast).where(Broadcast.stands != "dropped").order_by(Broadcast.id.desc())
    return query if all_of_them else query.where(Broadcast.drafted_by == by)


def edit(session: Session, broadcast: Broadcast, **values: Any) -> None:
    """Change a draft. Raises ValueError for anything but a draft: what was approved is what is sent."""
    if not values.keys() <= EDITABLE:
        raise ValueError(f"{sorted(values.keys() - EDITABLE)} cannot be edited")
    if not _move(session, broadcast.id, ("draft",), "draft", **values, revision=Broadcast.revision + 1):
        raise ValueError("it is no draft any more")


def ask(session: Session, broadcast: Broadcast, *, version: int, size: int, now: datetime) -> bool:
    """Hand a draft to those who approve, with the words as they stand. False: it was no draft."""
    values = {"copy_version": version, "size": size, "asked_at": now, "why": None}
    return _move(session, broadcast.id, ("draft",), "waiting", **values)


def look(
    session: Session,
    broadcast: Broadcast,
    by: int,
    *,
    now: datetime,
    counted: bool = False,
    seen: bool = False,
    tested: bool = False,
) -> Look:
    """Remember what somebody saw of it as it stands."""
    key = (broadcast.id, by, broadcast.revision)
    found = session.get(Look, key)
    if found is None:
        found = Look(broadcast_id=key[0], telegram_id=key[1], revision=key[2])
        session.add(found)
    if counted:
        found.counted_at = found.counted_at or now
    if seen:
        found.seen_at = found.seen_at or now
    if tested:
        found.tested_at = found.tested_at or now
    session.flush()
    return found


def approve(session: Session, broadcast: Broadcast, by: int, needed: int, *, now: datetime) -> bool:
    """One more says yes; with enough of them it is approved. False: said before, or it does not wait.

    The row of the broadcast is written first: of two who approve at once the second waits for the first,
    and counts with it.
    """
    if not _move(session, broadcast.id, ("waiting",), "waiting"):
        return False
    found = look(session, broadcast, by, now=now)
    if found.approved_at is not None:
        return False
    found.approved_at = now
    session.flush()
    if approvals(session, broadcast) >= needed:
        _move(session, broadcast.id, ("waiting",), "approved", approved_at=now)
    return True


def approvals(session: Session, broadcast: Broadcast) -> int:
    """How many approved it as it stands."""
    query = select(func.count()).where(
        Look.broadcast_id == broadcast.id,
        Look.revision == broadcast.revision,
        Look.approved_at.is_not(None),
    )
    return session.scalar(query) or 0


def approvers(session: Session, broadcast: Broadcast) -> list[int]:
    """Who approved it as it stands, by Telegram id."""
    query = select(Look.telegram_id).where(
        Look.broadcast_id == broadcast.id,
        Look.revision == broadcast.revision,
        Look.approved_at.is_not(None),
    )
    return list(session.scalars(query.order_by(Look.approved_at)))


def send_alone(session: Session, broadcast: Broadcast, *, now: datetime) -> bool:
    """A small one needs nobody else."""
    return _move(session, broadcast.id, ("waiting",), "approved", approved_at=now)


def back_to_draft(session: Session, broadcast: Broadcast) -> bool:
    """Taken back, or refused: what was seen and approved is void. Once approved it can only be stopped."""
    found = _move(session, broadcast.id, ("waiting",), "draft", revision=Broadcast.revision + 1)
    return found


def drop(session: Session, broadcast: Broadcast, *, now: datetime) -> bool:
    return _move(session, broadcast.id, ("draft",), "dropped", ended_at=now)


def wait_again(session: Session, broadcast: Broadcast, *, size: int, why: str) -> bool:
    """It turned out larger than its approvals reach."""
    return _move(session, broadcast.id, ("approved",), "waiting", size=size, why=why)


def begin(session: Session, broadcast: Broadcast, *, ends: datetime, now: datetime) -> bool:
    """Everyone is decided: it begins to be sent, until ``ends``."""
    return _move(session, broadcast.id, ("approved",), "running", started_at=now, expires_at=ends)


def pause(session: Session, broadcast_id: int, *, why: str = "person") -> bool:
    return _move(session, broadcast_id, ("running",), "paused", why=why)


def pause_campaign(session: Session, campaign: str) -> None:
    """After too many errors in a row; a campaign that is no broadcast goes on."""
    found = of_campaign(session, campaign)
    if found is not None:
        pause(session, found.id, why="errors")


def resume(session: Session, broadcast_id: int) -> bool:
    return _move(session, broadcast_id, ("paused",), "running", why=None)


def pay(session: Session, broadcast_id: int, stars: int | None) -> bool:
    """The budget in Stars, of all its messages together; None: it goes at the free rate. What is said and to
    whom stays as it was approved. False: it is over."""
    paid = (
        update(Broadcast)
        .where(Broadcast.id == broadcast_id, Broadcast.stands.in_(PAYABLE))
        .values(stars=stars)
        .returning(Broadcast.id)
        .execution_options(synchronize_session=False)
    )
    if session.execute(paid).first() is None:
        return False
    session.get(Broadcast, broadcast_id, populate_existing=True)
    return True


def stop(session: Session, broadcast_id: int, *, now: datetime, why: str = "person") -> bool:
    """For good: what still waits will be skipped."""
    return _move(session, broadcast_id, ("running", "paused", "approved"), "stopped", ended_at=now, why=why)


def finish(session: Session, broadcast_id: int, *, now: datetime) -> bool:
    return _move(session, broadcast_id, ("running",), "done", ended_at=now, why=None)


def of_campaign(session: Session, campaign: str) -> Broadcast | None:
    return session.scalar(select(Broadcast).where(Broadcast.campaign == campaign))


def show_to(
    session: Session, broadcast_id: int, chat_id: int, locale: str, message: int | None = None
) -> None:
    """Keep this person up to date, in this message or in a new one."""
    session.execute(delete(Screen).where(Screen.broadcast_id == broadcast_id, Screen.chat_id == chat_id))
    session.add(Screen(broadcast_id=broadcast_id, chat_id=chat_id, locale=locale, message_id=message))
    session.flush()


def _move(session: Session, broadcast_id: int, before: tuple[str, ...], after: str, **values: Any) -> bool:
    moved = session.execute(
        update(Broadcast)
        .where(Broadcast.id == broadcast_id, Broadcast.stands.in_(before))
        .values(stands=after, **values)
        .returning(Broadcast.id)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is not None:
        session.get(Broadcast, broadcast_id, populate_existing=True)
    return moved is not None
