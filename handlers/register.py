"""Registering in three steps: /start, one notice with consent per purpose, the own contact.

What is known on the way (where they came from, what they agreed to) lies in the talk until the contact
proves who they are; only then is there a customer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import func, select

from crm import customers, fillups, phones, registration, scans, stations
from crm.customers import Customer
from crm.fillups import Fillup
from crm.registration import Joined, Origin
from crm.stations import Station
from handlers import attend, invites, redeem
from handlers.ask import Ask
from handlers.paging import Row
from handlers.privacy import WORDING
from handlers.route import END, Button, Key, Reply, Step

NOTICE, CONTACT = "register.notice", "register.contact"
CHOICES = {"both": (True, True), "service": (True, False)}
PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PHONE = re.compile(r"\+?[\d\s().-]{6,24}")


def start(ask: Ask) -> Reply:
    """/start, bare or with the payload of a deep link. Whoever had blocked the bot is back."""
    customers.set_reachable(ask.session, ask.who.user_id, True)
    payload = ask.args.strip()
    link = LINKS.get(payload.partition("_")[0]) if PAYLOAD.fullmatch(payload) else None
    return (link(replace(ask, args=payload)) if link else None) or begin(ask)


def begin(ask: Ask, **origin: Any) -> Reply:
    """Greet who is known; else begin to register, or repeat the step that stands open."""
    if ask.who.customer is not None:
        return _home(ask, origin.get("station"))
    data = (ask.data if under_way(ask) else {}) | origin
    if ask.who.staff is not None and not under_way(ask) and not origin:
        return Reply("replies/start_staff", {"role": ask.who.staff.role}, _as_driver(), menu=True)
    return _contact_asked(data) if ask.step == CONTACT else _notice(ask, data)


def as_driver(ask: Ask) -> Reply:
    """A member of staff wants to be a customer as well."""
    return _home(ask, None) if ask.who.customer else _notice(ask, {})


def from_poster(ask: Ask) -> Reply | None:
    """``st_<code>``: the QR on a poster at a station."""
    station = stations.by_code(ask.session, ask.args.removeprefix("st_"))
    if station is None:
        return None
    _scanned(ask, "poster", station.code, station.id)
    return begin(ask, station=station.id)


def from_friend(ask: Ask) -> Reply | None:
    """``ref_<member number>``: a friend's link."""
    member = ask.args.removeprefix("ref_")
    friend = ask.session.scalar(select(Customer).where(Customer.member == member))
    if friend is None:
        return None
    _scanned(ask, "friend", member, friend.home_station_id)
    return begin(ask, friend=member)


def _scanned(ask: Ask, source: str, detail: str, station: int | None) -> None:
    """The first step of the funnel, of whoever is neither customer nor staff."""
    if ask.who.customer is None and ask.who.staff is None:
        scans.note(ask.session, ask.who.user_id, source, detail, station, now=ask.now)


LINKS: dict[str, Callable[[Ask], Reply | None]] = {
    "st": from_poster,
    "ref": from_friend,
    "inv": invites.join,
    "m": attend.scan,
    "cp": redeem.scan,
}


def under_way(ask: Ask) -> bool:
    return ask.who.customer is None and ask.step in (NOTICE, CONTACT)


def agreed(ask: Ask) -> Reply:
    """``register.agree:<both|service>:<wording>``: consent is given to the words that were shown."""
    choice, wording = (*ask.parts, "", "")[:2]
    if ask.who.customer is not None:
        return Reply(toast="register.already")
    if choice not in CHOICES or wording != WORDING:
        return _notice(ask, ask.data if under_way(ask) else {})
    data = (ask.data if under_way(ask) else {}) | {"agreed": choice, "at": ask.now.isoformat()}
    asked = _contact_asked(data)
    return Reply("replies/register_agreed", {"choice": choice}, instead=True, then=(asked,), step=asked.step)


def repeated(ask: Ask) -> Reply:
    """Anything else in the middle of registering: the step that stands open, once more."""
    return _contact_asked(ask.data) if ask.step == CONTACT else _notice(ask, ask.data)


def typed(ask: Ask) -> Reply:
    """Text where the contact button was expected; a typed phone proves nothing."""
    again = _contact_asked(ask.data)
    return replace(again, template="replies/register_typed") if _PHONE.fullmatch(ask.text) else again


def contact(ask: Ask) -> Reply:
    """The last step: the own contact, whose phone Telegram vouches for."""
    phone = proven_phone(ask)
    if phone is None:
        return replace(_contact_asked(ask.data), template="replies/register_not_yours")
    joined = registration.register(
        ask.session,
        chat_id=ask.who.user_id,
        phone=phone,
        name=ask.who.full_name,
        locale=ask.who.locale,
        origin=_origin(ask),
        now=ask.now,
    )
    service, marketing = CHOICES[ask.data["agreed"]]
    for purpose, granted in (("service", service), ("marketing", marketing)):
        customers.consent(
            ask.session, joined.customer, purpose, granted, wording=WORDING, how="notice", now=ask.now
        )
    return _welcome(ask, joined)


def contact_later(ask: Ask) -> Reply:
    """A contact outside of registering: a customer's new phone, or somebody who is not registered yet."""
    if ask.who.customer is None:
        return begin(ask)
    phone = proven_phone(ask)
    if phone is None:
        return Reply("replies/register_not_yours", keys=())
    if phone == ask.customer.phone:
        return Reply("replies/register_same_phone", keys=())
    joined = registration.change_phone(ask.session, ask.customer, phone, ask.now)
    return Reply(
        "replies/register_new_phone", {"phone": phones.masked(phone)}, keys=(), also=_told(ask, joined)
    )


def proven_phone(ask: Ask) -> str | None:
    """The sender's own phone in E.164; None for somebody else's card."""
    card = ask.contact
    if card is None or card.user_id != ask.who.user_id:
        return None
    digits = "".join(sign for sign in card.phone_number if sign.isdecimal() and sign.isascii())
    if not digits:
        return None
    national = phones.normal(card.phone_number, ask.house.country)
    return phones.normal(f"+{digits}", ask.house.country) or national or f"+{digits[:15]}"


def _notice(ask: Ask, data: dict[str, Any]) -> Reply:
    station = ask.session.get(Station, data["station"]) if data.get("station") else None
    other = "en" if ask.who.locale == "zh" else "zh"
    rows: tuple[Row, ...] = (
        (Button("register.both", data=f"register.agree:both:{WORDING}"),),
        (Button("register.service", data=f"register.agree:service:{WORDING}"),),
        (Button(f"language.{other}", data=f"language.set:{other}"),),
    )
    facts = {
        "chain": ask.house.chain_name,
        "name": ask.who.first_name,
        "station": station.name if station else "",
        "friend": bool(data.get("friend")),
    }
    return Reply("replies/register_notice", facts, rows, step=Step(NOTICE, data))


def _contact_asked(data: dict[str, Any]) -> Reply:
    key = Key("register.share", asks="contact")
    return Reply("replies/register_contact", keys=((key,),), step=Step(CONTACT, data))


def _origin(ask: Ask) -> Origin:
    station = ask.session.get(Station, ask.data["station"]) if ask.data.get("station") else None
    if station is not None:
        return Origin("poster", station.code, station.id)
    friend = ask.data.get("friend")
    return Origin("friend", friend) if friend else Origin()


def _welcome(ask: Ask, joined: Joined) -> Reply:
    """Greeted as who they are, the guide at once, and the chat that had the account is told."""
    visits, station = _history(ask, joined.customer) if joined.known else (0, "")
    facts = {
        "name": joined.customer.name,
        "number": joined.customer.public_number,
        "visits": visits,
        "station": station,
        "moved": joined.left is not None,
    }
    guide = Reply("replies/register_guide", {}, _guide())
    return Reply(
        "replies/register_done", facts, keys=(), step=END, then=(guide,), menu=True, also=_told(ask, joined)
    )


def _told(ask: Ask, joined: Joined) -> tuple[tuple[int, str, Reply], ...]:
    if joined.left is None:
        return ()
    chat_id, locale = joined.left
    return ((chat_id, locale or ask.house.locale, Reply("replies/register_moved_away")),)


def _history(ask: Ask, customer: Customer) -> tuple[int, str]:
    """How often the till has seen them, and where most."""
    rows = ask.session.execute(
        select(Station.name, func.count())
        .join(Fillup, Fillup.station_id == Station.id)
        .where(Fillup.customer_id == customer.id, fillups.counting())
        .group_by(Station.id, Station.name)
        .order_by(func.count().desc(), Station.id)
    ).all()
    return sum(row[1] for row in rows), (rows[0][0] if rows else "")


def _home(ask: Ask, station_id: int | None) -> Reply:
    station = ask.session.get(Station, station_id) if station_id else None
    rows = _guide()
    if station is not None:
        here = Button("register.here", data=f"fillup.here:{station.id}", facts={"station": station.name[:40]})
        rows = ((here,), *rows)
    facts = {"name": ask.customer.name, "number": ask.customer.public_number}
    return Reply("replies/start_home", facts, rows, step=None, menu=True)


def _guide() -> tuple[Row, ...]:
    return ((Button("me.fillup", data="fillup.new"), Button("me.open", data="me.open")),)


def _as_driver() -> tuple[Row, ...]:
    return ((Button("register.as_driver", data="register.begin"),),)
