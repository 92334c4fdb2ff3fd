"""`forecourt why-not`: why a customer hears of a campaign, or does not."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.commands.common import fail, load_settings, now, open_database, print_json
from bot.commands.why import plain
from bot.config import Settings
from crm import identity
from outreach import campaigns
from outreach.campaigns import CampaignFault, Campaigns
from outreach.why_not import Chain, names
from outreach.why_not import why_not as ask
from templates import render


def why_not(
    customer: Annotated[str, typer.Argument(help="A member number, card, phone or plate.")],
    campaign: Annotated[str, typer.Argument(help="welcome, win_back or vip.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say what the plan decides for one customer and campaign right now, and what was before."""
    settings = load_settings()
    known = _campaigns()
    if campaign not in names(known):
        fail(f"no campaign is called {campaign}; there are {', '.join(names(known))}")
    database = open_database(settings)
    try:
        with database.read() as session:
            facts = _facts(session, settings, known, customer, campaign)
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
        fail(f"the database said: {reason}")
    finally:
        database.close()
    if as_json:
        print_json(facts)
    else:
        print(plain(render("replies/whynot", "en", facts)))


def _campaigns() -> Campaigns:
    try:
        return campaigns.shipped()
    except CampaignFault as error:
        fail("; ".join(error.faults))


def _facts(
    session: Session, settings: Settings, known: Campaigns, customer: str, campaign: str
) -> dict[str, Any]:
    found = identity.find(session, customer, settings.country)
    if found is None:
        fail("nobody has this member number, card, phone or plate")
    chain = Chain(known, settings.zone, settings.trust_self_reported)
    return ask(session, found.id, campaign, chain, now())
