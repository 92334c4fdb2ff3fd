"""A driver's whole conversation over HTTP: register, record, take back, look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm import inbox
from crm.db import Database
from crm.fillups import Fillup
from crm.stations import Station
from tests.crm.test_erasure import found
from tests.journeys.conftest import Town
from tests.journeys.people import everything_heard, hears, registers

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def stations(database: Database) -> None:
    with database.write() as session:
        for code, name in (("S001", "南山站"), ("S002", "虹桥站")):
            session.add(Station(code=code, name=name, city="上海", timezone="Asia/Shanghai", currency="CNY"))


async def test_registering_in_chinese_and_three_taps(town: Town) -> None:
    fang = await town.person("王芳", language_code="zh-hans", phone="+8613800130001")
    await registers(fang, "都同意", "40L 95#")
    assert "哪个站" in (await fang.says("/fillup"))["text"]
    await fang.taps("虹桥站")
    await fang.taps("95号汽油")
    await fang.taps("¥200")
    await everything_heard(fang, "记好了")
    assert "1 次 · ¥200.00" in await hears(fang, "/me", "本月")


async def test_registering_in_english_and_the_three_lines(town: Town) -> None:
    ann = await town.person("Ann", language_code="en", phone="+8613800130002")
    await registers(ann, "Agree to both", "three taps")
    assert "Which station" in (await ann.says("40L 95# 320元 微信"))["text"]
    await ann.taps("南山站")
    await everything_heard(ann, "40 L · CN¥320.00 · WeChat Pay")
    await hears(ann, "加了200块92", "Petrol 92 · CN¥200.00")
    await hears(ann, "filled 35.5 litres diesel, 61.20", "Diesel · 35.5 L · CN¥61.20")
    assert "3 fill-ups · 75.5 L · CN¥581.20" in await hears(ann, "/me", "This month")


async def test_undo_and_me(town: Town) -> None:
    fang = await town.person("王芳", language_code="zh-hans", phone="+8613800130003")
    await registers(fang, "只要服务", "40L 95#")
    await hears(fang, "南山站 40L 95# 320元", "40 升 · ¥320.00")
    await fang.taps("撤销")
    await everything_heard(fang, "已撤销：南山站")
    assert "还没有加油记录" in await hears(fang, "/me", "本月")


async def test_an_interrupted_registration_goes_on(town: Town) -> None:
    fang = await town.person("王芳", language_code="zh-hans", phone="+8613800130004")
    ming = await town.person("李明", phone="+8613800130005")
    await fang.says("/start")
    await fang.taps("都同意")
    assert "最后一步" in await everything_heard(fang, "最后一步")
    assert "别人的名片" in (await fang.shares_contact(of=ming))["text"]
    assert "最后一步" in (await fang.says("/start"))["text"]
    await fang.shares_contact()
    await everything_heard(fang, "注册好了")


async def test_the_qr_is_a_picture(town: Town) -> None:
    fang = await town.person("王芳", language_code="zh-hans", phone="+8613800130006")
    await registers(fang, "都同意", "40L 95#")
    await fang.says("/me")
    shown = await fang.taps("会员码")
    assert shown["photo"]
    assert "会员号" in shown["caption"]


async def test_a_copy_of_ones_data_and_then_being_forgotten(town: Town, database: Database) -> None:
    name, phone = "金丝雀", "+8613877001234"
    fang = await town.person(name, language_code="zh-hans", phone=phone)
    await registers(fang, "都同意", "40L 95#")
    await hears(fang, "南山站 40L 95# 320元", "40 升 · ¥320.00")
    await hears(fang, "/privacy", "我们保存什么")
    assert "document" in await fang.taps("下载我的资料")
    await fang.taps("删除我的资料")
    await fang.taps("确认，全部删除")
    await everything_heard(fang, "已经删除")
    await hears(fang, "/me", "/start")
    await town.all_said()
    with database.write() as session:  # the rows of the last days wait for the night to be forgotten
        inbox.tidy(session, now=town.now() + timedelta(days=8))
    assert found(database, name, phone, phone.removeprefix("+86"), str(fang.id)) == []
    with database.read() as session:
        assert session.execute(select(Fillup.customer_id, Fillup.amount)).one() == (None, 32_000)
