"""Coupons: fifty random bits, spent once, read however a person types them."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm import coupons
from crm.coupons import ALPHABET, Coupon, Redemption
from crm.db import Database
from tests.conftest import NOON
from tests.outreach.people import DAY, customer, station

STAFF = 5_000_000_001


def give(session: Session, customer_id: int, now: datetime = NOON, occurrence: str = "a") -> Coupon | None:
    return coupons.give(
        session,
        customer_id=customer_id,
        campaign="win_back",
        occurrence=occurrence,
        value=1500,
        currency="CNY",
        expires_at=now + 30 * DAY,
        again_after_days=60,
        now=now,
    )


@pytest.fixture
def code(database: Database) -> str:
    with database.write() as session:
        station(session)
        coupon = give(session, customer(session, 1).id)
        assert coupon is not None
        return coupon.code


def redeem(database: Database, code: str, now: datetime = NOON) -> Redemption:
    with database.write() as session:
        return coupons.redeem(session, code, staff=STAFF, station_id=1, now=now)


def test_codes_are_ten_letters_that_nobody_misreads() -> None:
    codes = {coupons.new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(len(code) == 10 and set(code) <= set(ALPHABET) for code in codes)
    assert len(ALPHABET) == 32
    assert not set("ILOU") & set(ALPHABET)


def test_a_code_is_spent_once(database: Database, code: str) -> None:
    first, second = redeem(database, code), redeem(database, code)
    assert (first.outcome, second.outcome) == ("ok", "used")
    assert first.coupon is not None
    assert (first.coupon.value, first.coupon.redeemed_by) == (1500, STAFF)


def test_a_code_is_read_however_it_is_typed(database: Database, code: str) -> None:
    typed = f" {code[:5].lower()}-{code[5:].lower()} ".replace("0", "o").replace("1", "l")
    assert redeem(database, typed).outcome == "ok"


def test_late_and_unknown_codes_are_told_apart(database: Database, code: str) -> None:
    assert redeem(database, code, NOON + 30 * DAY).outcome == "expired"
    assert redeem(database, "0000000000") == Redemption("unknown")
    assert redeem(database, code, NOON + 30 * DAY - timedelta(seconds=1)).outcome == "ok"


def test_of_many_at_once_one_succeeds(database: Database, code: str) -> None:
    outcomes: list[str] = []
    barrier = threading.Barrier(12)

    def spend() -> None:
        barrier.wait()
        outcomes.append(redeem(database, code).outcome)

    threads = [threading.Thread(target=spend) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["ok"] + ["used"] * 11


def test_neither_waiting_nor_asking_adds_up(database: Database, code: str) -> None:
    with database.write() as session:
        who = session.scalars(select(Coupon.customer_id)).one()
        still_open = give(session, who, NOON + 10 * DAY, "b")
        assert still_open is not None
        assert still_open.code == code
        session.execute(update(Coupon).values(redeemed_at=NOON))
        session.expire_all()
        assert give(session, who, NOON + 59 * DAY, "b") is None
        again = give(session, who, NOON + 61 * DAY, "b")
        assert again is not None
        assert again.code != code
