"""Alembic's door for developers: `alembic revision --autogenerate`. The product uses crm/schema.py."""

from sqlalchemy import create_engine

from alembic import context
from bot.config import Settings
from crm.db import Instant, normal_url
from crm.models import Base


def plain_types(kind: str, item: object, _context: object) -> str | bool:
    """Migrations outlive the classes of today: our own types are written as what they are in the database."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


connection = context.config.attributes.get("connection")
if connection is None:
    connection = create_engine(normal_url(Settings().database)).connect()
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=plain_types,
)
with context.begin_transaction():
    context.run_migrations()
