"""`forecourt why-not`: why a customer hears of a campaign, or does not."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from bot.commands.common import AsJson, chosen_campaigns, fail, now, opened, print_json
from bot.commands.why import plain
from bot.config import Settings
from crm import identity, switches
from outreach.campaigns import Campaigns
from outreach.why_not import Chain
from outreach.why_not import why_not as ask
from templates import render


def why_not(
    customer: Annotated[str, typer.Argument(help="A member number, card, phone or plate.")],
    campaign: Annotated[str, typer.Argument(help="welcome, win_back, vip, ...")],
    as_json: AsJson = False,
) -> None:
    """Say what the plan decides for one customer and campaign right now, and what was before."""
    known = chosen_campaigns(None)
    if campaign not in known.known:
        fail(f"no campaign is called {campaign}; there are {', '.join(known.known)}")
    with opened() as (settings, database), database.read() as session:
        facts = _facts(session, settings, known, customer, campaign)
    if as_json:
        print_json(facts)
    else:
        print(plain(render("replies/whynot", "en", facts)))


def _facts(
    session: Session, settings: Settings, known: Campaigns, customer: str, campaign: str
) -> dict[str, Any]:
    found = identity.find(session, customer, settings.country)
    if found is None:
        fail("nobody has this member number, card, phone or plate")
    known = known.switched(switches.all_of(session))
    chain = Chain(known, settings.zone, settings.trust_self_reported)
    return ask(session, found.id, campaign, chain, now())
