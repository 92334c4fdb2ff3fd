"""What every command of the terminal needs: settings, a migrated database, and plain words for faults."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.config import Settings, faults
from crm import broadcasts
from crm.db import Database
from crm.schema import NewerSchema, migrate
from outreach import campaigns
from outreach.campaigns import CampaignFault, Campaigns

console = Console(stderr=True)
AsOf = Annotated[str, typer.Option(help="The day to look at, like 2026-06-30. Default: today.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line of stdout.")]


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


def check_target(path: Path | None, option: str) -> None:
    """Refuse a file that cannot be written before the work, not after it."""
    if path is None:
        return
    if path.is_dir():
        fail(f"{option} {path} is a folder; name a file in it")
    if not path.absolute().parent.is_dir():
        fail(f"{option} {path}: there is no folder {path.absolute().parent}")


def save(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        fail(f"cannot write {path} ({error.strerror})")


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
        fail(f"no campaign is called {only}; there are {', '.join(campaigns.shipped().known)}")


def campaign_or_broadcast(session: Session, only: str | None) -> str | None:
    """The name in the ledger: of a campaign, or of a broadcast by ``b12`` or, as the chat says, ``#12``."""
    if only is None:
        return None
    name = f"b{only[1:]}" if only.startswith("#") else only
    if broadcasts.of_campaign(session, name) is None:
        chosen_campaigns(name)
    return name


def now() -> datetime:
    return datetime.now(UTC)


def today(settings: Settings) -> date:
    return now().astimezone(settings.zone).date()


def day_of(text: str, name: str) -> date:
    """A day as typed for the option or argument ``name``."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day has no zone
    except ValueError:
        fail(f"{name} {text!r} is not a day; write it like 2026-06-30")


def asked_day(settings: Settings, as_of: str) -> date:
    """The day of --as-of; today without it."""
    return day_of(as_of, "--as-of") if as_of else today(settings)


def print_json(value: Any) -> None:
    """One JSON object on the last line of stdout."""
    print(json.dumps(value, ensure_ascii=False, default=str))
