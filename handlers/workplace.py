"""What attendants' talks share: where they work, whether a button is still meant, a name half hidden."""

from __future__ import annotations

from typing import Any

from crm import audit, stations
from crm.stations import Station
from handlers.ask import Ask
from handlers.paging import in_rows, page_of, pager, whole
from handlers.route import Button, Reply, Step
from handlers.text import cut

STEP = "attend.station"
STATIONS_PER_PAGE = 8


def mine(ask: Ask) -> list[Station]:
    """The stations this person may record at."""
    scope = ask.who.stations
    return [place for place in stations.all_stations(ask.session) if scope is None or place.id in scope]


def usual(ask: Ask) -> Station | None:
    """Where they work: the only station, or that of their last record. None: ask."""
    places = mine(ask)
    if len(places) == 1:
        return places[0]
    last = audit.last_detail(ask.session, ask.who.user_id, "record")
    return next((place for place in places if place.code == last), None)


def choose(ask: Ask, data: dict[str, Any], page: int = 0, *, instead: bool = False) -> Reply:
    """Ask for the station; what was being done goes on afterwards (``data["do"]``: fill or coupon)."""
    shown = page_of(mine(ask), page, STATIONS_PER_PAGE)
    taps = [
        Button("attend.at", data=f"attend.at:{data['nonce']}:{place.id}", facts={"name": cut(place.name, 40)})
        for place in shown.items
    ]
    rows = in_rows(taps, 1) + pager(f"attend.stations:{data['nonce']}", shown.number, shown.pages)
    return Reply("replies/attend_station", buttons=rows, instead=instead, step=Step(STEP, data))


def found(ask: Ask) -> Station | None:
    """The station that was tapped (second argument) or typed (code or name); one of theirs, or None."""
    number, words = whole(ask.parts, 1), ask.text.casefold()
    fits = (p for p in mine(ask) if p.id == number or words in (p.code.casefold(), p.name.casefold()))
    return next(fits, None)


def still(ask: Ask, *steps: str) -> bool:
    """Whether a button belongs to the talk as it stands: its first argument is the talk's nonce."""
    return ask.step in steps and bool(ask.parts) and ask.parts[0] == ask.data.get("nonce")


def expired() -> Reply:
    return Reply("replies/attend_expired", toast="attend.expired")


def hidden(name: str) -> str:
    """A name as it may be read over a shoulder: its first character, such as 张*."""
    return f"{name[0]}*" if name else ""
