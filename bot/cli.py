"""The `forecourt` command. Each group of commands stands in a module of bot/commands/."""

from __future__ import annotations

import atexit
import gc
import signal
import sys
from functools import cache
from types import FrameType

import typer

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STAYING = ("run", "demo", "sandbox")  # these end when told to; the others have then not done their work


@cache
def commands() -> typer.Typer:
    """Every command. Reading what they need takes a second or more, so it is done when one is called."""
    from bot.commands import (
        ask,
        backtest,
        backup,
        copies,
        demo,
        erase,
        funnel,
        groups,
        imports,
        lifetime,
        migration,
        outreach,
        run,
        sandbox,
        segment,
        soak,
        why,
        why_not,
    )

    app = typer.Typer(
        name="forecourt",
        help="A chat CRM for petrol-station chains.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.add_typer(imports.app, name="import")
    app.add_typer(outreach.app, name="outreach")
    outreach.app.add_typer(copies.app, name="copy")
    app.add_typer(soak.app, name="soak")
    app.command("ask")(ask.ask)
    app.command("funnel")(funnel.funnel)
    app.command("cost")(funnel.cost)
    app.command("backup")(backup.backup)
    app.command("demo")(demo.demo)
    app.command("erase")(erase.erase)
    app.command("segment")(segment.segment)
    app.command("what-if")(migration.what_if)
    app.command("migration")(migration.migration)
    app.command("cohorts")(groups.cohorts)
    app.command("clusters")(groups.clusters)
    app.command("lifetime")(lifetime.lifetime)
    app.command("backtest")(backtest.backtest)
    app.command("run")(run.run)
    app.command("sandbox")(sandbox.sandbox)
    app.command("why")(why.why)
    app.command("why-not")(why_not.why_not)
    return app


def main() -> None:
    # Python's last collections visit every object once more: seconds of waiting after Ctrl-C.
    atexit.register(gc.freeze)
    before = {number: signal.signal(number, _leave) for number in SIGNALS}
    app = commands()
    for number, handler in before.items():
        signal.signal(number, handler)
    app()


def _leave(number: int, _frame: FrameType | None) -> None:
    """Ctrl-C before anything has begun: nothing to clean up, nothing to say."""
    sys.exit(0 if sys.argv[1:2] and sys.argv[1] in STAYING else 128 + number)
