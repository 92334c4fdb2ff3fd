"""A driver's coupon as a QR, for the attendant to scan instead of typing the code."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from crm import coupons, identity
from crm.coupons import Coupon
from crm.customers import Customer
from handlers.ask import Ask
from handlers.route import Reply


def show(ask: Ask) -> Reply:
    """``coupon.qr:CODE``: the code as a link for attendants, to its owner alone; a used one has none."""
    coupon = _mine(ask, ask.parts[0] if ask.parts else "")
    if coupon is None:
        return Reply(toast="offers.unknown")
    if coupon.redeemed_at is not None:
        return Reply("replies/coupon_used")
    if coupon.expires_at <= ask.now:
        return Reply("replies/coupon_expired")
    zone = ZoneInfo(ask.customer.timezone or ask.house.timezone)
    return Reply("replies/coupon_qr", facts(coupon, zone), qr=link(ask, coupon.code))


def link(ask: Ask, code: str) -> str:
    """What the QR of a coupon says."""
    return f"https://t.me/{ask.house.bot_username}?start=cp_{code}"


def facts(coupon: Coupon, zone: ZoneInfo) -> dict[str, Any]:
    """A coupon as templates tell it, good through a day of ``zone``."""
    return {
        "code": coupon.code,
        "value": coupon.value,
        "currency": coupon.currency,
        "until": coupons.last_day(coupon, zone).isoformat(),
    }


def _mine(ask: Ask, code: str) -> Coupon | None:
    """The coupon, if it is this driver's, or was of somebody joined into them."""
    coupon = ask.session.get(Coupon, code)
    if coupon is None:
        return None
    owner = identity.current(ask.session, ask.session.get_one(Customer, coupon.customer_id))
    return coupon if owner.id == ask.customer.id else None
