"""Broadcasts as people make them in chat, for the tests of drafting, approving and sending them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from crm import errands
from crm.broadcasts import Broadcast
from crm.errands import Errand
from handlers.broadcast_card import limits, terms
from handlers.errands import Brought, Fetching
from handlers.people import known
from handlers.speak import said
from handlers.work import WORK
from outreach.running import advance
from tests.handlers.chain import Chain
from tests.handlers.chat import HOUSE, Chat

TEXT = "{% if name %}{{ name }}, {% endif %}the <b>wash</b> is half price."
CODE = " {% if coupon_code %}{{ coupon_value }}: {{ coupon_code }}{% endif %}"


def fifteen(chain: Chain) -> Chain:
    """Twelve at the north, three at the south with a canary's name; alone up to 5, two above 14."""
    chain.town.house = replace(HOUSE, broadcast_alone=5, broadcast_two=14)
    for n in range(15):
        name, home = (f"North {n:02}", chain.north) if n < 12 else (f"Canary {n}", chain.south)
        chat = chain.town.person(name, "en")
        number = chain.customer(name, home, chat=chat, member=f"1{n:05}", marketing_consent=n != 3)
        chain.visits(number, home, *range(5, 200, 10))
    chain.segment()
    return chain


def brought(chat: Chat) -> Brought:
    """Carry out the newest errand of this person; what it brings is heard."""
    town = chat.town
    with town.database.write() as session:
        query = select(Errand).where(Errand.user_id == chat.user_id, Errand.done_at.is_(None))
        errand = session.scalars(query.order_by(Errand.id.desc())).first()
        assert errand is not None
        who = known(session, chat.user_id, chat.user_id, town.house)
        kind, facts = errand.kind, errand.facts
        errands.done(session, errand.id, "brought", now=town.now)
        session.flush()
        session.expunge_all()
    assert WORK[kind].role & who.roles
    found = WORK[kind].fetch(Fetching(town.database, who, town.house, town.now, facts, lambda _: None))
    chat.forget()
    chat.hear(said(found.reply, chat.user_id, who.locale, None))
    return found


def drafted(chat: Chat, audience: str = "home:N1", *, offer: str = "") -> Broadcast:
    """A complete draft, as somebody types it."""
    chat.says("/campaigns")
    brought(chat)
    chat.taps("broadcast.new")
    chat.says(audience)
    chat.says(TEXT + (CODE if offer else ""))
    chat.taps("broadcast.skip")
    if offer:
        chat.taps("broadcast.edit:1:offer")
        chat.says(offer)
    return newest(chat)


def newest(chat: Chat) -> Broadcast:
    found = chat.town.look(lambda s: s.scalars(select(Broadcast).order_by(Broadcast.id.desc())).first())
    assert found is not None
    return found


def looked(chat: Chat, number: int) -> None:
    """What has to be seen before anybody says yes."""
    chat.forges(f"broadcast.check:{number}")
    brought(chat)
    chat.forges(f"broadcast.sample:{number}")
    chat.forges(f"broadcast.test:{number}")


def approved(chain: Chain, boss: Chat, mark: Chat) -> int:
    found = drafted(boss)
    looked(boss, found.id)
    boss.forges(f"broadcast.ask:{found.id}:{found.revision}")
    looked(mark, found.id)
    mark.forges(f"broadcast.approve:{found.id}:{found.revision}")
    tick(chain)
    assert stands(boss, found.id) == "running"
    return found.id


def stands(chat: Chat, number: int) -> str:
    return chat.town.look(lambda s: s.get_one(Broadcast, number).stands)


def tick(chain: Chain) -> None:
    town = chain.town
    with town.database.read() as session:
        found = terms(session, town.house)
    advance(town.database, found, limits(town.house), town.now)


def columns(found: Broadcast) -> dict[str, Any]:
    return {column.name: getattr(found, column.name) for column in Broadcast.__table__.columns}
