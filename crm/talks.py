"""Talks: where each person is in a conversation of several steps. In the database, so that a restart
in the middle loses nothing and any replica can go on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base


class Talk(Base):
    __tablename__ = "talks"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(String(48))  # topic.step, such as register.contact
    data: Mapped[dict[str, Any]]
    locale: Mapped[str | None] = mapped_column(String(8))  # chosen before there is a customer
    changed_at: Mapped[datetime]


def current(session: Session, user_id: int) -> Talk | None:
    return session.get(Talk, user_id)


def move(session: Session, user_id: int, step: str, data: dict[str, Any], *, now: datetime) -> None:
    """Go to a step; an empty step ends the talk."""
    talk = session.get(Talk, user_id)
    if talk is None:
        session.add(Talk(user_id=user_id, step=step, data=data, changed_at=now))
    else:
        talk.step, talk.data, talk.changed_at = step, data, now


def forget(session: Session, user_id: int) -> None:
    """Nothing was ever said."""
    session.execute(delete(Talk).where(Talk.user_id == user_id))


def speak(session: Session, user_id: int, locale: str, *, now: datetime) -> None:
    """Remember the language of somebody who is no customer yet."""
    talk = session.get(Talk, user_id)
    if talk is None:
        talk = Talk(user_id=user_id, step="", data={}, changed_at=now)
        session.add(talk)
    talk.locale = locale
    session.flush()
