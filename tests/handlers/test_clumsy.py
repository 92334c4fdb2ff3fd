"""What hurried, clumsy and curious people do: each time a sentence that helps, and no wrong record."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crm.audit import Audit
from crm.customers import Customer, Vehicle
from tests.handlers.chain import Chain, build
from tests.handlers.chat import Chat, Town
from tests.handlers.people import customer_of, driver, fillups_of


@pytest.fixture
def fang(town: Town) -> Chat:
    town.station("S001", "南山站")
    town.station("S002", "虹桥站")
    return driver(town)


def plates_of(town: Town, chat: Chat) -> list[str | None]:
    mine = customer_of(town, chat).id
    return town.look(lambda s: list(s.scalars(select(Vehicle.plate).where(Vehicle.customer_id == mine))))


@pytest.mark.parametrize("line", ["加了200块92", "40L95", "40L 95# 320元"])
def test_a_fill_up_told_where_a_plate_is_asked_is_no_plate(town: Town, fang: Chat, line: str) -> None:
    fang.says("南山站 30L 95")
    fang.says("/me")
    fang.taps("details.open")
    fang.taps("details.pick:plate")
    assert "记好了" in fang.says(line)
    assert plates_of(town, fang) == []
    assert len(fillups_of(town, fang)) == 2


@pytest.mark.parametrize("answer", ["1E5", "NaN", "0", "NA"])
def test_a_wrong_answer_is_no_wrong_fill_up(fang: Chat, answer: str) -> None:
    fang.says("/me")
    fang.taps("details.open")
    fang.taps("details.pick:plate")
    assert "车牌" in fang.says(answer)
    assert "升" not in fang.heard


@pytest.mark.parametrize("plate", ["沪A12345", "粤B12345学", "使123456", "B-XY 1234", "沪AD12345"])
def test_plates_are_still_plates(town: Town, fang: Chat, plate: str) -> None:
    fang.says("/me")
    fang.taps("details.open")
    fang.taps("details.pick:plate")
    fang.says(plate)
    assert plates_of(town, fang) == [plate.replace("-", "").replace(" ", "")]


@pytest.mark.parametrize("number", ["-40", "0", "100001"])
def test_a_bare_number_that_cannot_be_is_refused_with_the_range(fang: Chat, number: str) -> None:
    for button in ("/fillup", "南山站", "95号汽油", "其他数量"):
        fang.says(button) if button.startswith("/") else fang.taps(button)
    assert f"“{number}”不对" in fang.says(number)
    assert "1,000" in fang.heard
    assert "100,000" in fang.heard


def test_a_long_number_alone_is_no_fill_up(fang: Chat) -> None:
    """A phone or a card, sent without a word."""
    for number in ("13800138000", "6222020200112233445"):
        assert "没看懂" in fang.says(number)


def test_only_what_a_number_can_be_is_offered(fang: Chat) -> None:
    fang.says("南山站 40L 95")
    assert "是指什么" in fang.says("99999")
    assert list(fang.buttons) == ["99999 元"]


def test_a_whole_line_where_the_time_is_asked_is_a_new_fill_up(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95")
    assert "几点" in fang.says("昨天加了200块92")
    assert "记好了" in fang.says("41L 95# 320元")
    assert [each.millilitres for each in fillups_of(town, fang)] == [40_000, 41_000]


@pytest.mark.parametrize("data", ["x" * 64, ":" * 64, "😀" * 16, "gone.verb:1", "fillup"])
def test_a_button_of_nobody_is_answered_at_once(fang: Chat, data: str) -> None:
    fang.forges(data)
    assert (fang.toast, fang.heard) == ("这个按钮已经失效了", "")


def test_reaching_for_the_record_of_another_is_audited(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95")
    number = fillups_of(town, fang)[0].id
    eve = driver(town, "Eve", "en")
    for verb in ("undo", "correct", "not_me"):
        eve.forges(f"fillup.{verb}:{number}")
    rows = town.look(lambda s: list(s.scalars(select(Audit).where(Audit.action == "refused"))))
    assert [(row.actor, row.detail) for row in rows] == [(eve.user_id, "fillup")] * 3
    fang.forges(f"fillup.undo:{number}")
    assert "已撤销" in fang.heard


# At the pump


@pytest.fixture
def chain(town: Town) -> Chain:
    found = build(town)
    found.customer("张伟", found.south, member="10000001")
    return found


@pytest.mark.parametrize("step", ["product", "amount"])
@pytest.mark.parametrize(
    "line", ["yesterday 200", "昨天 200", "200 2031-01-01", "40L 1970-01-01", "200 14:30"]
)
def test_a_date_at_the_pump_is_never_dropped_in_silence(chain: Chain, step: str, line: str) -> None:
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill 10000001")
    if step == "amount":
        mei.taps("Petrol 95")
    assert "as of now" in mei.says(line)
    assert chain.fillups() == []


@pytest.mark.parametrize("number", ["-40", "0", "NaN", "1e5", "1_000", "1.234,5", "1000001"])
def test_a_number_that_cannot_be_at_the_pump_names_the_range(chain: Chain, number: str) -> None:
    mei = chain.hire("attendant", chain.north)
    mei.says("/fill 10000001")
    mei.taps("Petrol 95")
    assert "1,000 L" in mei.says(number)
    assert "100,000" in mei.heard
    assert chain.fillups() == []


def test_who_is_no_driver_is_not_told_to_write_a_fill_up(chain: Chain) -> None:
    mei = chain.hire("attendant", chain.north)
    mei.says("filled 35.5 litres diesel, 61.20")
    assert "/help" in mei.heard
    assert "filled" not in mei.heard
    assert (
        chain.town.look(lambda s: s.scalar(select(Customer).where(Customer.chat_id == mei.user_id))) is None
    )
