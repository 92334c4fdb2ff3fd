"""One sale at the pump: product, amount, record; typed in one line instead; undone for ten minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from crm import audit, customers, fillups, identity, products
from crm.customers import Customer
from crm.fillups import Fillup
from crm.limits import CHAT
from crm.stations import Station
from handlers import receipt, tell, workplace
from handlers.ask import Ask
from handlers.fillup_questions import minor
from handlers.paging import Row, in_rows, whole
from handlers.refusals import refused
from handlers.route import END, Button, Reply, Step
from intake.quantities import Unclear, read
from intake.said import TIMES, Said, parse

PRODUCT, AMOUNT = "attend.product", "attend.amount"
SUMS = (200, 300)  # whole units of the station's currency
UNDO_WITHIN = timedelta(minutes=10)


def product_buttons(customer: Customer, nonce: str) -> tuple[Row, ...]:
    """Fuels, the one they usually take first."""
    fuels = sorted(products.fuel_codes(), key=lambda code: code != customer.usual_product)
    tap = f"attend.product:{nonce}"
    return in_rows([Button("attend.product", f"{tap}:{code}", facts={"product": code}) for code in fuels], 3)


def asked_product(ask: Ask) -> Reply:
    customer = ask.session.get_one(Customer, ask.data["customer"])
    return Reply("replies/attend_product", buttons=product_buttons(customer, ask.data["nonce"]))


def choose_product(ask: Ask) -> Reply:
    """First tap: what is filled."""
    if not workplace.still(ask, PRODUCT, AMOUNT):
        return workplace.expired()
    product = ask.parts[1] if len(ask.parts) > 1 else ""
    if product not in products.product_codes():
        return refused(ask, "attend.product")
    return _ask_amount(ask, product, instead=True)


def choose_amount(ask: Ask) -> Reply:
    """Second tap: how much. The talk ends with it, so that a second tap records nothing."""
    if not workplace.still(ask, AMOUNT):
        return workplace.expired()
    chosen = ask.parts[1] if len(ask.parts) > 1 else ""
    if chosen == "other":
        return asked_amount(ask)
    if chosen == "full":
        return _record(ask, ask.data["product"], instead=True)
    if chosen not in {str(units) for units in SUMS}:
        return refused(ask, "attend.amount")
    station = ask.session.get_one(Station, ask.data["station"])
    return _record(ask, ask.data["product"], amount=minor(int(chosen), station.currency), instead=True)


def asked_amount(_ask: Ask) -> Reply:
    return Reply("replies/attend_other")


def line_typed(ask: Ask) -> Reply:
    """The sale in one line, whole or what is left of it: ``35.5L 280``, ``95 200``, ``40L 320 wechat``."""
    station = ask.session.get_one(Station, ask.data["station"])
    said = parse(ask.text, now=ask.now, currency=station.currency, zone=ZoneInfo(station.timezone))
    amount, wrong = _money(said, station.currency)
    product = said.product or ask.data.get("product")
    if not wrong and product and not said.quantity:
        return _ask_amount(ask, product, instead=False)
    if wrong or not said.quantity:
        facts = {"reason": wrong or "unread", "currency": station.currency}
        return Reply("replies/attend_amount_wrong", facts | _limits())
    if not product:
        return asked_product(ask)
    return _record(
        ask,
        product,
        millilitres=said.millilitres,
        amount=amount,
        unit_price=said.unit_price,
        payment=said.payment,
        odometer_km=said.odometer_km,
    )


def undo(ask: Ask) -> Reply:
    """The attendant's own record, within ten minutes. Twice is as once."""
    number = whole(ask.parts, 0)
    mine = (Fillup.id == number, Fillup.recorded_by == ask.who.user_id, Fillup.source == "attendant")
    fillup = ask.session.scalar(select(Fillup).where(*mine)) if number else None
    if fillup is None:
        return refused(ask, "attend.undo")
    if fillup.voided_at is not None:
        return Reply("replies/attend_undone", instead=True, toast="attend.already_undone")
    if ask.now - fillup.recorded_at > UNDO_WITHIN:
        return Reply("replies/attend_undo_late")
    fillups.void(ask.session, fillup, "undo", ask.now)
    audit.note(ask.session, ask.who.user_id, "undo", now=ask.now, customer_id=fillup.customer_id)
    customer = ask.session.get_one(Customer, fillup.customer_id)
    told = tell.driver(ask, customer, Reply("replies/attend_withdrawn", receipt.facts(ask, fillup)))
    return Reply("replies/attend_undone", instead=True, also=told)


def _ask_amount(ask: Ask, product: str, *, instead: bool) -> Reply:
    station = ask.session.get_one(Station, ask.data["station"])
    data = ask.data | {"product": product}
    facts = {"product": product, "station": station.name}
    rows = _amounts(station, data)
    return Reply("replies/attend_amount", facts, rows, instead=instead, step=Step(AMOUNT, data))


def _money(said: Said, currency: str) -> tuple[int | None, str]:
    """The sum, and what is wrong: a lone number is money; what cannot be read is never guessed."""
    if said.at is not None or said.day is not None:
        return None, "time"
    if said.problems:
        code = said.problems[0].code
        return None, "time" if code in TIMES else code
    if said.unknown or len(said.bare) > 1:
        return None, "unread"
    if not said.bare or said.amount is not None:
        return said.amount, "unread" if said.bare else ""
    try:
        return read(said.bare[0], "amount", currency), ""
    except Unclear as unclear:
        return None, unclear.why


def _record(ask: Ask, product: str, *, instead: bool = False, **known: Any) -> Reply:
    """Store the sale, confirmed; ``known`` are arguments of ``crm.fillups.record``."""
    station = ask.session.get_one(Station, ask.data["station"])
    customer = identity.current(ask.session, ask.session.get_one(Customer, ask.data["customer"]))
    if ask.who.stations is not None and station.id not in ask.who.stations:
        return refused(ask, "attend.station")
    vehicles = customers.vehicles_of(ask.session, customer)
    fillup = fillups.record(
        ask.session,
        station=station,
        at=ask.now,
        now=ask.now,
        source="attendant",
        confirmed=True,
        customer_id=customer.id,
        vehicle_id=vehicles[0].id if len(vehicles) == 1 else None,
        product=product,
        recorded_by=ask.who.user_id,
        **known,
    )
    actor = ask.who.user_id
    audit.note(ask.session, actor, "record", now=ask.now, customer_id=customer.id, detail=station.code)
    facts = receipt.facts(ask, fillup)
    not_me = ((Button("attend.not_me", data=f"fillup.not_me:{fillup.id}"),),)
    told = tell.driver(ask, customer, Reply("replies/attend_receipt", facts, not_me))
    back = ((Button("attend.undo", data=f"attend.undo:{fillup.id}"),),)
    shown = facts | {"name": workplace.hidden(customer.name), "told": bool(told)}
    return Reply("replies/attend_recorded", shown, back, instead=instead, step=END, also=told)


def _amounts(station: Station, data: dict[str, Any]) -> tuple[Row, ...]:
    tap = f"attend.amount:{data['nonce']}"
    sums = tuple(
        Button(
            "attend.sum",
            data=f"{tap}:{units}",
            facts={"amount": minor(units, station.currency), "currency": station.currency},
        )
        for units in SUMS
    )
    ends = Button("attend.full", data=f"{tap}:full"), Button("attend.other", data=f"{tap}:other")
    return (ends[:1] + sums, ends[1:])


def _limits() -> dict[str, int]:
    return {"most_millilitres": CHAT.most_millilitres, "most_amount": CHAT.most_amount}
