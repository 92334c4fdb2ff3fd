"""Attendants at the pump: find, two taps, receipt, undo, coupons."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm import customers
from crm.customers import Customer
from tests.conftest import NOON
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat


@pytest.mark.parametrize("wanted", ["138 0013 8000", "沪A·12345", "10000001", "6200000000000000001"])
def test_found_by_any_exact_number_with_a_minimal_card(chain: Chain, driver: Chat, wanted: str) -> None:
    mei = chain.hire("attendant", chain.north)
    chain.visits(1, chain.south, 3)
    mei.says(f"/fill {wanted}")
    assert "张*" in mei.heard
    assert "10000001" in mei.heard
    assert "Petrol 95" in mei.heard
    for secret in ("张伟", "138", "12345", "South Gate", "300"):
        assert secret not in mei.heard.replace("10000001", "")
    (row,) = chain.audit("look_up")
    assert (row.actor, row.customer_id, row.detail) == (mei.user_id, 1, "attend")


def test_two_taps_and_the_driver_has_the_receipt(chain: Chain, driver: Chat) -> None:
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill 10000001")
    mei.taps("Petrol 95")
    mei.taps("CN¥200.00")
    assert "张*" in mei.heard
    assert "has the receipt" in mei.heard
    (fillup,) = chain.fillups()
    assert (fillup.source, fillup.confirmed, fillup.product, fillup.amount) == (
        "attendant",
        True,
        "95",
        20_000,
    )
    assert (fillup.station_id, fillup.recorded_by) == (chain.north.id, mei.user_id)
    assert fillup.vehicle_id is not None
    assert "95号汽油" in driver.heard
    assert "¥200.00" in driver.heard
    assert driver.buttons["不是我加的"] == f"fillup.not_me:{fillup.id}"


def test_a_full_tank_invents_no_number(chain: Chain, driver: Chat) -> None:
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill 10000001")
    mei.taps("Diesel")
    mei.taps("Full tank")
    (fillup,) = chain.fillups()
    assert (fillup.product, fillup.amount, fillup.millilitres) == ("diesel", None, None)
    assert "加满" in driver.heard


def test_tapped_twice_or_replayed_it_is_one_record(chain: Chain, driver: Chat) -> None:
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill 10000001")
    product = mei.buttons["Petrol 95"]
    mei.taps("Petrol 95")
    amount = mei.buttons["CN¥300.00"]
    mei.taps("CN¥300.00")
    for replayed in (amount, product, amount):
        mei.forges(replayed)
        assert "too old" in mei.heard
    assert len(chain.fillups()) == 1
    mei.says("/fill 10000001")
    mei.forges(product)  # of the card before
    assert "too old" in mei.heard
    assert len(chain.fillups()) == 1


@pytest.mark.parametrize(
    ("typed", "millilitres", "amount", "product"),
    [
        ("35.5L 280", 35_500, 28_000, "95"),
        ("40,5 升", 40_500, None, "95"),
        ("280", None, 28_000, "95"),
        ("４０L", 40_000, None, "95"),
        ("98 40L 350元", 40_000, 35_000, "98"),
        ("加满", None, None, "95"),
    ],
)
def test_another_amount_is_typed(
    chain: Chain, driver: Chat, typed: str, millilitres: int | None, amount: int | None, product: str
) -> None:
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill 10000001")
    mei.taps("Petrol 95")
    mei.taps("Other amount")
    mei.says(typed)
    (fillup,) = chain.fillups()
    assert (fillup.millilitres, fillup.amount, fillup.product) == (millilitres, amount, product)


@pytest.mark.parametrize(
    "typed",
    ["-40L", "0L", "99999L", "NaN", "Infinity", "1e5", "1e400", "1_000", "1.234,5", "abc", "1 2 3", "<b>"],
)
def test_what_cannot_be_is_refused_with_what_would_be_right(chain: Chain, driver: Chat, typed: str) -> None:
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill 10000001")
    mei.taps("Petrol 95")
    mei.says(typed)
    assert "35.5L 280" in mei.heard
    assert chain.fillups() == []
    mei.says("35.5L 280")
    assert len(chain.fillups()) == 1


def test_the_whole_sale_in_one_line_instead_of_taps(chain: Chain, driver: Chat) -> None:
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill 10000001")
    mei.says("40L")
    assert "First tap what was filled" in mei.heard
    mei.says("92 40L 320 wechat")
    (fillup,) = chain.fillups()
    assert (fillup.product, fillup.payment, fillup.amount) == ("92", "wechat", 32_000)
    assert "WeChat Pay" in mei.heard


def test_asked_step_by_step_and_other_things_are_asked_again(chain: Chain, driver: Chat) -> None:
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill")
    mei.sends_photo()
    assert "Who is at the pump" in mei.heard
    mei.says("nobody")
    assert "nobody with that" in mei.heard
    mei.says("10000001")
    mei.sends_voice()
    assert "First tap" in mei.heard
    mei.taps("Petrol 92")
    mei.sends_photo()
    assert "litres" in mei.heard
    mei.says("/cancel")
    assert "cancelled" in mei.heard
    mei.forges("attend.amount:x:200")
    assert chain.fillups() == []


def test_not_found_tells_nothing_and_twenty_misses_are_enough(chain: Chain, driver: Chat) -> None:
    mei = chain.hire("attendant", chain.north)
    answers = {mei.says(f"/fill 2000000{n}") for n in range(20)}
    assert len(answers) == 1
    mei.says("/fill 10000001")
    assert "hour" in mei.heard
    assert chain.audit("look_up") == []
    assert all(row.detail is None for row in chain.audit("not_found"))
    chain.town.passes(hours=1, seconds=1)
    mei.says("/fill 10000001")
    assert "张*" in mei.heard


def test_without_a_station_nobody_is_shown(chain: Chain, driver: Chat) -> None:
    mei = chain.hire("attendant")
    mei.says("/fill 10000001")
    assert "no station" in mei.heard
    assert "张" not in mei.heard
    assert chain.audit("look_up") == []


def test_several_stations_are_asked_once_remembered_and_switched(chain: Chain, driver: Chat) -> None:
    mei = chain.hire("attendant", chain.north, chain.south)
    mei.says("/fill 10000001")
    assert "At which station" in mei.heard
    mei.says("nowhere")
    mei.taps("South Gate")
    mei.taps("Petrol 95")
    mei.taps("CN¥200.00")
    chain.town.passes(hours=3)
    mei.says("/fill 10000001")
    assert "At South Gate" in mei.heard
    mei.taps("Another station")
    mei.says("n1")
    assert "At North Gate" in mei.heard
    mei.taps("Petrol 95")
    mei.taps("CN¥200.00")
    assert [fillup.station_id for fillup in chain.fillups()] == [chain.south.id, chain.north.id]


def test_a_forged_station_product_or_amount_is_refused(chain: Chain, driver: Chat) -> None:
    west = chain.town.station("W1", "West Gate")
    mei = chain.hire("attendant", chain.north, chain.south)
    mei.says("/fill 10000001")
    nonce = mei.buttons["South Gate"].split(":")[1]
    mei.forges(f"attend.at:{nonce}:{west.id}")
    mei.forges(f"attend.at:wrong:{chain.north.id}")
    assert "too old" in mei.heard
    mei.forges(f"attend.at:{nonce}:{chain.north.id}")
    mei.forges(f"attend.product:{nonce}:rocket")
    mei.forges(f"attend.product:{nonce}:95")
    mei.forges(f"attend.amount:{nonce}:-5")
    mei.forges(f"attend.amount:{nonce}:999999")
    assert chain.fillups() == []
    assert len(chain.audit("refused")) == 4


def test_undo_is_the_attendants_own_and_for_ten_minutes(chain: Chain, driver: Chat) -> None:
    mei, tao = chain.hire("attendant", chain.north), chain.hire("attendant", chain.north, name="Tao")
    mei.says("/fill 10000001")
    mei.taps("Petrol 95")
    mei.taps("CN¥200.00")
    undo = mei.buttons["Undo"]
    tao.forges(undo)
    driver.forges(undo)
    assert chain.fillups()[0].voided_at is None
    chain.town.passes(minutes=11)
    mei.forges(undo)
    assert "ten minutes" in mei.heard
    chain.town.passes(minutes=-5)
    mei.forges(undo)
    assert "Undone" in mei.heard
    assert "撤销" in driver.heard
    mei.forges(undo)
    assert mei.toast == "Already undone"
    assert driver.heard == ""
    (fillup,) = chain.fillups()
    assert (fillup.void_reason, fillup.voided_at) == ("undo", NOON + timedelta(minutes=6))


def test_the_same_tank_recorded_by_the_driver_is_one_visit(chain: Chain, driver: Chat) -> None:
    from crm import fillups

    with chain.town.database.write() as session:
        own = fillups.record(
            session, station=chain.north, at=NOON, now=NOON, source="driver", confirmed=False,
            customer_id=1, product="95", amount=20_000,
        )  # fmt: skip
        own_id = own.id
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill 10000001")
    mei.taps("Petrol 95")
    mei.taps("CN¥200.00")
    first, second = chain.fillups()
    assert {first.same_as, second.same_as} - {None}
    assert own_id in (first.id, second.id)


def test_someone_known_only_from_the_till_gets_no_receipt(chain: Chain) -> None:
    chain.customer("", member="20000002")
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill 20000002")
    mei.taps("Petrol 92")
    mei.taps("CN¥200.00")
    assert "not in chat" in mei.heard


def test_the_drivers_qr_opens_the_card_for_attendants_only(chain: Chain, driver: Chat) -> None:
    with chain.town.database.write() as session:
        token = customers.qr_token(session.get_one(Customer, 1))
    mei, stranger = chain.hire("attendant", chain.north), chain.town.person("Eve", "en")
    mei.says(f"/start m_{token}")
    assert "张*" in mei.heard
    stranger.says(f"/start m_{token}")
    assert "张" not in stranger.heard
    mei.says("/start m_forged")
    assert "nobody with that" in mei.heard


def test_names_that_are_markup_stand_literally(chain: Chain) -> None:
    chain.customer("</a><a href='//evil'>", member="3", usual_product="<i>")
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill 3")
    assert "&lt;*" in mei.heard
    assert "<i>" not in mei.heard
