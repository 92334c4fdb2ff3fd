"""A broadcast shown: its card while it is drafted and waits, and how far it is once it runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from crm import broadcasts, switches
from crm.broadcasts import Broadcast
from handlers import moments
from handlers.ask import Ask, House, Who
from handlers.paging import Row, in_rows, whole
from handlers.route import END, HEADQUARTERS, RULERS, Button, Reply
from outreach import audience, campaigns
from outreach.approval import Limits, needed
from outreach.audience import Terms
from outreach.broadcast import question_of, words_of
from outreach.progress import progress
from questions.answer import Answer
from questions.said import facts as asked_facts
from templates import LOCALES

TO_CAMPAIGNS = Button("campaigns.back", data="campaigns.list")


def terms(session: Session, house: House) -> Terms:
    """The chain's settings, with the campaigns as people have switched them."""
    found = campaigns.shipped().switched(switches.all_of(session))
    return Terms(found, ZoneInfo(house.timezone), house.trust_self_reported, house.currency, house.country)


def limits(house: House) -> Limits:
    return Limits(house.broadcast_alone, house.broadcast_two)


def mine(session: Session, who: Who, number: int | None) -> Broadcast | None:
    """The broadcast, if this person may see it: their own of stations that are still theirs, or anybody's."""
    found = session.get(Broadcast, number) if number else None
    if found is None or found.stands == "dropped":
        return None
    if who.roles & RULERS:
        return found
    own = found.drafted_by == who.user_id and found.stations is not None
    return found if own and who.stations is not None and set(found.stations or ()) <= who.stations else None


def looking(found: Broadcast) -> Row:
    """The three ways to look before anybody says yes."""
    return (
        Button("broadcast.numbers", data=f"broadcast.check:{found.id}"),
        Button("broadcast.samples", data=f"broadcast.sample:{found.id}"),
        Button("broadcast.test", data=f"broadcast.test:{found.id}"),
    )


def opening(number: int) -> Row:
    """The way to the card of a broadcast."""
    return (Button("broadcast.open", data=f"broadcast.open:{number}", facts={"id": number}),)


def expired(_ask: Ask | None = None) -> Reply:
    return Reply("replies/broadcast_expired", toast="broadcast.expired", step=END)


def opened(ask: Ask) -> Reply:
    """``broadcast.open:ID``."""
    found = mine(ask.session, ask.who, whole(ask.parts, 0))
    return show(ask, found, instead=True) if found else expired()


def show(ask: Ask, found: Broadcast, *, instead: bool = False) -> Reply:
    """The card, or how far it is, in a message that is kept up to date."""
    if found.stands in ("draft", "waiting", "approved"):
        return card(ask, found, instead=instead)
    tapped = ask.incoming.update.callback_query
    message = tapped.message.message_id if instead and tapped and tapped.message else None
    if message is not None and found.stands in ("running", "paused"):
        broadcasts.show_to(ask.session, found.id, ask.who.chat_id, ask.who.locale, message)
    return live(ask.session, found, ask.house, ask.now, instead=instead)


def card(ask: Ask, found: Broadcast, *, instead: bool = False) -> Reply:
    """Everything that is decided so far, and what can be done."""
    facts = card_facts(ask.session, found, ask.house, ask.now)
    facts["mine"] = found.drafted_by == ask.who.user_id
    return Reply("replies/broadcast", facts, _actions(ask, found, facts), instead=instead, step=END)


def card_facts(session: Session, found: Broadcast, house: House, now: datetime) -> dict[str, Any]:
    """JSON, as the templates take it; ``q`` is the audience as facts of a question."""
    whom = _whom(session, found, house, now)
    return whom | {
        "id": found.id,
        "name": found.name,
        "stands": found.stands,
        "why": found.why,
        "words": sorted(words_of(session, found)),
        "locale": house.locale,
        "photo": bool(found.photo),
        "offer": found.offer_value,
        "offer_days": found.offer_days,
        "budget": found.budget,
        "stars": found.stars,
        "currency": found.currency,
        "send_at": found.send_at.isoformat() if found.send_at else None,
        "twice": bool(found.send_at and moments.unclear(found.send_at, ZoneInfo(house.timezone))),
        "lasts": found.lasts_hours,
        "zone": house.timezone,
        "needed": needed(max(whom["reach"], found.size or 0), limits(house)),
        "approvals": broadcasts.approvals(session, found),
    }


def _whom(session: Session, found: Broadcast, house: House, now: datetime) -> dict[str, Any]:
    nobody: dict[str, Any] = {"q": None, "people": 0, "reach": 0}
    try:
        question = question_of(session, found)
    except ValueError:
        return nobody
    asker = terms(session, house).asker(found.stations, now)
    size = audience.size(session, question, asker)
    asked = asked_facts(Answer(question, total=size.people, currency=found.currency), asker.today)
    return {"q": asked, "people": size.people, "reach": size.reach}


def _actions(ask: Ask, found: Broadcast, facts: dict[str, Any]) -> tuple[Row, ...]:
    seen, look, back = f"{found.id}:{found.revision}", looking(found), (TO_CAMPAIGNS,)
    paying = _paying(found) if ask.house.paid and ask.who.roles & HEADQUARTERS else ()
    if found.stands == "draft":
        drafting = _editing(found) + paying + _sending(found, facts, look)
        return drafting if facts["mine"] else (look, *paying, back)
    if found.stands == "waiting":
        yes = Button("broadcast.approve", data=f"broadcast.approve:{seen}", facts=facts)
        no = Button("broadcast.refuse", data=f"broadcast.refuse:{seen}")
        own = Button("broadcast.take_back", data=f"broadcast.refuse:{seen}")
        return look, (own,) if facts["mine"] else (yes, no), *paying, back
    return (_stop(found),), *paying, back


def _paying(found: Broadcast) -> tuple[Row, ...]:
    return ((Button("broadcast.pay", data=f"broadcast.pay:{found.id}"),),)


def _editing(found: Broadcast) -> tuple[Row, ...]:
    tap = f"broadcast.edit:{found.id}"
    words = [
        Button("broadcast.words", data=f"{tap}:words:{locale}", facts={"language": locale})
        for locale in LOCALES
    ]
    others = [Button(f"broadcast.{what}", data=f"{tap}:{what}") for what in ("audience", "offer", "when")]
    return in_rows([others[0], *words], 3) + in_rows([_photo(found), *others[1:]], 3)


def _photo(found: Broadcast) -> Button:
    if found.photo:
        return Button("broadcast.no_photo", data=f"broadcast.set:{found.id}:nophoto")
    return Button("broadcast.photo", data=f"broadcast.edit:{found.id}:photo")


def _sending(found: Broadcast, facts: dict[str, Any], look: Row) -> tuple[Row, ...]:
    drop = Button("broadcast.drop", data=f"broadcast.drop:{found.id}")
    if not facts["reach"] or facts["locale"] not in facts["words"]:
        return ((drop,),)
    name = "broadcast.ask" if facts["needed"] else "broadcast.send"
    ask = Button(name, data=f"broadcast.ask:{found.id}:{found.revision}", facts={"people": facts["reach"]})
    return look, (ask,), (drop,)


def live(session: Session, found: Broadcast, house: House, now: datetime, *, instead: bool = False) -> Reply:
    """Progress with rate and time left, and what can be done about it."""
    facts = progress(session, found, now).facts() | {
        "id": found.id,
        "name": found.name,
        "stands": found.stands,
        "why": found.why,
        "zone": house.timezone,
        "stars": found.stars,
        "paid": found.paid,
        "expires": found.expires_at.isoformat() if found.expires_at else None,
    }
    paying = _paying(found) if house.paid and found.stands == "paused" else ()
    return Reply("replies/broadcast_live", facts, _controls(found) + paying, instead=instead)


def waits_again(found: Broadcast) -> Reply:
    """What was approved may not go out as it is."""
    facts: dict[str, Any] = {"id": found.id, "why": found.why, "people": found.size, "states": {}}
    return Reply("replies/broadcast_again", facts, (opening(found.id),))


def _controls(found: Broadcast) -> tuple[Row, ...]:
    if found.stands == "running":
        return ((Button("broadcast.pause", data=f"broadcast.pause:{found.id}"), _stop(found)),)
    if found.stands == "paused":
        return ((Button("broadcast.resume", data=f"broadcast.resume:{found.id}"), _stop(found)),)
    result = Button("campaigns.results", data=f"campaigns.results:{found.campaign}")
    return (result, Button("broadcast.again", data=f"broadcast.again:{found.id}")), (TO_CAMPAIGNS,)


def _stop(found: Broadcast) -> Button:
    return Button("broadcast.stop", data=f"broadcast.stop:{found.id}")
