"""What the commands share that look at the whole log and change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import DBAPIError

from bot.commands.common import console, fail, load_settings, now, open_database, reason
from bot.config import Settings
from crm.db import Database
from segmentation.criteria import Criteria, CriteriaFault
from segmentation.criteria_store import in_force
from segmentation.looking import Log, look

AsOf = Annotated[str, typer.Option(help="The day to look at, like 2026-06-30. Default: today.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line of stdout.")]
Picture = Annotated[Path | None, typer.Option(help="Also draw it, as a PNG file of that name.")]


def day_of(text: str, name: str) -> date:
    """A day as typed for the option or argument ``name``."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        fail(f"{name} {text!r} is not a day; write it like 2026-06-30")


def today(settings: Settings) -> date:
    return now().astimezone(settings.zone).date()


def criteria_in_force(settings: Settings, database: Database) -> Criteria:
    """The criteria in force: the file's, with what was changed in chat."""
    try:
        with database.read() as session:
            return in_force(session, settings.criteria_file, now())
    except CriteriaFault as fault:
        fail(f"what was changed in chat does not fit {settings.criteria_file.name}: {fault}")


@contextmanager
def opened() -> Iterator[tuple[Settings, Database]]:
    """The settings and the database in force; a fault of the database is one plain line."""
    settings = load_settings()
    database = open_database(settings)
    try:
        yield settings, database
    except DBAPIError as error:
        fail(f"the database said: {reason(error)}")
    finally:
        database.close()


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


def check_picture(path: Path | None) -> None:
    """Refuse before the work, not after it."""
    if path is None:
        return
    if path.is_dir():
        fail(f"--picture {path} is a folder; name a file in it")
    if not path.absolute().parent.is_dir():
        fail(f"--picture {path}: there is no folder {path.absolute().parent}")


def save_picture(path: Path | None, image: bytes) -> None:
    if path is None:
        return
    try:
        path.write_bytes(image)
    except OSError as error:
        fail(f"cannot write {path} ({error.strerror})")


def table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Plain columns on stdout: the first to the left, numbers to the right."""
    cells = [head, *[tuple("-" if cell is None else str(cell) for cell in row) for row in rows]]
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    for row in cells:
        first = row[0].ljust(widths[0])
        print(
            "  ".join([first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))])
        )
