"""Attendants take a driver's coupon: a code counts once, and guessing is stopped early."""

from __future__ import annotations

import secrets
from datetime import timedelta

from crm import audit, coupons
from crm.customers import Customer
from crm.stations import Station
from handlers import tell, workplace
from handlers.ask import Ask
from handlers.refusals import refused
from handlers.route import ATTENDANTS, END, Button, Reply, Step

CODE = "attend.coupon"
WRONG, WRONG_TRIES, LOCKED_FOR = "wrong_coupon", 5, timedelta(hours=1)


def coupon(ask: Ask) -> Reply:
    """/coupon CODE."""
    return _take(ask, ask.args) if ask.args else Reply("replies/coupon_which", step=Step(CODE))


def code_typed(ask: Ask) -> Reply:
    return _take(ask, ask.text) if ask.text else asked_again(ask)


def asked_again(_ask: Ask) -> Reply:
    return Reply("replies/coupon_which", step=Step(CODE))


def scan(ask: Ask) -> Reply:
    """/start cp_CODE: an attendant scans a coupon; it is spent by the tap that follows, not by the scan."""
    if not ask.who.roles & ATTENDANTS:
        return refused(ask, "scan")
    code = coupons.normal_code(ask.args.strip().removeprefix("cp_"))
    if not coupons.is_code(code):
        return Reply("replies/coupon_unknown", {"length": coupons.LENGTH}, step=Step(CODE))
    take = Button("coupon.take", data=f"coupon.take:{code}")
    return Reply("replies/coupon_sure", {"code": code}, ((take,),))


def taken(ask: Ask) -> Reply:
    """``coupon.take:CODE``: as if the code had been typed."""
    return _take(ask, ask.parts[0] if ask.parts else "", instead=True)


def spend(ask: Ask, station: Station, code: str, *, instead: bool = False) -> Reply:
    """Redeem a code at a station and say what it is worth."""
    done = coupons.redeem(ask.session, code, staff=ask.who.user_id, station_id=station.id, now=ask.now)
    if done.coupon is None:
        audit.note(ask.session, ask.who.user_id, WRONG, now=ask.now, detail=station.code)
        return Reply("replies/coupon_unknown", {"length": coupons.LENGTH}, instead=instead, step=Step(CODE))
    if done.outcome != "ok":
        return Reply(f"replies/coupon_{done.outcome}", instead=instead, step=END)
    customer = ask.session.get_one(Customer, done.coupon.customer_id)
    actor, where = ask.who.user_id, station.code
    audit.note(ask.session, actor, "redeem", now=ask.now, customer_id=customer.id, detail=where)
    facts = {
        "name": workplace.hidden(customer.name),
        "value": done.coupon.value,
        "currency": done.coupon.currency,
        "station": station.name,
    }
    told = tell.driver(ask, customer, Reply("replies/coupon_spent", facts))
    return Reply("replies/coupon_taken", facts, instead=instead, step=END, also=told)


def _take(ask: Ask, code: str, *, instead: bool = False) -> Reply:
    since = ask.now - LOCKED_FOR
    if audit.count_since(ask.session, ask.who.user_id, WRONG, since) >= WRONG_TRIES:
        return Reply("replies/coupon_locked", instead=instead, step=END)
    if ask.who.stations == frozenset():
        return Reply("replies/attend_no_station", instead=instead, step=END)
    code = coupons.normal_code(code)[:16]
    station = workplace.usual(ask)
    if station is None:
        data = {"do": "coupon", "code": code, "nonce": secrets.token_hex(4)}
        return workplace.choose(ask, data, instead=instead)
    return spend(ask, station, code, instead=instead)
