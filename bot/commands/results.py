"""`forecourt outreach results`: what a campaign brought, against those who were left without it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from bot.commands.common import AsJson, campaign_or_broadcast, chosen_campaigns, now, opened, print_json
from bot.commands.why import plain
from bot.config import Settings
from outreach import broadcast, followed
from outreach.campaigns import Campaigns
from templates import render

ONE = Annotated[str | None, typer.Option(help="Only this campaign, or this broadcast: b12 for #12.")]


def results(
    campaign: ONE = None,
    as_json: AsJson = False,
) -> None:
    """What each campaign brought: the verdict first, then the numbers of both arms."""
    chosen = chosen_campaigns(None)
    with opened() as (settings, database), database.read() as session:
        one = campaign_or_broadcast(session, campaign)
        names = [each for each in _compared(chosen) if one in (None, each)]
        if one is not None and one not in chosen.known:
            names = [one]
        found = [_result(session, settings, chosen, name) for name in names]
    if as_json:
        print_json({"campaigns": found})
        return
    for facts in found:
        print(plain(render("replies/results", "en", facts)) + "\n")
    if not found:
        print("No campaign here has a holdout or several wordings, so there is nothing to compare with.")


def _compared(chosen: Campaigns) -> list[str]:
    known = (*chosen.situations, *chosen.resting)
    return list(dict.fromkeys(each.campaign for each in known if each.holdout or each.variants))


def _result(session: Session, settings: Settings, chosen: Campaigns, name: str) -> dict[str, Any]:
    mine = [each for each in (*chosen.situations, *chosen.resting) if each.campaign == name]
    return followed.follow(
        session,
        name,
        window=mine[0].window if mine else broadcast.WINDOW,
        currency=settings.currency,
        trust_self_reported=settings.trust_self_reported,
        now=now(),
        situations=mine,
    ).facts()
