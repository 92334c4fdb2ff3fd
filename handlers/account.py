"""/me: who they are to us, the last fill-ups, the month, benefits; their QR and their fuel cards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from crm import customers, fillups, phones, products, registration
from crm.coupons import Coupon
from crm.fillups import Fillup
from handlers import coupon_qr, profile, receipt
from handlers.ask import Ask
from handlers.route import END, Button, Reply, Step

SHOWN = 5
LOOKED_AT = 20  # fill-ups that consumption is computed from
LEAST_KM = 100
LONGEST_CARD = 64


def me(ask: Ask) -> Reply:
    """Everything a driver wants to see at once."""
    person = ask.customer
    rows = (
        (Button("me.fillup", data="fillup.new"), Button("me.qr", data="me.qr")),
        (Button("me.details", data="details.open"), Button("me.card", data="me.card")),
        (Button("me.language", data="language.open"), Button("me.privacy", data="privacy.open")),
    )
    last = fillups.last_of(ask.session, person.id, LOOKED_AT)
    facts = {
        "name": person.name,
        "number": person.public_number,
        "phone": phones.masked(person.phone) if person.phone else "",
        "details": profile.facts(ask),
        "card": _masked(person.card),
        "last": [receipt.facts(ask, each) for each in last[:SHOWN]],
        "month": _month(ask),
        "per_100_km": consumption(last),
        "coupons": _coupons(ask),
        "offers": person.marketing_consent,
    }
    return Reply("replies/me", facts, rows)


def qr(ask: Ask) -> Reply:
    """The code that an attendant scans instead of asking for a phone number."""
    token = customers.qr_token(ask.customer)
    link = f"https://t.me/{ask.house.bot_username}?start=m_{token}"
    return Reply("replies/me_qr", {"number": ask.customer.public_number}, qr=link)


def add_card(ask: Ask) -> Reply:
    """First its number, then the receipt that proves it."""
    if registration.cards_locked(ask.session, ask.who.user_id, ask.now):
        return Reply("replies/card_locked", step=END)
    return Reply("replies/card_number", step=Step("card.number"))


def card_number(ask: Ask) -> Reply:
    number = "".join(ask.text.split())
    if not 0 < len(number) <= LONGEST_CARD:
        return Reply("replies/card_number")
    return Reply("replies/card_receipt", step=Step("card.receipt", {"card": number}))


def card_receipt(ask: Ask) -> Reply:
    """The same answer whether the card is unknown, another's, or the receipt is wrong."""
    if registration.cards_locked(ask.session, ask.who.user_id, ask.now):
        return Reply("replies/card_locked", step=END)
    given = ask.text.strip()[:LONGEST_CARD]
    before = _count(ask)
    if registration.link_card(ask.session, ask.customer, ask.data["card"], given, ask.now):
        facts = {"card": _masked(ask.data["card"]), "fillups": _count(ask) - before}
        return Reply("replies/card_linked", facts, step=END)
    if registration.cards_locked(ask.session, ask.who.user_id, ask.now):
        return Reply("replies/card_locked", step=END)
    return Reply("replies/card_wrong", buttons=((Button("me.card_again", data="me.card"),),), step=END)


def card_asked_again(ask: Ask) -> Reply:
    return Reply("replies/card_number" if ask.step == "card.number" else "replies/card_receipt")


def consumption(last: Sequence[Fillup]) -> int | None:
    """Millilitres per 100 km over the newest fill-ups (newest first) whose litres are all known.

    What was filled between the first and the last odometer reading was driven between them. None when
    there are no two readings, or too short a way for the number to mean anything.
    """
    fuels = [each for each in last if products.family(each.product) in (None, *products.FUELS)]
    start: Fillup | None = None
    filled = total = 0
    end = next((each for each in fuels if each.odometer_km is not None), None)
    for each in fuels[fuels.index(end) :] if end else []:
        if each.odometer_km is not None and each is not end:
            if start is not None and each.odometer_km >= (start.odometer_km or 0):
                break
            start, total = each, filled
        if each.millilitres is None:
            break
        filled += each.millilitres
    if end is None or start is None or end.odometer_km is None or start.odometer_km is None:
        return None
    driven = end.odometer_km - start.odometer_km
    return round(total * 100 / driven) if driven >= LEAST_KM else None


def _count(ask: Ask) -> int:
    mine = select(func.count()).where(Fillup.customer_id == ask.customer.id, fillups.counting())
    return ask.session.scalar(mine) or 0


def _month(ask: Ask) -> dict[str, Any]:
    today = ask.now.astimezone(ZoneInfo(ask.customer.timezone or ask.house.timezone)).date()
    totals = fillups.month_totals(ask.session, ask.customer.id, today.replace(day=1), today)
    return {"fillups": totals.fillups, "millilitres": totals.millilitres, "amounts": totals.amounts}


def _coupons(ask: Ask) -> list[dict[str, Any]]:
    open_ = ask.session.scalars(
        select(Coupon)
        .where(
            Coupon.customer_id == ask.customer.id, Coupon.redeemed_at.is_(None), Coupon.expires_at > ask.now
        )
        .order_by(Coupon.expires_at, Coupon.code)
    )
    zone = ZoneInfo(ask.customer.timezone or ask.house.timezone)
    return [coupon_qr.facts(each, zone) for each in open_]


def _masked(card: str | None) -> str:
    return f"…{card[-4:]}" if card else ""
