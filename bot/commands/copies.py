"""`forecourt outreach copy`: words of campaigns as marketing writes them."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.commands.common import console, fail, load_settings, now, open_database, print_json
from crm import copies as kept
from outreach import campaigns, copies
from outreach.campaigns import CampaignFault
from outreach.copies import LONGEST_SOURCE, CopyFault
from templates import LOCALES

app = typer.Typer(help="The words of campaigns: try them, save them, go back.", no_args_is_help=True)

Campaign = Annotated[str, typer.Argument(help="welcome, win_back, vip, ...")]
Situation = Annotated[str, typer.Argument(help="The occasion, such as dormant; campaigns.toml names them.")]
Locale = Annotated[str, typer.Argument(help="The language: zh or en.")]


@app.command("set")
def set_(
    campaign: Campaign,
    situation: Situation,
    locale: Locale,
    file: Annotated[Path, typer.Argument(help="A text file, UTF-8.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try it and save nothing.")] = False,
) -> None:
    """Try new words on everyone, from the best known to the least, and save them as a new version."""
    _known(campaign, situation, locale)
    body = _read(file)
    try:
        for warning in copies.check(body, locale):
            console.print(f"note: {warning}")
    except CopyFault as error:
        fail(f"{file.name} was not saved: {'; '.join(error.faults)}")
    if dry_run:
        print("It could be saved.")
    else:
        _save(campaign, situation, locale, body)


@app.command()
def drop(campaign: Campaign, situation: Situation, locale: Locale) -> None:
    """Go back to the words that come with Forecourt."""
    _known(campaign, situation, locale)
    _save(campaign, situation, locale, None)


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Every version ever saved, the newest first."""
    with _session(write=False) as session:
        rows = [
            {
                "campaign": each.campaign,
                "situation": each.situation,
                "version": each.version,
                "locale": each.locale,
                "saved_at": each.saved_at.isoformat(),
                "saved_by": each.saved_by,
                "body": each.body,
            }
            for each in kept.saved(session)
        ]
    if as_json:
        print_json({"copies": rows})
        return
    for row in rows:
        back = "" if row["body"] is not None else ", back to the shipped words"
        print(
            f"{row['campaign']} {row['situation']} version {row['version']} {row['locale']}: "
            f"{row['saved_at']} by {row['saved_by']}{back}"
        )
    if not rows:
        print("Nothing was ever edited: all campaigns speak the words that come with Forecourt.")


def _known(campaign: str, situation: str, locale: str) -> None:
    try:
        found = campaigns.shipped()
    except CampaignFault as error:
        fail("; ".join(error.faults))
    if campaign not in found.names:
        fail(f"no campaign is called {campaign}; there are {', '.join(found.names)}")
    mine = [each.name for each in found.situations if each.campaign == campaign]
    if situation not in mine:
        fail(f"{campaign} has no situation {situation}; there are {', '.join(mine)}")
    if locale not in LOCALES:
        fail(f"the language is one of {', '.join(LOCALES)}, not {locale}")


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(LONGEST_SOURCE + 1).removeprefix("\ufeff").replace("\0", "")
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{file} is not UTF-8 text")


def _save(campaign: str, situation: str, locale: str, body: str | None) -> None:
    try:
        with _session(write=True) as session:
            version = kept.save(
                session, campaign=campaign, situation=situation, locale=locale, body=body, by=_me(), now=now()
            )
    except IntegrityError:
        fail("somebody saved another version at the same moment; look at it and try again")
    print(f"{campaign} {situation} version {version} {locale} is saved; what already waits keeps its words.")


@contextmanager
def _session(*, write: bool) -> Iterator[Session]:
    database = open_database(load_settings())
    try:
        with database.write() if write else database.read() as session:
            yield session
    finally:
        database.close()


def _me() -> str:
    try:
        return getpass.getuser()[:64]
    except (OSError, KeyError):  # no such user on this machine, as in some containers
        return "terminal"
