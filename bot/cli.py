"""The `forecourt` command. Each group of commands stands in a module of bot/commands/."""

from __future__ import annotations

import typer

from bot.commands import imports, outreach, segment

app = typer.Typer(
    name="forecourt",
    help="A chat CRM for petrol-station chains.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(imports.app, name="import")
app.add_typer(outreach.app, name="outreach")
app.command("segment")(segment.segment)


def main() -> None:
    app()
