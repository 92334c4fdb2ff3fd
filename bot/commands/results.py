"""`forecourt outreach results`: what a campaign brought, against those who were left without it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from bot.commands.common import fail, load_settings, now, open_database, print_json
from bot.commands.why import plain
from bot.config import Settings
from outreach import campaigns, followed
from outreach.campaigns import CampaignFault, Campaigns
from templates import render


def results(
    campaign: Annotated[str | None, typer.Option(help="Only this campaign: win_back or vip.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What each campaign brought: the verdict first, then the numbers of both arms."""
    settings = load_settings()
    chosen = _campaigns(campaign)
    database = open_database(settings)
    try:
        with database.read() as session:
            found = [_result(session, settings, chosen, name) for name in _compared(chosen)]
    finally:
        database.close()
    if as_json:
        print_json({"campaigns": found})
        return
    for facts in found:
        print(plain(render("replies/results", "en", facts)) + "\n")
    if not found:
        print("No campaign here has a holdout, so there is nothing to compare with.")


def _campaigns(only: str | None) -> Campaigns:
    try:
        found = campaigns.shipped()
        return found if only is None else found.only(only)
    except CampaignFault as error:
        fail("; ".join(error.faults))
    except KeyError:
        fail(f"no campaign is called {only}; there are {', '.join(campaigns.shipped().names)}")


def _compared(chosen: Campaigns) -> list[str]:
    return list(dict.fromkeys(each.campaign for each in chosen.situations if each.holdout))


def _result(session: Session, settings: Settings, chosen: Campaigns, name: str) -> dict[str, Any]:
    return followed.follow(
        session,
        name,
        window=next(each.window for each in chosen.situations if each.campaign == name),
        currency=settings.currency,
        trust_self_reported=settings.trust_self_reported,
        now=now(),
    ).facts()
