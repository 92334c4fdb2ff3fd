"""`forecourt outreach results`: what a campaign brought, against those who were left without it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from bot.commands.common import AsJson, chosen_campaigns, now, opened, print_json
from bot.commands.why import plain
from bot.config import Settings
from outreach import followed
from outreach.campaigns import Campaigns
from templates import render


def results(
    campaign: Annotated[str | None, typer.Option(help="Only this campaign: win_back or vip.")] = None,
    as_json: AsJson = False,
) -> None:
    """What each campaign brought: the verdict first, then the numbers of both arms."""
    chosen = chosen_campaigns(campaign)
    with opened() as (settings, database), database.read() as session:
        found = [_result(session, settings, chosen, name) for name in _compared(chosen)]
    if as_json:
        print_json({"campaigns": found})
        return
    for facts in found:
        print(plain(render("replies/results", "en", facts)) + "\n")
    if not found:
        print("No campaign here has a holdout or several wordings, so there is nothing to compare with.")


def _compared(chosen: Campaigns) -> list[str]:
    return list(dict.fromkeys(each.campaign for each in chosen.situations if each.holdout or each.variants))


def _result(session: Session, settings: Settings, chosen: Campaigns, name: str) -> dict[str, Any]:
    return followed.follow(
        session,
        name,
        window=next(each.window for each in chosen.situations if each.campaign == name),
        currency=settings.currency,
        trust_self_reported=settings.trust_self_reported,
        now=now(),
        situations=[each for each in chosen.situations if each.campaign == name],
    ).facts()
