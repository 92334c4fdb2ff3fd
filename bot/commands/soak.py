"""`forecourt soak`: campaigns of faults, so that others can run them too."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.common import console, fail, load_settings, open_database, print_json
from bot.soak import outreach as broadcast
from bot.soak import postgres
from bot.soak.sender import DESIGNS
from bot.soak.updates import soak

app = typer.Typer(
    help="Kill the bot while it works, and count what is lost or doubled.", no_args_is_help=True
)

DATABASE = Annotated[
    str,
    typer.Option(help="An empty database, or `postgres` for a new server; else a new SQLite file."),
]


@app.callback()
def about() -> None:
    """Each campaign runs against a sandbox of its own, on an empty database."""


@app.command()
def updates(
    updates: Annotated[int, typer.Option(min=1, help="Fill-ups that drivers send.")] = 1000,
    kills: Annotated[int, typer.Option(min=0, help="How often the bot is killed inside an action.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed makes the same campaign.")] = 7,
    database: DATABASE = "",
    mark_first: Annotated[bool, typer.Option(help="The wrong design on purpose: mark, then act.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")] = False,
) -> None:
    """Deliver each update one to three times, kill the bot while it handles them, count the fill-ups."""
    with _place(database) as (folder, url):
        settings = load_settings(data_dir=folder, database_url=url)
        found = asyncio.run(
            soak(open_database(settings), updates=updates, kills=kills, seed=seed, mark_first=mark_first)
        )
    _told(found, json)
    if (found["lost"] or found["doubled"]) and not mark_first:
        fail("fill-ups were lost or doubled")


@app.command()
def outreach(
    kills: Annotated[int, typer.Option(min=0, help="How often the sender is killed.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed makes the same campaign.")] = 7,
    audience: Annotated[int, typer.Option(min=1, help="How many people are written to.")] = 2000,
    database: DATABASE = "",
    design: Annotated[
        str, typer.Option(help="ledger; mark_first and mark_after are wrong on purpose.")
    ] = "ledger",
    json: Annotated[bool, typer.Option("--json", help="One JSON object on the last line.")] = False,
) -> None:
    """Kill the sender of a broadcast at random moments, count who got it twice, never, or perhaps."""
    chosen = next((known for known in DESIGNS if known == design), None)
    if chosen is None:
        fail(f"--design {design!r} is none of {', '.join(DESIGNS)}")
    with _place(database) as (folder, url):
        opened = open_database(load_settings(data_dir=folder, database_url=url))
        if broadcast.used(opened):
            fail("this database holds customers; give an empty one")
        try:
            found = asyncio.run(
                broadcast.soak(opened, kills=kills, seed=seed, audience=audience, design=chosen, marks=folder)
            )
        finally:
            opened.close()
    _told(found, json)
    if (found["missed"] or found["doubled"]) and chosen == "ledger":
        fail("messages were lost or doubled")


@contextmanager
def _place(database: str) -> Iterator[tuple[Path, str]]:
    """A folder for the campaign, and the address of its database."""
    with tempfile.TemporaryDirectory() as name:
        try:
            with postgres.address(database, Path(name)) as url:
                yield Path(name), url
        except postgres.NoPostgres:
            fail("--database postgres needs the development tools; `make setup` brings them")


def _told(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        console.print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in found.items()))
