"""Recording a fill-up by three taps, and what may go wrong with it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crm.customers import Customer
from crm.stations import Station
from tests.handlers.chat import Chat, Town
from tests.handlers.people import driver, fillups_of, last_fillup, step_of


def test_three_taps(town: Town, fang: Chat) -> None:
    assert "哪个站" in fang.says("/fillup")
    assert "什么油" in fang.taps("虹桥站")
    assert "多少" in fang.taps("95号汽油")
    assert "记好了" in fang.taps("¥200.00")
    found = last_fillup(town, fang)
    assert (found.product, found.amount, found.millilitres) == ("95", 20_000, None)
    assert (found.source, found.confirmed, found.recorded_by) == ("driver", False, fang.user_id)
    assert step_of(town, fang) == ""


def test_the_last_station_and_product_come_first(town: Town, fang: Chat) -> None:
    fang.says("虹桥站 98号 加满")
    fang.says("/fillup")
    assert next(iter(fang.buttons)) == "虹桥站"
    fang.taps("虹桥站")
    assert next(iter(fang.buttons)) == "上次：98号汽油"


def test_a_full_tank_leaves_litres_and_amount_empty(town: Town, fang: Chat) -> None:
    for button in ("/fillup", "南山站", "柴油", "加满"):
        fang.says(button) if button.startswith("/") else fang.taps(button)
    found = last_fillup(town, fang)
    assert (found.product, found.millilitres, found.amount, found.unit_price) == ("diesel", None, None, None)
    assert "柴油 · 加满" in fang.heard


@pytest.mark.parametrize(
    ("written", "millilitres", "amount"),
    [
        ("40升", 40_000, None),
        ("260元", None, 26_000),
        ("40.5升 330元", 40_500, 33_000),
        ("４０L", 40_000, None),
    ],
)
def test_another_amount_is_written(
    town: Town, fang: Chat, written: str, millilitres: int, amount: int
) -> None:
    for button in ("南山站", "95号汽油", "其他数量"):
        if not fang.buttons.get(button):
            fang.says("/fillup")
        fang.taps(button)
    assert "记好了" in fang.says(written)
    assert (last_fillup(town, fang).millilitres, last_fillup(town, fang).amount) == (millilitres, amount)


def test_a_number_alone_is_asked_about(town: Town, fang: Chat) -> None:
    fang.says("/fillup")
    fang.taps("南山站")
    fang.taps("95号汽油")
    assert "升数还是金额" in fang.says("40")
    fang.taps("40 升")
    assert last_fillup(town, fang).millilitres == 40_000


@pytest.mark.parametrize(
    "bad", ["-40", "0", "NaN", "Infinity", "1e5", "1e400", "1_000", "99999升", "1.234,5", "0升"]
)
def test_bad_numbers_are_refused_with_the_range(town: Town, fang: Chat, bad: str) -> None:
    fang.says("/fillup")
    fang.taps("南山站")
    fang.taps("95号汽油")
    heard = fang.says(bad)
    assert "0.001 到 1,000" in heard
    assert fillups_of(town, fang) == []
    assert "记好了" in fang.says("40升")  # and the talk goes on


def test_a_tap_that_comes_twice_records_once(town: Town, fang: Chat) -> None:
    fang.says("/fillup")
    fang.taps("南山站")
    fang.taps("95号汽油")
    data = fang.buttons["加满"]
    fang.forges(data)
    fang.forges(data)
    assert fang.toast == "这个按钮已经过期"
    assert len(fillups_of(town, fang)) == 1


def test_buttons_of_an_older_draft_do_nothing(town: Town, fang: Chat) -> None:
    fang.says("/fillup")
    old = fang.buttons["南山站"]
    fang.says("/fillup")
    assert fang.forges(old) == ""
    assert "过期" in fang.toast


def test_a_draft_is_good_for_a_day(town: Town, fang: Chat) -> None:
    fang.says("/fillup")
    data = fang.buttons["南山站"]
    town.passes(days=2)
    fang.forges(data)
    assert "过期" in fang.toast
    assert "过期" in fang.says("随便")


def test_forged_buttons_have_no_effect(town: Town, fang: Chat) -> None:
    fang.says("/fillup")
    draft = fang.buttons["南山站"].split(":")[1]
    for value in ("99999", "-1", "1e3", "", "9" * 30, "1:2:3", "'"):
        assert fang.forges(f"fillup.set:{draft}:station:{value}") == ""
    assert fang.forges(f"fillup.set:{draft}:amount:full") == ""
    assert fang.forges(f"fillup.set:{draft}:nonsense:1") == ""
    fang.taps("南山站")
    for value in ("petrol", "", "x" * 40):
        assert fang.forges(f"fillup.set:{draft}:product:{value}") == ""
    fang.taps("95号汽油")
    for value in ("201", "-200", "²"):
        assert fang.forges(f"fillup.set:{draft}:amount:{value}") == ""
    assert fillups_of(town, fang) == []


@pytest.mark.parametrize("taps", [0, 1, 2])
def test_cancel_at_every_step(town: Town, fang: Chat, taps: int) -> None:
    fang.says("/fillup")
    for button in ("南山站", "95号汽油")[:taps]:
        fang.taps(button)
    assert "取消" in fang.says("/cancel")
    assert step_of(town, fang) == ""
    assert fillups_of(town, fang) == []


@pytest.mark.parametrize("taps", [0, 1, 2])
def test_photos_and_voices_are_asked_again(town: Town, fang: Chat, taps: int) -> None:
    fang.says("/fillup")
    for button in ("南山站", "95号汽油")[:taps]:
        fang.taps(button)
    assert "用文字回答" in fang.sends_photo()
    assert "用文字回答" in fang.sends_voice()
    assert fang.buttons


def test_the_nearest_stations_by_place(town: Town, fang: Chat) -> None:
    fang.says("/fillup")
    assert "位置" in fang.taps("📍 离我最近的")
    assert fang.keys[0]["asks"] == "location"
    fang.shares_location(31.30, 121.61)
    assert next(iter(fang.buttons)).startswith("浦东站 · 0.9")
    assert "什么油" in fang.forges(next(iter(fang.buttons.values())))


def test_a_place_without_a_talk_shows_the_nearest(town: Town, fang: Chat) -> None:
    fang.shares_location(31.30, 121.61)
    assert "什么油" in fang.forges(next(iter(fang.buttons.values())))


def test_a_newcomer_in_a_large_chain_needs_three_taps_too(town: Town, fang: Chat) -> None:
    for n in range(20):
        town.station(f"X{n:02}", f"站{n:02}", city=f"城{n:02}")
    home = town.look(lambda s: s.scalars(select(Station.id).where(Station.code == "X07")).one())
    town.keep(Customer(name="邻居", known_at=town.now, home_station_id=home))
    fang.says("/fillup")
    assert next(iter(fang.buttons)) == "站07"
    fang.taps("站07")
    fang.taps("95号汽油")
    assert "记好了" in fang.taps("¥200.00")


def test_many_stations_are_shown_by_city(town: Town, fang: Chat) -> None:
    for n in range(30):
        town.station(f"X{n:02}", f"站{n:02}", city="北京" if n % 2 else f"城{n:02}")
    fang.says("/fillup")
    assert {"上海", "北京"} <= set(fang.buttons)
    fang.forges(next(data for data in fang.buttons.values() if data.endswith(":-:1")))
    assert "上海" not in fang.buttons
    fang.says("/fillup")
    fang.taps("北京")
    assert "站01" in fang.buttons
    page = next(data for words, data in fang.buttons.items() if data.endswith(":1"))
    fang.forges(page)
    assert "什么油" in fang.taps("站29")


@pytest.mark.parametrize("product", ["95", "95#", "九五号"])
def test_the_product_can_be_written(town: Town, fang: Chat, product: str) -> None:
    fang.says("/fillup")
    assert "什么油" in fang.says("虹桥站")
    assert "多少" in fang.says(product)
    assert "记好了" in fang.says("加满")
    assert (last_fillup(town, fang).product, last_fillup(town, fang).station_id) == ("95", 2)


def test_the_first_fill_up_is_followed_by_questions_once(town: Town) -> None:
    town.station("S001", "南山站")
    fang = driver(town, asked=True)
    assert "您开什么车" in fang.says("加了200块92")
    fang.taps("details.skip")
    assert "您开什么车" not in fang.says("加了300块92")
