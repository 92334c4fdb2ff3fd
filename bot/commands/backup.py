"""`forecourt backup`: a whole, checked copy of the database while the bot runs."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from sqlalchemy import make_url

from bot.commands.common import console, fail, load_settings
from crm.backup import Broken, back_up


def backup(file: Annotated[Path, typer.Argument(help="Where the copy goes; it must not exist yet.")]) -> None:
    """Copy the SQLite database while the bot goes on, and check the copy. It is not migrated."""
    url = make_url(load_settings().database)
    if url.get_backend_name() != "sqlite":
        fail("the database is PostgreSQL; back it up with pg_dump -Fc, which also takes one moment of it")
    source = Path(url.database or "")
    if not source.is_file():
        fail(f"there is no database {source}; nothing was ever kept with these settings")
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(f"copying {source.name}", total=None)
            found = back_up(source, file, lambda done, total: bar.update(task, completed=done, total=total))
    except FileExistsError:
        fail(f"{file} is there already; name a new file")
    except OSError as error:
        fail(f"cannot write {file}: {error.strerror}")
    except sqlite3.Error as error:
        fail(f"no backup was made; the database said: {error}")
    except Broken as error:
        fail(f"no backup was made; the copy is not sound: {error}")
    counted = ", ".join(f"{number} {name}" for name, number in found.items())
    print(f"{file}: {file.stat().st_size / 1e6:.1f} MB, {counted}; checked.")
