"""A few facts about the database itself, such as whether it holds a demo chain."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base


class Meta(Base):
    __tablename__ = "meta"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(400))


def get(session: Session, name: str) -> str | None:
    row = session.get(Meta, name)
    return row.value if row else None


def put(session: Session, name: str, value: str) -> None:
    session.merge(Meta(name=name, value=value))


def put_once(session: Session, name: str, value: str) -> str:
    """What is kept under the name: this value when there was none. Of two at once, one wins for both."""
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert
    session.execute(
        insert(Meta).values(name=name, value=value).on_conflict_do_nothing(index_elements=["name"])
    )
    return session.get_one(Meta, name, populate_existing=True).value
