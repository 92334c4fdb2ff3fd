"""Choosing a station: the usual ones first, then by place or by city."""

from __future__ import annotations

from collections.abc import Sequence

from crm import stations
from crm.fillups import last_of
from crm.stations import Station
from handlers.ask import Ask
from handlers.paging import Row, in_rows, page_of, pager, whole
from handlers.route import Button, Key, Reply
from handlers.text import cut

FEW = 8  # more stations than this are shown by city
NEAREST = 5
LIKELY = 3  # stations offered by name above the cities
TOP, NEAR = "-", "near"


def usual(ask: Ask) -> list[Station]:
    """Where this driver filled up last, and their home station."""
    ids = [fillup.station_id for fillup in last_of(ask.session, ask.customer.id, 3)]
    wanted = dict.fromkeys([*ids, ask.customer.home_station_id])
    return [ask.session.get_one(Station, id_) for id_ in wanted if id_ is not None]


def likely(ask: Ask) -> list[Station]:
    """The usual stations; for a newcomer also those where most customers are at home, one tap away."""
    known = usual(ask)
    more = stations.busiest(ask.session, LIKELY) if len(known) < LIKELY else []
    return [*known, *(place for place in more if place not in known)][: max(LIKELY, len(known))]


def rows(
    ask: Ask, pick: str, turn: str, *, first: Sequence[Station] = (), where: str = TOP, page: int = 0
) -> tuple[Row, ...]:
    """Buttons to choose a station. A station's data is ``pick:<id>``; ``turn:<where>:<page>`` shows other
    ones, where ``where`` is ``-`` for all, ``c<n>`` for a city, ``near`` to share one's place.
    """
    everywhere = stations.all_stations(ask.session)
    cities = sorted({place.city or "" for place in everywhere})
    if where == TOP and len(everywhere) > FEW and len(cities) > 1:
        shown = page_of(cities, page, FEW)
        taps = [
            Button("stations.city", data=f"{turn}:c{cities.index(city)}:0", facts={"city": cut(city, 40)})
            for city in shown.items
        ]
        listed = (*_picks(first if page == 0 else (), pick), *in_rows(taps, 2))
        return (*listed, *pager(f"{turn}:{TOP}", shown.number, shown.pages), *_near(turn))
    here = [place for place in everywhere if where == TOP or (place.city or "") == _city(cities, where)]
    ahead = [place for place in first if place in here]
    placed = page_of(ahead + [place for place in here if place not in ahead], page, FEW)
    turned = pager(f"{turn}:{where}", placed.number, placed.pages)
    back = () if where == TOP else ((Button("stations.all", data=f"{turn}:{TOP}:0"),),)
    return (*_picks(placed.items, pick), *turned, *back, *_near(turn))


def ask_place() -> Reply:
    """Ask for the person's place with the key that Telegram has for it."""
    return Reply("replies/stations_where", keys=((Key("stations.share", asks="location"),),))


def near(ask: Ask, pick: str, turn: str) -> tuple[Reply, Reply]:
    """The nearest stations to the place just shared: the key goes away, then the choice."""
    assert ask.location is not None
    found = stations.nearest(
        stations.all_stations(ask.session), ask.location.latitude, ask.location.longitude, NEAREST
    )
    taps = tuple(
        (
            Button(
                "stations.away",
                data=f"{pick}:{place.id}",
                facts={"name": cut(place.name, 36), "km": f"{metres / 1000:.1f}"},
            ),
        )
        for place, metres in found
    )
    every = ((Button("stations.all", data=f"{turn}:{TOP}:0"),),)
    facts = {"count": len(found)}
    return Reply("replies/stations_got", keys=()), Reply("replies/stations_near", facts, (*taps, *every))


def nearby(ask: Ask) -> Reply:
    """Somebody shares their place without being asked: the nearest stations."""
    got, choice = near(ask, "fillup.here", "fillup.nowhere")
    return Reply(got.template, keys=(), then=(Reply(choice.template, choice.facts, choice.buttons[:-1]),))


def picked(ask: Ask, number: int | None) -> Station | None:
    return ask.session.get(Station, number) if number is not None else None


def turned(parts: Sequence[str]) -> tuple[str, int]:
    """Where and which page, from the arguments of a ``turn`` button."""
    return (parts[0] if parts else TOP), whole(parts, 1) or 0


def spellings(ask: Ask) -> dict[str, int]:
    """What people may call a station -> its id: code, name, and the name without 'station'."""
    names: dict[str, int] = {}
    for place in stations.all_stations(ask.session):
        short = place.name
        for end in ("加油站", "站", " station", " Station"):
            short = short.removesuffix(end)
        for name in (place.code, place.name, short):
            names.setdefault(name, place.id)
    return names


def _picks(places: Sequence[Station], pick: str) -> tuple[Row, ...]:
    return in_rows(
        [
            Button("stations.name", data=f"{pick}:{place.id}", facts={"name": cut(place.name, 48)})
            for place in places
        ],
        1,
    )


def _near(turn: str) -> tuple[Row, ...]:
    return ((Button("stations.near", data=f"{turn}:{NEAR}:0"),),)


def _city(cities: Sequence[str], where: str) -> str | None:
    number = whole([where.removeprefix("c")], 0)
    return cities[number] if number is not None and number < len(cities) else None
