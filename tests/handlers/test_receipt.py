"""After a fill-up was recorded: taking it back, putting it right, and "that was not me"."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from crm import fillups
from crm.fillups import Fillup
from crm.staff import Staff
from crm.stations import Station
from tests.handlers.chat import Chat, Town
from tests.handlers.people import customer_of, driver, fillups_of, last_fillup, step_of


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


def test_undo_may_be_typed(town: Town, fang: Chat) -> None:
    assert "没有可以撤销的" in fang.says("撤销")
    fang.says("南山站 40L 95# 320元")
    fang.says("南山站 30L 92# 200元")
    for words in ("撤销", "Undo", "undo."):
        assert "哪里不对" in fang.says(words), words
        assert "30" in fang.heard
    fang.taps("fillup.undo")
    assert [fillup.millilitres for fillup in fillups_of(town, fang)] == [40_000]


def test_nobody_undoes_another_s_record(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元")
    number = last_fillup(town, fang).id
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
    found = last_fillup(town, fang)
    assert getattr(found, name) == value
    assert found.payment == "wechat"
    assert len(fillups_of(town, fang)) == 1
    assert step_of(town, fang) == ""


def test_a_line_written_after_correct_replaces_the_record(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元 微信")
    fang.taps("fillup.correct")
    assert "改好了" in fang.says("41升 300元 92号")
    (found,) = fillups_of(town, fang)
    assert (found.millilitres, found.amount, found.product) == (41_000, 30_000, "92")
    assert found.payment == "wechat"
    assert step_of(town, fang) == ""


def test_a_line_that_is_not_clear_after_correct_changes_nothing(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元 微信")
    fang.taps("fillup.correct")
    assert "请带上单位" in fang.says("加了41")
    assert "1,000" in fang.says("0升 92号")
    assert fang.says("你好") != ""
    (found,) = fillups_of(town, fang)
    assert (found.millilitres, found.amount) == (40_000, 32_000)
    assert "改好了" in fang.says("41升")


def test_a_line_is_another_fill_up_when_nothing_was_wrong_or_much_later(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元 微信")
    fang.taps("fillup.correct")
    fang.taps("fillup.back")
    fang.says("41升 300元 92号")
    assert len(fillups_of(town, fang)) == 2
    fang.taps("fillup.correct")
    town.now += timedelta(minutes=16)
    fang.says("42升 310元 92号")
    assert len(fillups_of(town, fang)) == 3


def test_a_number_put_right_takes_what_stands_beside_it(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元 微信")
    fang.taps("fillup.correct")
    fang.taps("升数")
    assert "改好了" in fang.says("41升 300元")
    (found,) = fillups_of(town, fang)
    assert (found.millilitres, found.amount) == (41_000, 30_000)


def test_product_and_station_are_put_right(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元")
    fang.taps("fillup.correct")
    fang.taps("油品")
    assert "92号汽油" in fang.taps("92号汽油")
    fang.taps("fillup.correct")
    fang.taps("站点")
    assert "虹桥站" in fang.taps("虹桥站")
    assert (last_fillup(town, fang).product, last_fillup(town, fang).station_id) == ("92", 2)
    assert len(fillups_of(town, fang)) == 1


def test_a_wrong_correction_changes_nothing(town: Town, fang: Chat) -> None:
    fang.says("南山站 40L 95# 320元")
    fang.taps("fillup.correct")
    fang.taps("升数")
    for bad in ("-40", "0", "99999", "NaN", "forty", "1.234,5"):
        assert "没有记录" in fang.says(bad)
    assert "40.5" in fang.sends_photo()
    assert last_fillup(town, fang).millilitres == 40_000
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
