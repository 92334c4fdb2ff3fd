"""From a finished draft to its end: looked at, tried, approved by others, paused, resumed, stopped.

Rights and revision are looked at again on every tap: a button is no proof, and may be old.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm import audit, broadcasts
from crm.broadcasts import Broadcast
from crm.staff import Staff
from handlers import broadcast_card, coupon_qr, tell
from handlers.ask import Ask
from handlers.broadcast_card import card, expired, limits, live, looking, mine, opening, terms
from handlers.errands import sent
from handlers.paging import whole
from handlers.route import END, Button, Reply
from outreach import audience
from outreach.approval import APPROVERS, may_approve, may_rule, needed
from outreach.broadcast import question_of, version_of, words_of
from outreach.message import STOP_OFFERS, Words
from outreach.samples import Sample, named, samples
from templates import LOCALES, label, render

KIND = "preview"  # of the errand that plans everybody
AT_ONCE = 3000  # signs of renderings in one message


def check(ask: Ask) -> Reply:
    """``broadcast.check:ID``: what would become of everyone, counted beside the conversation."""
    found = mine(ask.session, ask.who, whole(ask.parts, 0))
    if found is None or not found.audience:
        return expired()
    broadcasts.look(ask.session, found, ask.who.user_id, now=ask.now, counted=True)
    return sent(ask, KIND, {"id": found.id, "revision": found.revision})


def sample(ask: Ask) -> Reply:
    """``broadcast.sample:ID``: real renderings of up to five people, in each language."""
    found = mine(ask.session, ask.who, whole(ask.parts, 0))
    if found is None:
        return expired()
    shown = _samples(ask, found)
    if not shown:
        return Reply("replies/broadcast_nobody")
    broadcasts.look(ask.session, found, ask.who.user_id, now=ask.now, seen=True)
    audit.viewed(ask.session, ask.who.user_id, named(shown), now=ask.now, how="broadcast")
    pages = [Reply(*page) for locale in LOCALES for page in _pages(ask, found, shown, locale)]
    if found.photo:
        pages.insert(0, Reply("replies/broadcast_photo_shown", {"id": found.id}, photo=found.photo))
    return replace(pages[0], then=tuple(pages[1:]))


def test(ask: Ask) -> Reply:
    """``broadcast.test:ID``: the message itself, with its buttons, to whoever asks."""
    found = mine(ask.session, ask.who, whole(ask.parts, 0))
    if found is None:
        return expired()
    shown = _samples(ask, found, most=1)
    if not shown:
        return Reply("replies/broadcast_nobody")
    broadcasts.look(ask.session, found, ask.who.user_id, now=ask.now, tested=True)
    audit.viewed(ask.session, ask.who.user_id, named(shown), now=ask.now, how="broadcast_test")
    qr = ((Button("coupon.qr", data=f"broadcast.qr:{found.id}"),),) if _coupon(shown) else ()
    buttons = (*qr, (Button("outreach.stop_offers", data=STOP_OFFERS),))
    own = ask.who.locale
    order = [own, *(each for each in LOCALES if each != own and each in words_of(ask.session, found))]
    texts = [shown[0].in_(locale, _words(ask))[0] for locale in order]
    parts = [
        Reply("replies/broadcast_test", {"text": text}, buttons, photo=found.photo or "", locale=locale)
        for locale, text in zip(order, texts, strict=True)
    ]
    return Reply("replies/broadcast_tested", {"id": found.id}, then=tuple(parts))


def qr(ask: Ask) -> Reply:
    """``broadcast.qr:ID``: what a tap on the test's button shows a driver; its code is none yet."""
    found = mine(ask.session, ask.who, whole(ask.parts, 0))
    coupon = _coupon(_samples(ask, found, most=1)) if found else None
    if coupon is None:
        return expired()
    return Reply("replies/coupon_qr", coupon, qr=coupon_qr.link(ask, coupon["code"]))


def _coupon(shown: list[Sample]) -> dict[str, Any] | None:
    coupon: dict[str, Any] | None = shown[0].row.facts["coupon"] if shown else None
    return coupon


def ask_for(ask: Ask) -> Reply:
    """``broadcast.ask:ID:REVISION``: send it, or hand it to those who approve."""
    found = _as_seen(ask)
    if found is None or found.stands != "draft" or found.drafted_by != ask.who.user_id:
        return expired()
    if missing := _unseen(ask, found):
        return Reply(
            "replies/broadcast_look_first", {"missing": missing}, (looking(found), opening(found.id))
        )
    try:
        asker = terms(ask.session, ask.house).asker(found.stations, ask.now)
        reach = audience.size(ask.session, question_of(ask.session, found), asker).reach
    except ValueError:
        return expired()
    version = version_of(ask.session, found)
    if not reach or version is None or not broadcasts.ask(
        ask.session, found, version=version, size=reach, now=ask.now
    ):  # fmt: skip
        return expired()
    _note(ask, found, "broadcast_ask")
    others = needed(reach, limits(ask.house))
    if not others:
        broadcasts.send_alone(ask.session, found, now=ask.now)
        return _approved(ask, found)
    return Reply(
        "replies/broadcast_asked",
        {"id": found.id, "needed": others, "people": reach},
        instead=True,
        also=_to_approvers(ask, found, others),
    )


def approve(ask: Ask) -> Reply:
    """``broadcast.approve:ID:REVISION``: one more says yes."""
    found = _as_seen(ask)
    if found is None or found.stands != "waiting" or not may_approve(
        ask.staff.role, ask.who.user_id, found
    ):  # fmt: skip
        return expired()
    if missing := _unseen(ask, found):
        return Reply(
            "replies/broadcast_look_first", {"missing": missing}, (looking(found), opening(found.id))
        )
    others = needed(found.size or 0, limits(ask.house))
    if not broadcasts.approve(ask.session, found, ask.who.user_id, max(1, others), now=ask.now):
        return expired()
    _note(ask, found, "broadcast_yes")
    if found.stands == "approved":
        return _approved(ask, found)
    return card(ask, found, instead=True)


def refuse(ask: Ask) -> Reply:
    """``broadcast.refuse:ID:REVISION``: back to the drafter, who hears of it."""
    found = _as_seen(ask)
    if found is None or not (
        may_rule(ask.staff.role, ask.who.user_id, found) and broadcasts.back_to_draft(ask.session, found)
    ):
        return expired()
    _note(ask, found, "broadcast_no")
    own = found.drafted_by == ask.who.user_id
    told = Reply("replies/broadcast_refused", {"id": found.id, "by": ask.staff.name}, (opening(found.id),))
    if own:
        return card(ask, found, instead=True)
    also = _told(ask, [found.drafted_by], told)
    return Reply("replies/broadcast_refused", {"id": found.id, "by": ""}, instead=True, also=also)


def pause(ask: Ask) -> Reply:
    """Nothing of it is claimed from this commit on."""
    return _turned(ask, "broadcast_pause", broadcasts.pause)


def resume(ask: Ask) -> Reply:
    """What still waits goes on."""
    return _turned(ask, "broadcast_resume", broadcasts.resume)


def _turned(ask: Ask, action: str, turn: Callable[[Session, int], bool]) -> Reply:
    found = _ruled(ask)
    if found is None or not turn(ask.session, found.id):
        return _as_it_is(ask, found)
    _note(ask, found, action)
    return broadcast_card.show(ask, found, instead=True)


def ask_stop(ask: Ask) -> Reply:
    found = _ruled(ask)
    if found is None or found.stands not in ("approved", "running", "paused"):
        return _as_it_is(ask, found)
    yes = Button("broadcast.stop_yes", data=f"broadcast.stopped:{found.id}")
    back = Button("broadcast.stop_no", data=f"broadcast.open:{found.id}")
    return Reply("replies/broadcast_stop", {"id": found.id}, ((yes, back),), instead=True)


def stop(ask: Ask) -> Reply:
    """For good: whoever still waits is skipped with that reason."""
    found = _ruled(ask)
    if found is None or not broadcasts.stop(ask.session, found.id, now=ask.now):
        return _as_it_is(ask, found)
    _note(ask, found, "broadcast_stop")
    return live(ask.session, found, ask.house, ask.now, instead=True)


def _as_it_is(ask: Ask, found: Broadcast | None) -> Reply:
    """A second tap finds it done and shows how it stands."""
    return broadcast_card.show(ask, found, instead=True) if found else expired()


def _ruled(ask: Ask) -> Broadcast | None:
    found = mine(ask.session, ask.who, whole(ask.parts, 0))
    return found if found and may_rule(ask.staff.role, ask.who.user_id, found) else None


def _as_seen(ask: Ask) -> Broadcast | None:
    """The broadcast, if it is still what the button spoke of."""
    found = mine(ask.session, ask.who, whole(ask.parts, 0))
    return found if found is not None and found.revision == whole(ask.parts, 1) else None


def _unseen(ask: Ask, found: Broadcast) -> list[str]:
    """What has to be looked at before anybody says yes."""
    looked = broadcasts.look(ask.session, found, ask.who.user_id, now=ask.now)
    return [
        name
        for name, at in (
            ("numbers", looked.counted_at),
            ("samples", looked.seen_at),
            ("test", looked.tested_at),
        )
        if at is None
    ]


def _approved(ask: Ask, found: Broadcast) -> Reply:
    """It begins at its hour; whoever drafted and approved it is kept up to date."""
    people = {found.drafted_by, *broadcasts.approvers(ask.session, found)}
    for one in _working(ask, people):
        broadcasts.show_to(ask.session, found.id, one.telegram_id, one.locale or ask.house.locale)
    facts = {
        "id": found.id,
        "people": found.size,
        "send_at": found.send_at.isoformat() if found.send_at else None,
        "zone": ask.house.timezone,
    }
    told = Reply("replies/broadcast_approved", facts)
    also = _told(ask, people - {ask.who.user_id}, told)
    return Reply("replies/broadcast_approved", facts, instead=True, also=also, step=END)


def _to_approvers(ask: Ask, found: Broadcast, others: int) -> tell.Also:
    able = ask.session.scalars(
        select(Staff).where(
            Staff.active.is_(True), Staff.role.in_(APPROVERS), Staff.telegram_id != found.drafted_by
        )
    )
    facts = {"id": found.id, "name": found.name, "by": ask.staff.name, "people": found.size, "needed": others}
    please = Reply("replies/broadcast_please", facts, (opening(found.id),))
    return tuple(part for one in able for part in tell.colleague(ask, one, please))


def _told(ask: Ask, people: Iterable[int], words: Reply) -> tell.Also:
    return tuple(part for one in _working(ask, people) for part in tell.colleague(ask, one, words))


def _working(ask: Ask, people: Iterable[int]) -> Sequence[Staff]:
    """Those of them who still work here: whoever has left hears of no message any more."""
    query = select(Staff).where(Staff.telegram_id.in_(people), Staff.active).order_by(Staff.id)
    return ask.session.scalars(query).all()


def _note(ask: Ask, found: Broadcast, action: str) -> None:
    audit.note(ask.session, ask.who.user_id, action, now=ask.now, detail=f"{found.campaign} {found.revision}")


def _words(ask: Ask) -> Words:
    return Words(render, label, ask.house.locale)


def _samples(ask: Ask, found: Broadcast, most: int = 5) -> list[Sample]:
    if not words_of(ask.session, found):
        return []
    try:
        return samples(ask.session, found, terms(ask.session, ask.house), ask.now, most)
    except ValueError:
        return []


def _pages(ask: Ask, found: Broadcast, shown: list[Sample], locale: str) -> list[tuple[str, dict[str, Any]]]:
    """The renderings of one language, in as few messages as hold them."""
    rows = [
        {"name": each.person.name, "number": each.person.number, "text": each.in_(locale, _words(ask))[0]}
        for each in shown
    ]
    pages: list[list[dict[str, str]]] = [[]]
    for row in rows:
        if pages[-1] and sum(len(one["text"]) for one in pages[-1]) + len(row["text"]) > AT_ONCE:
            pages.append([])
        pages[-1].append(row)
    return [
        ("replies/broadcast_sample", {"id": found.id, "language": locale, "rows": page}) for page in pages
    ]
