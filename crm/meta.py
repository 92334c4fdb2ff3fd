"""A few facts about the database itself, such as whether it holds a demo chain."""

from __future__ import annotations

from sqlalchemy import String
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
