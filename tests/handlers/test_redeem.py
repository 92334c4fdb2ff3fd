"""A coupon taken at the pump: typed or scanned, once, by attendants alone; guessing is stopped early."""

from __future__ import annotations

from datetime import timedelta

from crm import coupons
from tests.conftest import NOON
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat


def give(chain: Chain, days: int = 14) -> str:
    with chain.town.database.write() as session:
        coupon = coupons.give(
            session, customer_id=1, campaign="welcome", occurrence="1", value=2000, currency="CNY",
            expires_at=NOON + timedelta(days=days), again_after_days=30, now=NOON,
        )  # fmt: skip
        assert coupon is not None
        return coupon.code


def test_a_coupon_counts_once_and_the_driver_hears_of_it(chain: Chain, driver: Chat) -> None:
    code, mei = give(chain), chain.hire("attendant", chain.north)
    mei.says(f"/coupon {code[:5].lower()}-{code[5:]}")
    assert "CN¥20.00" in mei.heard
    assert "张*" in mei.heard
    assert "¥20.00" in driver.heard
    mei.says(f"/coupon {code}")
    assert "used already" in mei.heard


def test_an_expired_coupon_is_said_to_be(chain: Chain, driver: Chat) -> None:
    code, mei = give(chain, days=1), chain.hire("attendant", chain.north)
    chain.town.passes(days=2)
    mei.says(f"/coupon {code}")
    assert "has expired" in mei.heard


def test_wrong_coupon_codes_lock_after_five(chain: Chain, driver: Chat) -> None:
    code, mei = give(chain), chain.hire("attendant", chain.north, chain.south)
    mei.says("/coupon")
    mei.says("0000000000")
    mei.taps("North Gate")
    assert "No coupon" in mei.heard
    for _ in range(4):
        mei.says("/coupon 0000000000")
        mei.taps("North Gate")
    mei.says(f"/coupon {code}")
    assert "hour" in mei.heard
    chain.town.passes(hours=1, seconds=1)
    mei.says(f"/coupon {code}")
    mei.taps("North Gate")
    assert "CN¥20.00" in mei.heard


def test_a_scanned_coupon_is_taken_by_a_tap_and_once(chain: Chain, driver: Chat) -> None:
    code, mei = give(chain), chain.hire("attendant", chain.north)
    assert code in mei.says(f"/start cp_{code}")
    assert "CN¥" not in mei.heard  # nothing is looked up before the tap
    mei.taps("Take the coupon")
    assert "CN¥20.00" in mei.heard
    assert "¥20.00" in driver.heard
    mei.forges(f"coupon.take:{code}")
    assert "used already" in mei.heard


def test_with_several_stations_the_scan_asks_where(chain: Chain, driver: Chat) -> None:
    code, mei = give(chain), chain.hire("attendant", chain.north, chain.south)
    mei.says(f"/start cp_{code}")
    mei.taps("Take the coupon")
    mei.taps("South Gate")
    assert "South Gate" in mei.heard
    assert "CN¥20.00" in mei.heard


def test_a_scan_of_no_coupon_takes_nothing_and_guesses_are_locked(chain: Chain, driver: Chat) -> None:
    code, mei, eve = give(chain), chain.hire("attendant", chain.north), chain.town.person("Eve", "en")
    assert "No coupon" in mei.says("/start cp_short")
    for taker in (eve, driver):
        taker.says(f"/start cp_{code}")
        assert code not in taker.heard
        taker.forges(f"coupon.take:{code}")
        assert "20.00" not in taker.heard
    for forged in (
        "coupon.take",
        "coupon.take:",
        "coupon.take:1",
        "coupon.take:0000000000",
        "coupon.take:x:y",
    ):
        mei.forges(forged)
        assert "No coupon" in mei.heard
    mei.says(f"/start cp_{code}")
    mei.taps("Take the coupon")
    assert "hour" in mei.heard
