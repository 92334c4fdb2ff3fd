"""The data folder of a demo: what it may replace, and what it must leave alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bot.demo.store import MARK
from bot.leases import gone

BESIDE = ("", "-wal", "-shm", "-journal")
RECORDS = ("stations", "customers", "staff")  # nothing in these: nothing to lose


class NotOurs(Exception):
    """The folder's database is no demo, or somebody works on it. The text says which, as a sentence."""


def clear(file: Path, now: datetime) -> None:
    """Remove an earlier demo's database. Raises NotOurs, OSError."""
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            _check(connection, file, now)
    except sqlite3.Error as error:
        raise NotOurs(f"{file} cannot be read as a database ({error})") from None
    for suffix in BESIDE:
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _check(connection: sqlite3.Connection, file: Path, now: datetime) -> None:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and not _is_demo(connection, tables):
        raise NotOurs(f"{file} holds the data of a real chain")
    if "leases" in tables and _in_use(connection, now):
        raise NotOurs(f"another Forecourt is running on {file}")


def _is_demo(connection: sqlite3.Connection, tables: set[str]) -> bool:
    if "meta" not in tables:
        return False
    if connection.execute("SELECT 1 FROM meta WHERE name = ?", (MARK,)).fetchone():
        return True
    return not any(
        connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in RECORDS if name in tables
    )


def _in_use(connection: sqlite3.Connection, now: datetime) -> bool:
    moment = now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    rows = connection.execute("SELECT owner FROM leases WHERE until > ?", (moment,)).fetchall()
    return any(not gone(row[0]) for row in rows)
