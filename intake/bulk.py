"""Many rows at once, on both databases: temporary tables, pouring, inserting what is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Table, bindparam, text
from sqlalchemy.dialects import postgresql, sqlite

from crm.db import READ_ONLY, Database, Instant

IMPORT_LOCK = 0x494D504F  # PostgreSQL advisory lock: imports take turns


@contextmanager
def scratch(database: Database, *tables: Table) -> Iterator[Connection]:
    """A connection of its own with empty temporary tables, which end with it.

    It begins reading: on SQLite temporary tables stand in a file of their own, so the bot goes on
    writing while a file is read and cleaned. ``writing`` then takes the lock for the final step.
    """
    with database.engine.connect() as connection:
        connection.detach()
        connection.execution_options(**{READ_ONLY: True})
        with connection.begin():
            for table in tables:
                table.create(connection)
        yield connection


@contextmanager
def writing(connection: Connection, *, dry_run: bool = False) -> Iterator[None]:
    """One transaction over all of the database; a dry run only reads."""
    connection.execution_options(**{READ_ONLY: dry_run})
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({IMPORT_LOCK})"))
        yield


def pour(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows given in the order of the table's columns."""
    if not rows:
        return
    names = ", ".join(column.name for column in table.columns)
    if connection.dialect.name == "postgresql":
        raw: Any = connection.connection.dbapi_connection
        with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(table.columns))
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) VALUES ({marks})", _bound(connection, table, rows)
    )


def _bound(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Rows as the driver takes them: each column's own conversion, where it has one."""
    dialect = connection.dialect
    converts = [
        (place, convert)
        for place, column in enumerate(table.columns)
        if (convert := column.type.dialect_impl(dialect).bind_processor(dialect)) is not None
    ]
    bound = []
    for row in rows:
        values = list(row)
        for place, convert in converts:
            values[place] = convert(values[place])
        bound.append(tuple(values))
    return bound


def analyze(connection: Connection, *tables: Table) -> None:
    """Tell the planner how large these tables have become."""
    for table in tables:
        connection.execute(text(f"ANALYZE {table.name}"))


def insert_new(connection: Connection, table: Any) -> Any:
    """An INSERT that passes over rows whose unique values are there already."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def instant(value: datetime) -> BindParameter[datetime]:
    return bindparam(None, value, type_=Instant())


def literal(value: str) -> BindParameter[str]:
    return bindparam(None, value)
