"""`forecourt erase`: forget a customer at their own wish."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from bot.commands.common import fail, load_settings, now, open_database, reason
from bot.commands.unknown import whose_terminal
from crm import erasure, identity


def erase(
    customer: Annotated[str, typer.Argument(help="A member number, card, phone or plate.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Forget who a customer is. Their fill-ups stay as anonymous sales. This cannot be undone."""
    settings = load_settings()
    database = open_database(settings)
    try:
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
    except DBAPIError as error:
        fail(f"the database said: {reason(error)}")
    finally:
        database.close()
    print(f"Customer {number} is forgotten. Backups made before today still hold them.")
