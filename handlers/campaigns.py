"""/campaigns: what there is, whether it is on, what became of everyone, and whether it worked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm import audit, broadcasts, switches
from crm.broadcasts import Broadcast
from crm.outbox import Outbound
from handlers.ask import Ask, House, Who
from handlers.broadcast_card import TO_CAMPAIGNS, expired, mine, terms
from handlers.errands import Brought, Fetching, sent
from handlers.paging import Row
from handlers.route import RULERS, Button, Picture, Reply
from outreach import broadcast, followed, status, unknowns
from outreach.campaigns import Campaigns
from outreach.followed import Followed

LIST, CARD, RESULTS = "campaigns", "campaign", "results"  # kinds of errands
SHOWN = 8  # broadcasts in the list


def campaigns(ask: Ask) -> Reply:
    """The list. It is counted from the whole ledger, so it is brought when it is ready."""
    return sent(ask, LIST, {})


def opened(ask: Ask) -> Reply:
    """``campaigns.open:NAME``: one of those that come with Forecourt."""
    name = _known(ask)
    return sent(ask, CARD, {"campaign": name}) if name else expired()


def switch(ask: Ask) -> Reply:
    """``campaigns.switch:NAME:on|off``. From this commit on nothing of it is claimed, or it is again."""
    name, to = _known(ask), ask.parts[1] if len(ask.parts) > 1 else ""
    if name is None or to not in ("on", "off"):
        return expired()
    if switches.turn(ask.session, name, to == "on", by=ask.who.user_id, now=ask.now):
        audit.note(ask.session, ask.who.user_id, f"switch_{to}", now=ask.now, detail=name)
    facts = {"campaign": name, "on": to == "on"}
    return Reply(
        "replies/campaign_switched", facts, (_again(name, to == "on"), (TO_CAMPAIGNS,)), instead=True
    )


def results(ask: Ask) -> Reply:
    """``campaigns.results:NAME``: the verdict; with ``:numbers`` the interval and both arms."""
    name = ask.parts[0] if ask.parts else ""
    told = "numbers" if ask.parts[1:] == ["numbers"] else "verdict"
    if not _results_of(ask.session, ask.who, ask.house, name):
        return expired()
    return sent(ask, RESULTS, {"campaign": name, "told": told})


def _known(ask: Ask) -> str | None:
    name = ask.parts[0] if ask.parts else ""
    found = terms(ask.session, ask.house).campaigns
    return name if name in found.known else None


def _again(name: str, on: bool) -> Row:
    to = "off" if on else "on"
    return (Button(f"campaigns.{to}", data=f"campaigns.switch:{name}:{to}"),)


# Errands: read in a thread, with the rights that the asker has then


def fetch_list(asked: Fetching) -> Brought:
    with asked.database.read() as session:
        found, buttons = _listed(session, asked.who, asked.house, asked.now)
    return Brought(Reply("replies/campaigns", found, buttons))


def _listed(
    session: Session, who: Who, house: House, now: datetime
) -> tuple[dict[str, Any], tuple[Row, ...]]:
    ruler = bool(who.roles & RULERS)
    own: list[dict[str, Any]] = [
        {"id": one.id, "campaign": one.campaign, "name": one.name, "stands": one.stands, "states": {}}
        for one in session.scalars(broadcasts.visible(who.user_id, all_of_them=ruler).limit(SHOWN * 2))
        if mine(session, who, one.id)
    ][:SHOWN]
    counts = _states(session, [row["campaign"] for row in own])
    for row in own:
        row["states"] = counts.get(row["campaign"], {})
    rows, open_ends = ([], 0) if not ruler else (_shipped(session, house, now), unknowns.number(session))
    buttons: list[Row] = [(Button("broadcast.new", data="broadcast.new"),)]
    buttons += [
        (Button("campaigns.open", data=f"campaigns.open:{row['campaign']}", facts=row),) for row in rows
    ]
    buttons += [(Button("campaigns.one", data=f"broadcast.open:{row['id']}", facts=row),) for row in own]
    if open_ends:
        buttons.append((Button("campaigns.unknown", data="campaigns.unknown", facts={"number": open_ends}),))
    return {"campaigns": rows, "broadcasts": own, "unknown": open_ends}, tuple(buttons)


def _shipped(session: Session, house: House, now: datetime) -> list[dict[str, Any]]:
    known = terms(session, house).campaigns
    counts = _states(session, known.known)
    return [
        {
            "campaign": name,
            "on": name not in known.off,
            "states": counts.get(name, {}),
            "result": _verdict(session, known, name, house, now),
        }
        for name in known.known
    ]


def _states(session: Session, names: Any) -> dict[str, dict[str, int]]:
    rows = session.execute(
        select(Outbound.campaign, Outbound.state, func.count())
        .where(Outbound.campaign.in_(names))
        .group_by(Outbound.campaign, Outbound.state)
    )
    found: dict[str, dict[str, int]] = {}
    for name, state, number in rows:
        found.setdefault(name, {})[state] = number
    return found


def fetch_card(asked: Fetching) -> Brought:
    """One shipped campaign: the verdict first, what became of everyone, and what can be changed."""
    name = asked.facts["campaign"]
    with asked.database.read() as session:
        known = terms(session, asked.house).campaigns
        tally = status.tallies(session, name).get(name)
        facts = {
            "campaign": name,
            "on": name not in known.off,
            "counts": tally.facts() if tally else None,
            "result": _verdict(session, known, name, asked.house, asked.now),
        }
    words = Button("campaigns.words", data=f"campaigns.words:{name}")
    found = Button("campaigns.results", data=f"campaigns.results:{name}")
    return Brought(
        Reply("replies/campaign", facts, ((found, words), _again(name, facts["on"]), (TO_CAMPAIGNS,)))
    )


def fetch_results(asked: Fetching) -> Brought:
    """The verdict with its picture, and the numbers where they are asked for."""
    name = asked.facts["campaign"]
    with asked.database.read() as session:
        if not _results_of(session, asked.who, asked.house, name):
            return Brought(Reply("replies/broadcast_expired"))
        found = _followed(session, terms(session, asked.house).campaigns, name, asked.house, asked.now)
        one = broadcasts.of_campaign(session, name)
        facts = found.facts() | {"name": one.name if one else "", "id": one.id if one else 0}
    if asked.facts["told"] == "numbers":
        return Brought(Reply("replies/results", facts, ((TO_CAMPAIGNS,),)))
    numbers = Button("campaigns.numbers", data=f"campaigns.results:{name}:numbers")
    picture = Picture("lift", facts) if facts["lift"] else None
    return Brought(Reply("replies/campaign_result", facts, ((numbers, TO_CAMPAIGNS),), picture=picture))


def _results_of(session: Session, who: Who, house: House, name: str) -> Broadcast | str | None:
    """The campaign, if this person may see what it brought: a broadcast of theirs, or one of the chain's."""
    one = broadcasts.of_campaign(session, name) if name else None
    if one is not None:
        return mine(session, who, one.id)
    known = terms(session, house).campaigns
    return name if who.roles & RULERS and name in known.known else None


def _verdict(
    session: Session, known: Campaigns, name: str, house: House, now: datetime
) -> dict[str, Any] | None:
    """What to say first, of campaigns that hold somebody out."""
    mine_ = [each for each in (*known.situations, *known.resting) if each.campaign == name]
    if not any(each.holdout for each in mine_):
        return None
    return _followed(session, known, name, house, now).facts()


def _followed(session: Session, known: Campaigns, name: str, house: House, now: datetime) -> Followed:
    own = [each for each in (*known.situations, *known.resting) if each.campaign == name]
    return followed.follow(
        session,
        name,
        window=own[0].window if own else broadcast.WINDOW,
        currency=house.currency,
        trust_self_reported=house.trust_self_reported,
        now=now,
        situations=own,
    )
