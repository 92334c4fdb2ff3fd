"""Attendants find whoever is at the pump; the sale itself is handlers/sale.py."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from crm import audit, customers, identity
from crm.customers import Customer, Vehicle
from crm.stations import Station
from handlers import redeem, sale, workplace
from handlers.ask import Ask
from handlers.paging import whole
from handlers.refusals import refused
from handlers.route import ATTENDANTS, END, Button, Reply, Step

WHO = "attend.who"
MISSES, MISSES_WITHIN = 20, timedelta(hours=1)
MISS = "not_found"


def fill(ask: Ask) -> Reply:
    """/fill PHONE, PLATE, MEMBER NUMBER or CARD."""
    return _find(ask, ask.args) if ask.args else Reply("replies/attend_who", step=Step(WHO))


def named(ask: Ask) -> Reply:
    return _find(ask, ask.text) if ask.text else asked_again(ask)


def asked_again(_ask: Ask) -> Reply:
    return Reply("replies/attend_who", step=Step(WHO))


def scan(ask: Ask) -> Reply:
    """/start m_TOKEN: an attendant scans a driver's QR. For anyone else the code opens nothing."""
    if not ask.who.roles & ATTENDANTS:
        return refused(ask, "scan")
    customer = customers.by_qr_token(ask.session, ask.args.strip().removeprefix("m_"))
    return _shown(ask, identity.current(ask.session, customer) if customer else None)


def _find(ask: Ask, text: str) -> Reply:
    if _too_many_misses(ask):
        return Reply("replies/attend_slow", step=END)
    return _shown(ask, identity.find(ask.session, text, ask.house.country))


def _too_many_misses(ask: Ask) -> bool:
    return audit.count_since(ask.session, ask.who.user_id, MISS, ask.now - MISSES_WITHIN) >= MISSES


def _shown(ask: Ask, customer: Customer | None) -> Reply:
    """The card of whoever was found, after the station is known; every look is noted."""
    if ask.who.stations == frozenset():
        return Reply("replies/attend_no_station", step=END)
    if _too_many_misses(ask):
        return Reply("replies/attend_slow", step=END)
    if customer is None:
        audit.note(ask.session, ask.who.user_id, MISS, now=ask.now)
        return Reply("replies/attend_none", step=Step(WHO))
    audit.viewed(ask.session, ask.who.user_id, [customer.id], now=ask.now, how="attend")
    station = workplace.usual(ask)
    data = {
        "do": "fill",
        "customer": customer.id,
        "station": station.id if station else None,
        "nonce": secrets.token_hex(4),
    }
    return card(ask, data) if station else workplace.choose(ask, data)


def card(ask: Ask, data: dict[str, Any], *, instead: bool = False) -> Reply:
    """As little of a person as the pump needs, and the products."""
    customer = ask.session.get_one(Customer, data["customer"])
    kinds = ask.session.scalars(
        select(Vehicle.kind).where(Vehicle.customer_id == customer.id, Vehicle.kind.is_not(None)).distinct()
    )
    facts = {
        "name": workplace.hidden(customer.name),
        "number": customer.public_number,
        "kinds": sorted(kind for kind in kinds if kind),
        "product": customer.usual_product,
        "station": ask.session.get_one(Station, data["station"]).name,
    }
    rows = sale.product_buttons(customer, data["nonce"])
    if ask.who.stations is None or len(ask.who.stations) > 1:
        rows += ((Button("attend.switch", data=f"attend.switch:{data['nonce']}"),),)
    return Reply("replies/attend_card", facts, rows, instead=instead, step=Step(sale.PRODUCT, data))


def switch_station(ask: Ask) -> Reply:
    """Another station than the one remembered."""
    if not workplace.still(ask, sale.PRODUCT, sale.AMOUNT):
        return workplace.expired()
    return workplace.choose(ask, ask.data, instead=True)


def turn_stations(ask: Ask) -> Reply:
    if not workplace.still(ask, workplace.STEP):
        return workplace.expired()
    return workplace.choose(ask, ask.data, whole(ask.parts, 1) or 0, instead=True)


def choose_station(ask: Ask) -> Reply:
    """A station's button; what was being done goes on."""
    if not workplace.still(ask, workplace.STEP):
        return workplace.expired()
    place = workplace.found(ask)
    return _go_on(ask, place, instead=True) if place else refused(ask, "attend.station")


def station_typed(ask: Ask) -> Reply:
    """A station's code or name, written instead of tapped; anything else asks again."""
    place = workplace.found(ask)
    return _go_on(ask, place, instead=False) if place else workplace.choose(ask, ask.data)


def _go_on(ask: Ask, place: Station, *, instead: bool) -> Reply:
    if ask.data["do"] == "coupon":
        return redeem.spend(ask, place, str(ask.data["code"]), instead=instead)
    return card(ask, ask.data | {"station": place.id}, instead=instead)
