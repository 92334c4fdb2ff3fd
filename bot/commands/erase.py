"""`forecourt erase`: forget a customer at their own wish."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.commands.common import fail, now, opened
from bot.commands.unknown import whose_terminal
from crm import erasure, identity


def erase(
    customer: Annotated[str, typer.Argument(help="A member number, card, phone or plate.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Forget who a customer is. Their fill-ups stay as anonymous sales. This cannot be undone."""
    with opened() as (settings, database):
        with database.read() as session:
            found = identity.find(session, customer, settings.country)
            if found is None:
                fail("nobody has this member number, card, phone or plate")
            number = found.public_number
        if not yes:
            typer.confirm(f"Forget customer {number} for good?", abort=True)
        with database.write() as session:
            found = identity.find(session, customer, settings.country)
            if found is not None:
                erasure.erase(session, found, by=erasure.TERMINAL, now=now(), how=whose_terminal())
        database.forget_traces()
    print(f"Customer {number} is forgotten. Backups made before today still hold them.")
