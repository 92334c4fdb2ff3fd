"""What every command of the terminal needs: settings, a migrated database, and plain words for faults."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from bot.config import Settings, faults
from crm.db import Database
from crm.schema import NewerSchema, migrate
from outreach import campaigns
from outreach.campaigns import CampaignFault, Campaigns

console = Console(stderr=True)


def fail(sentence: str) -> NoReturn:
    """One plain line on stderr and a non-zero exit."""
    print(f"forecourt: {sentence}", file=sys.stderr)
    raise typer.Exit(1)


def load_settings(**overrides: Any) -> Settings:
    try:
        return Settings(**overrides)
    except ValidationError as error:
        fail("; ".join(faults(error)))


def open_database(settings: Settings) -> Database:
    """The database of the settings, created and migrated as needed."""
    if not settings.database_url:
        _usable_folder(settings.data_dir)
    try:
        database = Database(settings.database)
        migrate(database)
    except NewerSchema as error:
        fail(f"{error}; install the newer version of Forecourt, or restore an older database")
    except DBAPIError as error:
        fail(f"cannot open the database: {reason(error)}")
    return database


def reason(error: DBAPIError) -> str:
    """What the database said, in one line; the rest of it may hold people's data."""
    return next(iter(str(error.orig or "").strip().splitlines()), type(error).__name__)


def check_target(path: Path) -> None:
    """Refuse --export before the work, not after it."""
    if path.is_dir():
        fail(f"--export {path} is a folder; name a file in it")
    if not path.absolute().parent.is_dir():
        fail(f"--export {path}: there is no folder {path.absolute().parent}")


def _usable_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        fault = f"cannot write in the data folder {folder} ({error.strerror})"
        fail(f"{fault}; set FORECOURT_DATA_DIR to a folder you own")


def chosen_campaigns(only: str | None) -> Campaigns:
    """The campaigns as they are shipped, or one of them alone."""
    try:
        found = campaigns.shipped()
        return found if only is None else found.only(only)
    except CampaignFault as error:
        fail("; ".join(error.faults))
    except KeyError:
        fail(f"no campaign is called {only}; there are {', '.join(campaigns.shipped().names)}")


def now() -> datetime:
    return datetime.now(UTC)


def print_json(value: Any) -> None:
    """One JSON object on the last line of stdout."""
    print(json.dumps(value, ensure_ascii=False, default=str))
