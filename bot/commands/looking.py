"""What the commands share that look at the whole log and change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot.commands.common import console, fail, now
from bot.config import Settings
from crm.db import Database
from segmentation.criteria import Criteria, CriteriaFault
from segmentation.criteria_store import in_force
from segmentation.looking import Log, look

Picture = Annotated[Path | None, typer.Option(help="Also draw it, as a PNG file of that name.")]


def criteria_in_force(settings: Settings, database: Database) -> Criteria:
    """The criteria in force: the file's, with what was changed in chat."""
    try:
        with database.read() as session:
            return in_force(session, settings.criteria_file, now())
    except CriteriaFault as fault:
        fail(f"what was changed in chat does not fit {settings.criteria_file.name}: {fault}")


def read(settings: Settings, database: Database, as_of: date) -> Log:
    with working("Reading the log"):
        return look(database, as_of, trust=settings.trust_self_reported, zone=settings.zone)


@contextmanager
def working(words: str) -> Iterator[None]:
    """Something moves on the terminal meanwhile."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        bar.add_task(words, total=None)
        yield


def table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Plain columns on stdout: the first to the left, numbers to the right."""
    cells = [head, *[tuple("-" if cell is None else str(cell) for cell in row) for row in rows]]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    for row in cells:
        first = row[0].ljust(widths[0])
        print(
            "  ".join([first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))])
        )
