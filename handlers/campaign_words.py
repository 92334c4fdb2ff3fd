"""The words of the campaigns that come with Forecourt, read and rewritten in chat, each version kept."""

from __future__ import annotations

from typing import Any

from crm import audit, copies
from handlers.ask import Ask
from handlers.broadcast_card import TO_CAMPAIGNS, expired, terms
from handlers.paging import in_rows
from handlers.route import END, Button, Reply, Step
from outreach.campaigns import Situation
from outreach.copies import FACTS, CopyFault, check
from outreach.message import STOP_OFFERS, Words
from outreach.outbox import Claimed
from outreach.wording import personas_of
from templates import LOCALES, label, render

TEXT = "words.text"  # the step of the talk
SOMEBODY: dict[str, Any] = {
    "name": "Wang Fang",
    "station": None,
    "fuel": "95",
    "days_away": 45,
    "away": {"unit": "weeks", "n": 6},
    "usual_gap_days": 8,
    "benefit": None,
    "asks": None,
}


def situations(ask: Ask) -> Reply:
    """``campaigns.words:NAME``: its occasions, a button for each language."""
    found = [each for each in _all(ask) if each.campaign == (ask.parts[0] if ask.parts else "")]
    if not found:
        return expired()
    taps = [
        Button(
            "campaigns.situation",
            data=f"words.open:{each.campaign}:{each.name}:{locale}",
            facts={"situation": each.name, "language": locale},
        )
        for each in found
        for locale in LOCALES
    ]
    own = [{"situation": each.name, "personas": personas_of(each.template)} for each in found]
    facts = {"campaign": found[0].campaign, "own": [one for one in own if one["personas"]]}
    return Reply("replies/campaign_words", facts, (*in_rows(taps, 2), (TO_CAMPAIGNS,)), instead=True)


def opened(ask: Ask) -> Reply:
    """``words.open:NAME:SITUATION:LOCALE``: the words in force, and what may stand in new ones."""
    found = _of(ask, ask.parts)
    if found is None:
        return expired()
    situation, locale = found
    data = {"campaign": situation.campaign, "situation": situation.name, "locale": locale}
    mine = _edited(ask, situation).get(locale)
    facts = data | {"now": mine, "shipped": _text(ask, situation, locale, {}), "facts": list(FACTS)}
    tap = f"{situation.campaign}:{situation.name}:{locale}"
    buttons = [Button("campaigns.try", data=f"words.try:{tap}")]
    if mine is not None:
        buttons.append(Button("campaigns.shipped_words", data=f"words.drop:{tap}"))
    return Reply("replies/campaign_words_now", facts, (tuple(buttons),), step=Step(TEXT, data))


def typed(ask: Ask) -> Reply:
    """New words: tried on everyone, from the best known to the least, then kept as a new version."""
    found = _of(ask, [str(ask.data.get(name, "")) for name in ("campaign", "situation", "locale")])
    if found is None:
        return expired()
    situation, locale = found
    try:
        check(ask.text, locale)
    except CopyFault as error:
        faults = [fault.facts() for fault in error.found[:5]]
        return Reply("replies/copy_wrong", {"faults": faults, "facts": list(FACTS)})
    return _kept(ask, situation, locale, ask.text)


def asked_again(ask: Ask) -> Reply:
    return Reply("replies/copy_wrong", {"faults": [], "facts": list(FACTS)})


def drop(ask: Ask) -> Reply:
    """``words.drop:NAME:SITUATION:LOCALE``: back to the words that come with Forecourt."""
    found = _of(ask, ask.parts)
    return _kept(ask, *found, None) if found else expired()


def test(ask: Ask) -> Reply:
    """``words.try:NAME:SITUATION:LOCALE``: the message in force, to whoever asks."""
    found = _of(ask, ask.parts)
    if found is None:
        return expired()
    situation, locale = found
    text = _text(ask, situation, locale, _edited(ask, situation))
    stop = ((Button("outreach.stop_offers", data=STOP_OFFERS),),) if situation.kind == "marketing" else ()
    return Reply("replies/broadcast_test", {"text": text}, stop)


def _kept(ask: Ask, situation: Situation, locale: str, body: str | None) -> Reply:
    version = copies.save(
        ask.session,
        campaign=situation.campaign,
        situation=situation.name,
        locale=locale,
        body=body,
        by=str(ask.who.user_id),
        now=ask.now,
    )
    ask.session.flush()
    where = f"{situation.campaign}:{situation.name}:{locale}"
    audit.note(ask.session, ask.who.user_id, "words", now=ask.now, detail=f"{where} {version}")
    buttons = ((Button("campaigns.try", data=f"words.try:{where}"),),)
    facts = {"version": version, "shipped": body is None, "situation": situation.name, "locale": locale}
    return Reply("replies/campaign_words_saved", facts, buttons, step=END)


def _all(ask: Ask) -> tuple[Situation, ...]:
    known = terms(ask.session, ask.house).campaigns
    return (*known.situations, *known.resting)


def _of(ask: Ask, parts: list[str]) -> tuple[Situation, str] | None:
    if len(parts) != 3 or parts[2] not in LOCALES:
        return None
    fits = (each for each in _all(ask) if [each.campaign, each.name] == parts[:2])
    situation = next(fits, None)
    return (situation, parts[2]) if situation else None


def _edited(ask: Ask, situation: Situation) -> dict[str, str]:
    version = copies.versions(ask.session).get((situation.campaign, situation.name))
    return copies.texts(ask.session, situation.campaign, situation.name, version) if version else {}


def _text(ask: Ask, situation: Situation, locale: str, edited: dict[str, str]) -> str:
    """What somebody of whom nearly everything is known would read."""
    coupon = None
    if situation.offer is not None:
        until = ask.now.date().isoformat()
        coupon = {"code": "X" * 10, "value": 1000, "currency": ask.house.currency, "until": until}
    facts = SOMEBODY | {"coupon": coupon, "zone": ask.house.timezone}
    row = Claimed(
        id=0,
        customer_id=0,
        chat_id=0,
        locale=locale,
        campaign=situation.campaign,
        occurrence=situation.name,
        kind=situation.kind,
        template=situation.template,
        facts=facts,
        copies=edited,
    )
    return Words(render, label, ask.house.locale).of(row)[0]
