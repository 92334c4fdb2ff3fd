"""What drivers may tell of themselves: vehicle, plate, usual fuel, birthday, home station.

Asked once after the first fill-up, or one by one from /me; a tap skips each question. What is still to
be asked stands in the talk, so that a restart in the middle goes on.
"""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from crm import customers, identity, products
from crm.customers import Vehicle
from handlers import stations
from handlers.ask import Ask
from handlers.paging import Row, in_rows, whole
from handlers.route import END, Button, Reply, Step
from intake.birthday import birthday

FIELDS = ("kind", "plate", "fuel", "birthday", "station")
PERSONAS = {
    "car": "private",
    "suv": "private",
    "taxi": "taxi",
    "van": "business",
    "truck": "heavy",
    "ev": "eco",
}
# A province's sign may come first, and one of a few signs (learner, police, trailer ...) last.
_LAST_SIGNS = r"\u5b66\u8b66\u6e2f\u6fb3\u6302\u9886\u4f7f\u8bd5\u8d85\u4e34"
_PLATE = re.compile(rf"(?=.{{4,10}}$)(?=.*\d)[\u4e00-\u9fff]?[A-Z0-9]+[{_LAST_SIGNS}]?")


def after_first(ask: Ask) -> Reply | None:
    """The first of the questions whose answers nobody knows yet; None when all are known."""
    known = _known(ask)
    open_ = [field for field in FIELDS if not known[field]]
    return _question(ask, open_[0], open_[1:], intro=True) if open_ else None


def menu(ask: Ask) -> Reply:
    """Which detail to change, from /me."""
    taps = [Button(f"details.{field}", data=f"details.pick:{field}") for field in FIELDS]
    return Reply("replies/details", facts(ask), in_rows(taps, 2))


def facts(ask: Ask) -> dict[str, Any]:
    """What is known of them, as templates tell it."""
    return _known(ask)


def pick(ask: Ask) -> Reply:
    field = ask.parts[0] if ask.parts else ""
    return _question(ask, field, []) if field in FIELDS else Reply()


def skip(ask: Ask) -> Reply:
    """Not now: on to the next."""
    field = _stands_at(ask)
    return _next(ask, saved=False) if field else Reply(toast="details.expired")


def tapped(ask: Ask) -> Reply:
    """``details.set:<field>:<value>``, for the question that stands open."""
    field = _stands_at(ask)
    value = ask.parts[1] if len(ask.parts) > 1 else ""
    if field == "kind" and value in PERSONAS:
        _vehicle(ask).kind = value
        ask.customer.persona = PERSONAS[value]
    elif field == "fuel" and value in products.product_codes():
        ask.customer.usual_product = value
    elif field == "station" and (station := stations.picked(ask, whole([value], 0))):
        ask.customer.home_station_id = station.id
    else:
        return Reply(toast="details.expired")
    return _next(ask, saved=True)


def turn(ask: Ask) -> Reply:
    """Other stations to choose a home from."""
    if ask.step != "details.station":
        return Reply(toast="details.expired")
    where, page = stations.turned(ask.parts)
    if where == stations.NEAR:
        return stations.ask_place()
    return _question(ask, "station", ask.data["rest"], instead=True, where=where, page=page)


def place(ask: Ask) -> Reply:
    """Their place: the nearest stations to choose a home from."""
    got, choice = stations.near(ask, "details.set:station", "details.turn")
    rows = (*choice.buttons, _skip_row("station"))
    return Reply(got.template, keys=(), then=(Reply(choice.template, choice.facts, rows),))


def answered(ask: Ask) -> Reply | None:
    """A plate or a birthday in words; None for what is neither."""
    field = ask.step.removeprefix("details.")
    plate = identity.normal_plate(ask.text)
    if field == "plate" and _PLATE.fullmatch(plate):
        return _plate(ask, plate)
    if field == "birthday" and (day := birthday(ask.text, ask.now.astimezone(_zone(ask)).date())):
        ask.customer.birthday = day
        return _next(ask, saved=True, instead=False)
    return None


def asked_again(ask: Ask) -> Reply:
    """Something that is no answer: the question once more, with the way past it."""
    field = ask.step.removeprefix("details.")
    again = _question(ask, field, ask.data.get("rest", []))
    return Reply("replies/details_not_so", {"field": field}, then=(again,))


def _plate(ask: Ask, plate: str) -> Reply:
    """Keep a plate, unless another record has it: typing it proves nothing."""
    taken = ask.session.scalar(select(Vehicle).where(Vehicle.plate == plate))
    if taken is not None and taken.customer_id != ask.customer.id:
        return Reply("replies/details_plate_taken", buttons=(_skip_row("plate"),))
    if taken is None:
        _vehicle(ask).plate = plate
        ask.session.flush()
    return _next(ask, saved=True, instead=False)


def _next(ask: Ask, *, saved: bool, instead: bool = True) -> Reply:
    rest = list(ask.data.get("rest", []))
    if rest:
        return _question(ask, rest[0], rest[1:], instead=instead)
    template = "replies/details_saved" if saved or ask.data.get("intro") else "replies/details_skipped"
    return Reply(template, instead=instead, step=END)


def _question(
    ask: Ask,
    field: str,
    rest: list[str],
    *,
    instead: bool = False,
    intro: bool = False,
    where: str = stations.TOP,
    page: int = 0,
) -> Reply:
    shown = {"field": field, "intro": intro, "known": _known(ask)[field]}
    rows = (*_choices(ask, field, where, page), _skip_row(field))
    data = {"rest": rest, "intro": intro or (bool(ask.data.get("intro")) and ask.step.startswith("details."))}
    return Reply("replies/details_ask", shown, rows, instead=instead, step=Step(f"details.{field}", data))


def _choices(ask: Ask, field: str, where: str, page: int) -> tuple[Row, ...]:
    if field == "kind":
        kinds = [Button(f"vehicle.{kind}", data=f"details.set:kind:{kind}") for kind in PERSONAS]
        return in_rows(kinds, 3)
    if field == "fuel":
        fuels = [
            Button("fillup.product", data=f"details.set:fuel:{code}", facts={"product": code})
            for code in products.fuel_codes()
        ]
        return in_rows(fuels, 3)
    if field == "station":
        first = stations.likely(ask)
        return stations.rows(ask, "details.set:station", "details.turn", first=first, where=where, page=page)
    return ()


def _skip_row(field: str) -> Row:
    return (Button("details.skip", data=f"details.skip:{field}"),)


def _stands_at(ask: Ask) -> str:
    """The field of a button, when that question stands open."""
    field = ask.parts[0] if ask.parts else ""
    return field if field in FIELDS and ask.step == f"details.{field}" else ""


def _vehicle(ask: Ask) -> Vehicle:
    mine = customers.vehicles_of(ask.session, ask.customer)
    if mine:
        return mine[0]
    vehicle = Vehicle(customer_id=ask.customer.id)
    ask.session.add(vehicle)
    return vehicle


def _known(ask: Ask) -> dict[str, str]:
    mine = customers.vehicles_of(ask.session, ask.customer)
    home = stations.picked(ask, ask.customer.home_station_id)
    return {
        "kind": next((each.kind for each in mine if each.kind), ""),
        "plate": next((each.plate for each in mine if each.plate), ""),
        "fuel": ask.customer.usual_product or "",
        "birthday": ask.customer.birthday or "",
        "station": home.name if home else "",
    }


def _zone(ask: Ask) -> ZoneInfo:
    return ZoneInfo(ask.customer.timezone or ask.house.timezone)
