"""Recording a fill-up by three taps or one line, and what may go wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from crm import fillups
from crm.customers import Customer
from crm.fillups import Fillup
from crm.staff import Staff
from crm.stations import Station
from crm.talks import Talk
from tests.handlers.chat import Chat, Town
from tests.handlers.people import customer_of, driver, fillups_of


@pytest.fixture
def fang(town: Town) -> Chat:
    """A driver in a chain of three stations."""
    town.station("S001", "南山站", latitude=31.20, longitude=121.40)
    town.station("S002", "虹桥站", latitude=31.10, longitude=121.30)
    town.station("S003", "浦东站", latitude=31.30, longitude=121.60)
    return driver(town)


def last(town: Town, chat: Chat) -> Fillup:
    return fillups_of(town, chat)[-1]


def step_of(town: Town, chat: Chat) -> str:
    return str(town.look(lambda s: s.scalar(select(Talk.step).where(Talk.user_id == chat.user_id))))


# Three taps


def test_three_taps(town: Town, fang: Chat) -> None:
    assert "哪个站" in fang.says("/fillup")
    assert "什么油" in fang.taps("虹桥站")
    assert "多少" in fang.taps("95号汽油")
    assert "记好了" in fang.taps("¥200.00")
    found = last(town, fang)
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
    found = last(town, fang)
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
    assert (last(town, fang).millilitres, last(town, fang).amount) == (millilitres, amount)


def test_a_number_alone_is_asked_about(town: Town, fang: Chat) -> None:
    fang.says("/fillup")
    fang.taps("南山站")
    fang.taps("95号汽油")
    assert "升数还是金额" in fang.says("40")
    fang.taps("40 升")
    assert last(town, fang).millilitres == 40_000


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


# One line


def test_the_three_forms_of_the_guide(town: Town, fang: Chat) -> None:
    fang.says("40L 95# 320元 微信")
    fang.taps("南山站")
    for line in ("加了200块92", "filled 35.5 litres diesel, 61.20"):
        assert "记好了" in fang.says(line)
    rows = [(r.product, r.millilitres, r.amount, r.payment, r.unit_price) for r in fillups_of(town, fang)]
    assert rows == [
        ("95", 40_000, 32_000, "wechat", None),
        ("92", None, 20_000, None, None),
        ("diesel", 35_500, 6_120, None, None),
    ]
    assert {row.station_id for row in fillups_of(town, fang)} == {1}


def test_a_line_after_the_command_is_a_line(town: Town, fang: Chat) -> None:
    assert "记好了" in fang.says("/fillup 南山站 40L 95# 320元")
    assert "没看懂" in fang.says("/fillup what <b>ever</b>")
    assert len(fillups_of(town, fang)) == 1


def test_a_line_while_a_question_stands_open_is_a_line(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    fang.says("/fillup")
    assert "记好了" in fang.says("40L 95# 320元")
    assert [row.millilitres for row in fillups_of(town, fang)] == [None, 40_000]


def test_the_only_station_need_not_be_asked(town: Town) -> None:
    town.station("S001", "南山站")
    fang = driver(town)
    assert "记好了" in fang.says("加了200块92")
    assert "什么油" in fang.says("/fillup")


def test_a_station_nobody_knows_is_asked_for(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    assert "99号站" in fang.says("99号站 加了40升92")
    fang.taps("虹桥站")
    assert last(town, fang).station_id == 2


def test_words_that_were_not_understood_are_shown_first(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    heard = fang.says("40L 95 <b>foo</b> 320元")
    assert "foo" in heard
    assert len(fillups_of(town, fang)) == 1
    fang.taps("就这样记")
    assert last(town, fang).amount == 32_000
    fang.says("40L 95 没")
    assert "没有记录" in fang.taps("不记了")
    assert len(fillups_of(town, fang)) == 2


def test_two_numbers_without_units(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    assert "升数还是金额" in fang.says("40 320 95#")
    fang.taps("40 升")
    assert (last(town, fang).millilitres, last(town, fang).amount) == (40_000, 32_000)


def test_litres_times_price_must_agree_with_the_sum(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    assert "对不上" in fang.says("40L 95# @8 300元")
    fang.taps("fillup.set")  # the first: the sum is wrong
    found = last(town, fang)
    assert (found.millilitres, found.unit_price, found.amount) == (40_000, 8_000, None)


@pytest.mark.parametrize("question", ["40L 95# @8 300元", "50 @8"])
def test_a_whole_new_line_carries_nothing_of_the_open_question(town: Town, fang: Chat, question: str) -> None:
    fang.says("南山站 加满 92")
    fang.says(question)
    assert "记好了" in fang.says("30L 98# 280元")
    found = last(town, fang)
    assert (found.product, found.millilitres, found.amount, found.unit_price) == ("98", 30_000, 28_000, None)


def test_a_line_written_after_a_station_was_tapped_stays_there(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    fang.says("/fillup")
    fang.taps("虹桥站")
    fang.says("40L 95 320元")
    station = last(town, fang).station_id
    assert town.look(lambda s: s.get_one(Station, station).name) == "虹桥站"


def test_a_day_without_an_hour_is_asked(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    assert "几点" in fang.says("昨天加了40升95号")
    fang.taps("18:00")
    assert last(town, fang).at == datetime(2026, 6, 14, 10, 0, tzinfo=UTC)
    fang.says("昨天加了30升95号")
    fang.says("8:30")
    assert last(town, fang).at == datetime(2026, 6, 14, 0, 30, tzinfo=UTC)


def test_the_time_is_when_it_was_said_not_when_it_was_read(town: Town, fang: Chat) -> None:
    said = town.now
    town.passes(hours=3)  # the bot was away
    message = {"text": "南山站 40L 95"}
    envelope = fang._envelope() | message | {"date": int(said.timestamp())}
    fang._send({"message": envelope})
    assert last(town, fang).at == said
    assert last(town, fang).recorded_at == said + timedelta(hours=3)


def test_a_station_counts_in_its_own_currency(town: Town) -> None:
    town.station("T1", "東京", currency="JPY", timezone="Asia/Tokyo")
    fang = driver(town, language="en")
    assert "Recorded" in fang.says("40L 95 6000 yen")
    assert (last(town, fang).amount, last(town, fang).currency) == (6000, "JPY")


def test_an_edited_message_records_nothing(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元")
    assert fang.edits("南山站 41L 95# 320元") == ""
    assert len(fillups_of(town, fang)) == 1


def test_other_talk_is_not_recorded(town: Town, fang: Chat) -> None:
    assert "没看懂" in fang.says("你们几点开门")
    assert "没看懂" in fang.says("13800138000")
    assert fillups_of(town, fang) == []


def test_a_stranger_is_told_to_register(town: Town) -> None:
    stranger = town.person("Ann", "en")
    assert "/start" in stranger.says("40L 95# 320元")
    assert "/start" in stranger.says("/fillup")


# Taking back and putting right


def test_undo_at_once_and_again(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元")
    data = fang.buttons["↩️ 撤销"]
    assert "已撤销" in fang.taps("fillup.undo")
    assert fang.said[0]["edits"]
    fang.forges(data)
    assert fang.toast == "已经撤销过了"
    assert fillups_of(town, fang) == []
    reasons = town.look(lambda s: s.scalars(select(Fillup.void_reason).order_by(Fillup.id.desc())).first())
    assert reasons == "undo"


def test_nobody_undoes_another_s_record(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元")
    number = last(town, fang).id
    ming = driver(town, "李明")
    invented = ["fillup.undo:abc", "fillup.undo", "fillup.undo:99999999999999999999"]
    buttons = "undo:{0} correct:{0} fix:{0}:litres fixed:{0}:product:92 not_me:{0} back:{0} fixturn:{0}:-:0"
    for data in [f"fillup.{each}" for each in buttons.format(number).split()] + invented:
        assert ming.forges(data) == ""
        assert ming.toast == "没有这条记录"
    assert len(fillups_of(town, fang)) == 1


@pytest.mark.parametrize(
    ("field", "written", "name", "value"),
    [
        ("升数", "41.5", "millilitres", 41_500),
        ("升数", "41.5升", "millilitres", 41_500),
        ("金额", "300", "amount", 30_000),
        ("金额", "¥300.50", "amount", 30_050),
    ],
)
def test_a_number_is_put_right(
    town: Town, fang: Chat, field: str, written: str, name: str, value: int
) -> None:
    fang.says("南山站 40L 95# 320元 微信")
    fang.taps("fillup.correct")
    fang.taps(field)
    assert "改好了" in fang.says(written)
    found = last(town, fang)
    assert getattr(found, name) == value
    assert found.payment == "wechat"
    assert len(fillups_of(town, fang)) == 1
    assert step_of(town, fang) == ""


def test_product_and_station_are_put_right(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元")
    fang.taps("fillup.correct")
    fang.taps("油品")
    assert "92号汽油" in fang.taps("92号汽油")
    fang.taps("fillup.correct")
    fang.taps("站点")
    assert "虹桥站" in fang.taps("虹桥站")
    assert (last(town, fang).product, last(town, fang).station_id) == ("92", 2)
    assert len(fillups_of(town, fang)) == 1


def test_a_wrong_correction_changes_nothing(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元")
    fang.taps("fillup.correct")
    fang.taps("升数")
    for bad in ("-40", "0", "99999", "NaN", "forty", "1.234,5"):
        assert "没有记录" in fang.says(bad)
    assert "40.5" in fang.sends_photo()
    assert last(town, fang).millilitres == 40_000
    assert "改好了" in fang.says("42")


def test_after_a_correction_the_old_receipt_says_so(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元")
    old = fang.buttons["↩️ 撤销"]
    fang.taps("fillup.correct")
    back = fang.buttons["‹ 没有错"]
    assert "记好了" in fang.forges(back)
    fang.taps("fillup.correct")
    fang.taps("升数")
    fang.says("42")
    fang.forges(old)
    assert "更正过" in fang.toast
    assert len(fillups_of(town, fang)) == 1


def test_seven_days_and_no_longer(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元")
    town.passes(days=7)
    data = fang.buttons["↩️ 撤销"]
    assert "哪里不对" in fang.taps("fillup.correct")
    town.passes(minutes=1)
    assert "7天" in fang.forges(data)
    assert len(fillups_of(town, fang)) == 1


def test_what_the_till_has_confirmed_stays(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元")
    with town.database.write() as session:
        mine = session.scalars(select(Fillup).where(Fillup.voided_at.is_(None))).one()
        fillups.record(
            session, station=session.get_one(Station, 1), at=mine.at, now=town.now, source="pos",
            confirmed=True, customer_id=mine.customer_id, millilitres=40_010, amount=32_000,
        )  # fmt: skip
    # The same tank counts once, with the till's numbers.
    assert "1 次 · 40.01 升" in fang.says("/me")


# The first fill-up, and "that was not me"


def test_the_first_fill_up_is_followed_by_questions_once(town: Town) -> None:
    town.station("S001", "南山站")
    fang = driver(town, asked=True)
    assert "您开什么车" in fang.says("加了200块92")
    fang.taps("details.skip")
    assert "您开什么车" not in fang.says("加了300块92")


def test_not_me_takes_it_out_and_tells_both(town: Town, fang: Chat) -> None:
    with town.database.write() as session:
        session.add(Staff(telegram_id=77, name="Li", role="attendant", locale="en", added_at=town.now))
        made = fillups.record(
            session, station=session.get_one(Station, 1), at=town.now, now=town.now, source="attendant",
            confirmed=True, customer_id=customer_of(town, fang).id, amount=20_000, recorded_by=77,
        )  # fmt: skip
        number = made.id
    attendant = town.person("Li", "en", user_id=77)
    assert "已删除" in fang.forges(f"fillup.not_me:{number}")
    assert "not theirs" in attendant.heard
    assert town.look(lambda s: s.get_one(Fillup, number)).void_reason == "not_me"
    fang.forges(f"fillup.not_me:{number}")
    assert attendant.said == []
    assert fillups_of(town, fang) == []


def test_a_driver_cannot_undo_what_the_attendant_recorded(town: Town, fang: Chat) -> None:
    with town.database.write() as session:
        made = fillups.record(
            session, station=session.get_one(Station, 1), at=town.now, now=town.now, source="attendant",
            confirmed=True, customer_id=customer_of(town, fang).id, amount=20_000, recorded_by=77,
        )  # fmt: skip
        number = made.id
    fang.forges(f"fillup.undo:{number}")
    assert "没有这条记录" in fang.toast
    assert town.look(lambda s: s.scalar(select(func.count()).where(Fillup.voided_at.is_(None)))) == 1


@pytest.mark.parametrize("product", ["95", "95#", "九五号"])
def test_the_product_can_be_written(town: Town, fang: Chat, product: str) -> None:
    fang.says("/fillup")
    assert "什么油" in fang.says("虹桥站")
    assert "多少" in fang.says(product)
    assert "记好了" in fang.says("加满")
    assert (last(town, fang).product, last(town, fang).station_id) == ("95", 2)
