"""The durable inbox: every update is stored before Telegram is told it arrived, and handled once.

States: ``new`` -> ``done`` (its reply in the row until spoken) | ``ignored`` (no route takes it) |
``failed`` (with the reference the person was given).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Index, String, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base

KEPT = timedelta(days=7)
TIDIED_AT_ONCE = 2000  # in one transaction, so that nobody who speaks to the bot waits for it


class Incoming(Base):
    __tablename__ = "inbox"

    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    chat_id: Mapped[int] = mapped_column(BigInteger)  # 0: an update of no chat
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(8), default="new")
    handled_at: Mapped[datetime | None]
    reference: Mapped[str | None] = mapped_column(String(12))
    replies: Mapped[list[Any] | None]
    spoken_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_inbox_state_spoken", "state", "spoken_at"),)


def store(
    session: Session, updates: list[dict[str, Any]], chat_of: dict[int, int], *, now: datetime
) -> list[int]:
    """Store updates that are not known yet; the ids of those that are new."""
    if not updates:
        return []
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [
        {
            "update_id": update_["update_id"],
            "chat_id": chat_of[update_["update_id"]],
            "payload": update_,
            "received_at": now,
            "state": "new",
        }
        for update_ in updates
    ]
    statement = dialect.insert(Incoming).on_conflict_do_nothing(index_elements=["update_id"])
    return list(session.scalars(statement.returning(Incoming.update_id), rows))


def remember(session: Session, payload: dict[str, Any], chat_id: int, *, now: datetime) -> bool:
    """Store an update that was handed over in process. False: it was known before."""
    return bool(store(session, [payload], {payload["update_id"]: chat_id}, now=now))


def waiting(session: Session) -> list[Incoming]:
    """Updates not handled yet, oldest first: what a crash left behind."""
    return list(session.scalars(select(Incoming).where(Incoming.state == "new").order_by(Incoming.update_id)))


def unspoken(session: Session) -> list[Incoming]:
    """Updates whose effect is committed and whose reply may not have left."""
    return list(
        session.scalars(
            select(Incoming)
            .where(Incoming.state == "done", Incoming.spoken_at.is_(None))
            .order_by(Incoming.update_id)
        )
    )


def done(session: Session, update_id: int, replies: list[Any], *, now: datetime) -> bool:
    """Mark an update handled, in the transaction of its effect. False: it was handled before.

    Called before the effect, so that of two transactions with the same update one waits and then sees False.
    """
    changed = session.execute(
        update(Incoming)
        .where(Incoming.update_id == update_id, Incoming.state == "new")
        .values(state="done", handled_at=now, replies=replies)
        .returning(Incoming.update_id)
    )
    return changed.first() is not None


def close(
    session: Session, update_id: int, state: str, *, now: datetime, reference: str | None = None
) -> None:
    """An update that ends without an effect: ``ignored`` or ``failed``."""
    session.execute(
        update(Incoming)
        .where(Incoming.update_id == update_id, Incoming.state == "new")
        .values(state=state, handled_at=now, reference=reference, spoken_at=now)
    )


def tidy(session: Session, *, now: datetime, most: int = TIDIED_AT_ONCE) -> int:
    """Forget up to ``most`` updates that Telegram cannot deliver again (it keeps them a day); how many
    they were. What is not handled or not spoken stays, whatever its age.
    """
    old = (
        select(Incoming.update_id)
        .where(Incoming.state.in_(("done", "ignored", "failed")), Incoming.spoken_at < now - KEPT)
        .limit(most)
    )
    gone = session.execute(delete(Incoming).where(Incoming.update_id.in_(old)).returning(Incoming.update_id))
    return len(gone.all())


def fail(session: Session, update_id: int, reference: str, *, now: datetime) -> bool:
    """An update whose handling, or whose reply, ended in an error. False: the effect stands."""
    close(session, update_id, "failed", now=now, reference=reference)
    row = session.get(Incoming, update_id, populate_existing=True)
    if row is None:
        return True
    row.reference, row.spoken_at = reference, row.spoken_at or now
    return row.state == "failed"


def keep_replies(session: Session, update_id: int, replies: list[Any]) -> None:
    session.execute(update(Incoming).where(Incoming.update_id == update_id).values(replies=replies))


def spoken(session: Session, update_ids: list[int], *, now: datetime) -> None:
    """The replies have left: what was said is forgotten, that it was said is kept."""
    session.execute(
        update(Incoming)
        .where(Incoming.update_id.in_(update_ids))
        .values(spoken_at=now, replies=None, payload={})
    )
