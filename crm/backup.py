"""A copy of a SQLite database, whole and checked, while the bot goes on writing.

Copying the file would miss what stands in the ``-wal`` file beside it. SQLite's own backup copies page by
page; because a read stands open meanwhile, all pages are of one moment and no writer makes it begin again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

PAGES_AT_ONCE = 4096
Progress = Callable[[int, int], None]  # pages copied, of how many


class Broken(Exception):
    """The copy is not a sound database of Forecourt."""


def back_up(source: Path, target: Path, progress: Progress = lambda _done, _total: None) -> dict[str, int]:
    """Copy ``source`` to ``target``, which is there whole or not at all; customers and fill-ups in it.

    Only its owner may read it. Raises FileExistsError, OSError, sqlite3.Error, Broken.
    """
    if target.exists():
        raise FileExistsError(target)
    part = target.with_name(target.name + ".part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        with closing(_open(source)) as live, closing(_open(part)) as copy:
            _copy(live, copy, progress)
            found = _check(copy)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return found


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, isolation_level=None)


def _copy(live: sqlite3.Connection, copy: sqlite3.Connection, progress: Progress) -> None:
    live.execute("BEGIN")
    live.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # from here on: one moment
    live.backup(
        copy, pages=PAGES_AT_ONCE, progress=lambda _status, left, total: progress(total - left, total)
    )
    copy.execute("PRAGMA journal_mode=DELETE")  # one file; the bot turns its own way on again


def _check(copy: sqlite3.Connection) -> dict[str, int]:
    fault = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if fault != "ok":
        raise Broken(fault)
    if copy.execute("PRAGMA foreign_key_check").fetchone():
        raise Broken("a row points at nothing")
    tables = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "alembic_version" not in tables:
        raise Broken("there is no database of Forecourt")
    counts = {"customers": "SELECT count(*) FROM customers", "fillups": "SELECT count(*) FROM fillups"}
    return {name: copy.execute(count).fetchone()[0] for name, count in counts.items() if name in tables}
