"""`forecourt outreach switch`: a campaign on or off, as under `/campaigns` in the chat."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bot.commands.common import chosen_campaigns, fail, now, opened
from bot.commands.unknown import TERMINAL, whose_terminal
from crm import audit, switches


class To(StrEnum):
    """Where a switch can stand."""

    ON = "on"
    OFF = "off"


def switch(
    campaign: Annotated[str, typer.Argument(help="Its name, such as win_back.")],
    to: Annotated[To, typer.Argument(help="on or off.")],
) -> None:
    """Switch a campaign. Off, nothing more of it is claimed; on again, it goes on."""
    shipped = chosen_campaigns(None)
    if campaign not in shipped.known:
        fail(f"no campaign is called {campaign}; there are {', '.join(shipped.known)}")
    with opened() as (_, database), database.write() as session:
        changed = switches.turn(session, campaign, to is To.ON, by=TERMINAL, now=now())
        if changed:
            detail = f"{campaign} {whose_terminal()}"
            audit.note(session, TERMINAL, f"switch_{to}", now=now(), detail=detail)
    print(f"{campaign} is {to}." if changed else f"{campaign} was {to} already.")
