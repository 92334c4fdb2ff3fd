"""Letting people in: one-time links into a role, made by those who may, used by whoever gets one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from crm import audit, staff, stations
from crm.stations import Station
from handlers.ask import Ask
from handlers.paging import in_rows, page_of, pager, whole
from handlers.refusals import refused
from handlers.route import END, Button, Reply, Step
from templates import LOCALES, words

STEP = "staff.stations"
STATIONS_PER_PAGE = 8
WRONG_TRIES, LOCKED_FOR = 5, timedelta(hours=1)
WRONG = "wrong_invite"


def invite(ask: Ask) -> Reply:
    """/invite ROLE [station codes]; what is missing is asked for with buttons."""
    named, *codes = ask.args.split() or [""]
    role = role_called(named)
    if role is None or role not in staff.grantable(ask.staff.role):
        return _ask_role(ask, named)
    if role not in staff.AT_STATIONS:
        return _link(ask, role, [])
    return choose_stations(ask, role, codes=codes)


def pick_role(ask: Ask) -> Reply:
    """A role's button under /invite."""
    role = ask.parts[0] if ask.parts else ""
    if role not in staff.grantable(ask.staff.role):
        return refused(ask, "invite role")
    if role not in staff.AT_STATIONS:
        return _link(ask, role, [])
    return choose_stations(ask, role, instead=True)


def choose_stations(
    ask: Ask,
    role: str,
    *,
    codes: Sequence[str] = (),
    member: int | None = None,
    chosen: Sequence[int] = (),
    instead: bool = False,
) -> Reply:
    """Begin choosing stations for an invitation, or for a member of staff who is here already."""
    mine = reachable(ask)
    if not mine:
        return Reply("replies/staff_no_station")
    data: dict[str, Any] = {"role": role, "member": member, "stations": sorted(chosen), "page": 0}
    if codes:
        return _by_codes(ask, data, codes, link=member is None)
    if len(mine) == 1 and member is None:
        return _link(ask, role, [mine[0].id])
    return _stations(ask, data, instead=instead)


def toggle_station(ask: Ask) -> Reply:
    station = whole(ask.parts, 0)
    if ask.step != STEP:
        return expired()
    if station not in {place.id for place in reachable(ask)}:
        return refused(ask, "invite station")
    chosen = set(ask.data["stations"]) ^ {station}
    return _stations(ask, ask.data | {"stations": sorted(chosen)}, instead=True)


def turn_stations(ask: Ask) -> Reply:
    if ask.step != STEP:
        return expired()
    return _stations(ask, ask.data | {"page": whole(ask.parts, 0) or 0}, instead=True)


def stations_typed(ask: Ask) -> Reply:
    """Station codes, written instead of tapped."""
    return _by_codes(ask, ask.data, ask.text.split(), link=False)


def stations_asked_again(ask: Ask) -> Reply:
    return _stations(ask, ask.data, instead=False)


def stations_done(ask: Ask) -> Reply:
    """The stations are chosen: give the link."""
    if ask.step != STEP or ask.data.get("member") is not None:
        return expired()
    mine = {place.id for place in reachable(ask)}
    chosen = [station for station in ask.data["stations"] if station in mine]
    role = str(ask.data["role"])
    if not chosen or role not in staff.grantable(ask.staff.role):
        return refused(ask, "invite")
    return _link(ask, role, chosen, instead=True)


def join(ask: Ask) -> Reply:
    """/start inv_CODE: someone opens an invitation. ``ask.args`` is the payload."""
    if ask.who.staff is not None:
        return Reply("replies/invite_already", {"role": ask.who.staff.role})
    since = ask.now - LOCKED_FOR
    if audit.count_since(ask.session, ask.who.user_id, WRONG, since) >= WRONG_TRIES:
        return Reply("replies/invite_locked")
    member = staff.accept(
        ask.session,
        ask.args.strip().removeprefix("inv_"),
        telegram_id=ask.who.user_id,
        name=ask.who.full_name,
        locale=ask.who.locale,
        now=ask.now,
    )
    if member is None:
        audit.note(ask.session, ask.who.user_id, WRONG, now=ask.now)
        return Reply("replies/invite_refused")
    audit.note(ask.session, ask.who.user_id, "join", now=ask.now, detail=member.role)
    names = [place.name for place in _of(ask, staff.stations_of(ask.session, member))]
    facts = {"role": member.role, "stations": names, "name": member.name}
    return Reply("replies/invite_joined", facts, step=END, keys=(), menu=True)


def role_called(text: str) -> str | None:
    """The role meant by a word: its code, or its name in any language."""
    word = text.strip().casefold()
    if word in staff.ROLES:
        return word
    names = ((code, name) for locale in LOCALES for code, name in words("role", locale).items())
    return next((code for code, name in names if name.casefold() == word and code in staff.ROLES), None)


def reachable(ask: Ask) -> list[Station]:
    """The stations this person may send others to."""
    return _of(ask, staff.reach(ask.session, ask.staff))


def expired() -> Reply:
    """A button of a talk that has moved on."""
    return Reply("replies/staff_expired", toast="staff.expired")


def _of(ask: Ask, ids: frozenset[int] | None) -> list[Station]:
    return [place for place in stations.all_stations(ask.session) if ids is None or place.id in ids]


def _ask_role(ask: Ask, typed: str) -> Reply:
    roles = staff.grantable(ask.staff.role)
    buttons = [Button(f"role.{role}", data=f"staff.invite:{role}") for role in roles]
    known = role_called(typed) or ""
    facts = {"typed": typed[:40], "known": known}
    return Reply("replies/invite_role", facts, in_rows(buttons, 2))


def _by_codes(ask: Ask, data: dict[str, Any], codes: Sequence[str], *, link: bool) -> Reply:
    by_code = {place.code.casefold(): place.id for place in reachable(ask)}
    unknown = [code[:40] for code in codes if code.casefold() not in by_code]
    if unknown:
        reply = _stations(ask, data, instead=False)
        return Reply("replies/staff_station_unknown", {"codes": unknown[:5]}, then=(reply,), step=reply.step)
    chosen = sorted({by_code[code.casefold()] for code in codes})
    if link:
        return _link(ask, data["role"], chosen)
    return _stations(ask, data | {"stations": chosen}, instead=False)


def _stations(ask: Ask, data: dict[str, Any], *, instead: bool) -> Reply:
    """The choice of stations, with those chosen so far."""
    mine = reachable(ask)
    picked, page = set(data["stations"]), page_of(mine, data["page"], STATIONS_PER_PAGE)
    taps = [
        Button(
            "staff.station_on" if place.id in picked else "staff.station_off",
            data=f"staff.station:{place.id}",
            facts={"name": place.name[:40], "code": place.code},
        )
        for place in page.items
    ]
    rows = in_rows(taps, 1) + pager("staff.page", page.number, page.pages)
    if picked:
        finish = "staff.move" if data.get("member") is not None else "staff.link"
        rows += ((Button(finish, data=finish),),)
    facts = {
        "role": data["role"],
        "chosen": [place.name for place in mine if place.id in picked],
        "example": mine[0].code if mine else "",
    }
    return Reply("replies/staff_stations", facts, rows, instead=instead, step=Step(STEP, data))


def _link(ask: Ask, role: str, places: list[int], *, instead: bool = False) -> Reply:
    code = staff.invite(ask.session, ask.staff, role, places, now=ask.now)
    audit.note(ask.session, ask.who.user_id, "invite", now=ask.now, detail=role)
    link = f"https://t.me/{ask.house.bot_username}?start=inv_{code}"
    facts = {
        "link": link,
        "role": role,
        "stations": [place.name for place in _of(ask, frozenset(places))],
        "until": (ask.now + staff.INVITE_LASTS).isoformat(),
        "zone": ask.house.timezone,
    }
    copy = ((Button("staff.copy", copy=link),),)
    return Reply("replies/invite_link", facts, copy, instead=instead, step=END)
