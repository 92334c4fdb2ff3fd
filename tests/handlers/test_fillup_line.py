"""A fill-up told in one line: what is understood, asked back, and left to others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crm.stations import Station
from tests.handlers.chat import Chat, Town
from tests.handlers.people import driver, fillups_of, last_fillup


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
    assert last_fillup(town, fang).station_id == 2


def test_words_that_were_not_understood_are_shown_first(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    heard = fang.says("40L 95 <b>foo</b> 320元")
    assert "foo" in heard
    assert len(fillups_of(town, fang)) == 1
    fang.taps("就这样记")
    assert last_fillup(town, fang).amount == 32_000
    fang.says("40L 95 没")
    assert "没有记录" in fang.taps("不记了")
    assert len(fillups_of(town, fang)) == 2


def test_two_numbers_without_units(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    assert "升数还是金额" in fang.says("40 320 95#")
    fang.taps("40 升")
    assert (last_fillup(town, fang).millilitres, last_fillup(town, fang).amount) == (40_000, 32_000)


def test_litres_times_price_must_agree_with_the_sum(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    assert "对不上" in fang.says("40L 95# @8 300元")
    fang.taps("fillup.set")  # the first: the sum is wrong
    found = last_fillup(town, fang)
    assert (found.millilitres, found.unit_price, found.amount) == (40_000, 8_000, None)


@pytest.mark.parametrize("question", ["40L 95# @8 300元", "50 @8"])
def test_a_whole_new_line_carries_nothing_of_the_open_question(town: Town, fang: Chat, question: str) -> None:
    fang.says("南山站 加满 92")
    fang.says(question)
    assert "记好了" in fang.says("30L 98# 280元")
    found = last_fillup(town, fang)
    assert (found.product, found.millilitres, found.amount, found.unit_price) == ("98", 30_000, 28_000, None)


def test_a_line_written_after_a_station_was_tapped_stays_there(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    fang.says("/fillup")
    fang.taps("虹桥站")
    fang.says("40L 95 320元")
    station = last_fillup(town, fang).station_id
    assert town.look(lambda s: s.get_one(Station, station).name) == "虹桥站"


def test_a_day_without_an_hour_is_asked(town: Town, fang: Chat) -> None:
    fang.says("南山站 加满 92")
    assert "几点" in fang.says("昨天加了40升95号")
    fang.taps("18:00")
    assert last_fillup(town, fang).at == datetime(2026, 6, 14, 10, 0, tzinfo=UTC)
    fang.says("昨天加了30升95号")
    fang.says("8:30")
    assert last_fillup(town, fang).at == datetime(2026, 6, 14, 0, 30, tzinfo=UTC)


def test_the_time_is_when_it_was_said_not_when_it_was_read(town: Town, fang: Chat) -> None:
    said = town.now
    town.passes(hours=3)  # the bot was away
    message = {"text": "南山站 40L 95"}
    envelope = fang._envelope() | message | {"date": int(said.timestamp())}
    fang._send({"message": envelope})
    assert last_fillup(town, fang).at == said
    assert last_fillup(town, fang).recorded_at == said + timedelta(hours=3)


def test_a_station_counts_in_its_own_currency(town: Town) -> None:
    town.station("T1", "東京", currency="JPY", timezone="Asia/Tokyo")
    fang = driver(town, language="en")
    assert "Recorded" in fang.says("40L 95 6000 yen")
    assert (last_fillup(town, fang).amount, last_fillup(town, fang).currency) == (6000, "JPY")


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
