"""Coupons: single-use codes with a value and an end. Redeemed by one conditional UPDATE."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.db import Base

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32: no I, L, O, U
LENGTH = 10  # 5 bits each: 50 bits
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})


class Coupon(Base):
    __tablename__ = "coupons"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    campaign: Mapped[str] = mapped_column(String(48))
    occurrence: Mapped[str] = mapped_column(String(64))
    value: Mapped[int] = mapped_column(BigInteger)  # minor units
    currency: Mapped[str] = mapped_column(String(3))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]
    redeemed_by: Mapped[int | None] = mapped_column(BigInteger)
    redeemed_station_id: Mapped[int | None] = mapped_column(ForeignKey("stations.id"))

    __table_args__ = (UniqueConstraint("campaign", "occurrence", "customer_id"),)


@dataclass(frozen=True, slots=True)
class Redemption:
    """What came of showing a code. ``coupon`` is empty when nobody knows the code."""

    outcome: Literal["ok", "used", "expired", "unknown"]
    coupon: Coupon | None = None


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_code(text: str) -> bool:
    """Whether a code could look like this, once it is normal."""
    return len(text) == LENGTH and set(text) <= set(ALPHABET)


def normal_code(text: str) -> str:
    """The code as issued, however a person typed it: ``o`` for 0, ``i`` and ``l`` for 1, any spacing."""
    return text.strip().upper().translate(_READ_AS)


def give(
    session: Session,
    *,
    customer_id: int,
    campaign: str,
    occurrence: str,
    value: int,
    currency: str,
    expires_at: datetime,
    again_after_days: int,
    now: datetime,
) -> Coupon | None:
    """The person's coupon of this campaign: the one still open, else a new one, else none.

    One open coupon per campaign and person, and none within ``again_after_days`` of the last, so that
    neither waiting nor staying away adds up.
    """
    last = session.scalar(
        select(Coupon)
        .where(Coupon.customer_id == customer_id, Coupon.campaign == campaign)
        .order_by(Coupon.issued_at.desc(), Coupon.code)
        .limit(1)
    )
    if last is not None and last.redeemed_at is None and last.expires_at > now + timedelta(days=1):
        return last
    if last is not None and last.issued_at + timedelta(days=again_after_days) > now:
        return None
    coupon = Coupon(
        code=new_code(),
        customer_id=customer_id,
        campaign=campaign,
        occurrence=occurrence,
        value=value,
        currency=currency,
        issued_at=now,
        expires_at=expires_at,
    )
    session.add(coupon)
    session.flush()
    return coupon


def last_day(coupon: Coupon, zone: tzinfo) -> date:
    """The last day on which the coupon is good; it ends with that day, at the midnight after it."""
    return (coupon.expires_at - timedelta(minutes=1)).astimezone(zone).date()


def redeem(session: Session, code: str, *, staff: int, station_id: int, now: datetime) -> Redemption:
    """Spend a code, once. ``staff`` is the Telegram id of whoever took it at the till."""
    plain = normal_code(code)
    spent = session.execute(
        update(Coupon)
        .where(Coupon.code == plain, Coupon.redeemed_at.is_(None), Coupon.expires_at > now)
        .values(redeemed_at=now, redeemed_by=staff, redeemed_station_id=station_id)
        .returning(Coupon.code)
        .execution_options(synchronize_session=False)
    ).first()
    coupon = session.get(Coupon, plain, populate_existing=True)
    if spent is not None:
        return Redemption("ok", coupon)
    if coupon is None:
        return Redemption("unknown")
    return Redemption("used" if coupon.redeemed_at is not None else "expired", coupon)
