"""The `forecourt` command. Each group of commands stands in a module of bot/commands/."""

from __future__ import annotations

import typer

from bot.commands import demo, imports, outreach, run, sandbox, segment, soak

app = typer.Typer(
    name="forecourt",
    help="A chat CRM for petrol-station chains.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(imports.app, name="import")
app.add_typer(outreach.app, name="outreach")
app.add_typer(soak.app, name="soak")
app.command("demo")(demo.demo)
app.command("segment")(segment.segment)
app.command("run")(run.run)
app.command("sandbox")(sandbox.sandbox)


def main() -> None:
    app()
