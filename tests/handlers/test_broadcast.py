"""A broadcast drafted in chat: whom, in which words, with which coupon, when; by nobody but its drafter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from crm.broadcasts import Broadcast
from crm.customers import Customer
from crm.staff import Staff
from handlers.broadcast_card import terms
from outreach.message import Words
from outreach.samples import samples
from templates import label, render
from tests.handlers.broadcasts import (
    CODE,
    TEXT,
    brought,
    columns,
    drafted,
    fifteen,
    looked,
    newest,
    stands,
)
from tests.handlers.chain import Chain

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    return fifteen(chain)


def test_a_draft_is_typed_and_looked_at(chain: Chain) -> None:
    boss = chain.hire("headquarters", language="en")
    boss.says("/campaigns")
    assert "No messages yet" not in brought(boss).reply.template
    assert "Win-back" in boss.heard
    boss.taps("＋ New message")
    assert "Who should hear it" in boss.heard
    boss.says("customers at North Gate -segment:churned")
    assert "12 people, 11 of whom" in boss.heard
    assert "coupon_code" in boss.heard  # the facts are shown
    boss.says(TEXT + CODE)
    boss.taps("None: same words for all")  # nothing in the other language
    boss.taps("🎟 Coupon")
    boss.says("10 7 60")
    assert "¥10.00, good for 7 days, budget" in boss.heard.replace("CN¥", "¥")
    boss.taps("🔢 Numbers")
    brought(boss)
    assert "12 people, 6 of whom get it" in boss.heard
    assert "5 beyond the budget" in boss.heard
    assert "1 without consent" in boss.heard
    assert "60.00" in boss.heard
    boss.forges("broadcast.sample:1")
    assert boss.heard.count("half price") == 10  # five people, two languages
    assert len(chain.audit("look_up")) == 5
    boss.forges("broadcast.test:1")
    assert "North 00, the <b>wash</b> is half price." in boss.heard


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("top 10 customers by spend", "group of people"),
        ("spend by station", "group of people"),
        ("segment:nosuch", "nosuch"),
        ("x" * 401, "400"),
    ],
)
def test_what_is_no_audience(chain: Chain, typed: str, heard: str) -> None:
    boss = chain.hire("headquarters")
    boss.forges("broadcast.new")
    assert heard in boss.says(typed).lower()
    boss.sends_photo()
    assert "Who should hear it" in boss.heard
    boss.says("show:list")
    assert "15 people" in boss.heard


@pytest.mark.parametrize(
    ("language", "text", "heard"),
    [
        ("en", "Hello {{ name }}", "a fact is said that nobody may know"),
        ("zh", "您好 {{ name }}", "可能没有的内容"),
        ("en", "{{ customer.bot.token }}", "getattr is not allowed"),
        ("zh", "{{ 'a' * 10**9 }}", "不能用"),
        ("en", "<b>open", "is not closed"),
        ("en", "{% if name %}", "line 1"),
        ("en", "x" * 4097, "4,097 characters"),
        ("zh", "{{ nobody }}", "没有“nobody”这项内容"),
    ],
)
def test_words_that_cannot_be_used(chain: Chain, language: str, text: str, heard: str) -> None:
    boss = chain.hire("headquarters", language=language)
    boss.forges("broadcast.new")
    boss.says("show:list")
    assert heard in boss.says(text)
    boss.says("Fine words")
    assert newest(boss).name == "Fine words"


@pytest.mark.parametrize("text", ["ten", "0 7", "10", "10 0", "10 400", "10 7 5", "99999 7", "-", "1e9 3"])
def test_coupons_that_cannot_be(chain: Chain, text: str) -> None:
    boss = chain.hire("headquarters")
    found = drafted(boss)
    boss.forges(f"broadcast.edit:{found.id}:offer")
    assert "days it is good for (1 to 365)" in boss.says(text)
    assert "¥10.00" in boss.says("￥１０，7天，预算5000").replace("CN¥", "¥")
    assert newest(boss).budget == 500_000
    boss.forges(f"broadcast.set:{found.id}:none")
    assert "no coupon" in boss.heard


@pytest.mark.parametrize(
    "text", ["yesterday", "2020-01-01 10:00", "2026-02-30 10:00", "25:00", "2030-01-01 9:00"]
)
def test_hours_that_cannot_be(chain: Chain, text: str) -> None:
    boss = chain.hire("headquarters")
    found = drafted(boss)
    boss.forges(f"broadcast.edit:{found.id}:when")
    assert "2026-06-18 10:00" in boss.says(text)
    assert "16 Jun, 11:00" in boss.says("11:00")
    boss.forges(f"broadcast.edit:{found.id}:when")
    assert "20 Jun, 09:30" in boss.says("06-20 9:30")
    boss.forges(f"broadcast.set:{found.id}:lasts72")
    assert "for 72 hours" in boss.heard
    boss.forges(f"broadcast.set:{found.id}:now")
    assert "as soon as it is approved" in boss.heard


def test_the_whole_thing_in_chinese(chain: Chain) -> None:
    boss = chain.hire("headquarters", language="zh")
    boss.says("/campaigns")
    brought(boss)
    assert "客户召回" in boss.heard
    boss.taps("＋ 写新消息")
    boss.says("所有客户")
    assert "请写一群人" in boss.heard
    boss.taps("👥 所有人")
    boss.says("{% if name %}{{ name }}，{% endif %}本周末洗车半价。")
    assert "English" in boss.heard
    boss.says("Half price.")
    assert "15 人，其中 14 人可以收到优惠" in boss.heard
    assert label("broadcast.ask", "zh", {"people": 14}) in boss.buttons
    looked(boss, 1)
    assert "，本周末洗车半价。" in boss.heard


def test_a_manager_who_moved_loses_the_draft(chain: Chain) -> None:
    manager = chain.hire("manager", chain.south)
    found = drafted(manager, "show:list")
    with chain.town.database.write() as session:
        session.execute(update(Broadcast).values(stations=[chain.north.id, chain.south.id]))
    manager.forges(f"broadcast.sample:{found.id}")
    assert "out of date" in manager.heard


def test_the_drafter_leaves_before_it_is_asked(chain: Chain) -> None:
    boss = chain.hire("headquarters")
    found = drafted(boss)
    with chain.town.database.write() as session:
        session.execute(update(Staff).where(Staff.telegram_id == boss.user_id).values(active=False))
    boss.forges(f"broadcast.ask:{found.id}:{found.revision}")
    assert boss.said[0]["template"] == "replies/not_for_you"


def test_nobody_writes_into_another_s_draft_and_then_approves_it(chain: Chain) -> None:
    boss, mark = chain.hire("headquarters"), chain.hire("marketing", name="Mei")
    found = drafted(boss)
    mark.forges(f"broadcast.open:{found.id}")
    assert not any(data.startswith("broadcast.edit") for data in mark.buttons.values())
    looked(mark, found.id)
    for data in ("edit:1:words:en", "set:1:all", "set:1:now", "skip:1", "drop:1", f"ask:1:{found.revision}"):
        mark.forges(f"broadcast.{data}")
        assert "out of date" in mark.heard, data
    assert columns(newest(boss)) == columns(found)


def test_nobody_begins_from_what_they_may_not_see(chain: Chain) -> None:
    boss, north = chain.hire("headquarters"), chain.hire("manager", chain.north)
    found = drafted(boss)
    north.forges(f"broadcast.again:{found.id}")
    north.forges("broadcast.again:99999")
    assert newest(boss).id == found.id


def test_an_audience_of_nobody_has_no_button_to_send_it(chain: Chain) -> None:
    boss = chain.hire("headquarters")
    found = drafted(boss, "segment:churned")
    assert "Nobody could get it" in boss.says("/cancel") + boss.forges(f"broadcast.open:{found.id}")
    assert not [data for data in boss.buttons.values() if data.startswith("broadcast.ask")]
    boss.forges(f"broadcast.ask:{found.id}:{found.revision}")
    assert stands(boss, found.id) == "draft"


def test_an_audience_of_everybody_says_how_many_on_the_button(chain: Chain) -> None:
    boss = chain.hire("headquarters")
    found = drafted(boss, "show:list")
    boss.forges(f"broadcast.open:{found.id}")
    assert "Ask for approval · 14 people" in boss.buttons


def test_an_hour_that_the_clocks_have_twice_is_said_in_utc_too(chain: Chain) -> None:
    town = chain.town
    town.house = replace(town.house, timezone="Europe/Berlin")
    boss = chain.hire("headquarters")
    found = drafted(boss)
    boss.forges(f"broadcast.edit:{found.id}:when")
    assert "25 Oct, 02:30 (25 Oct, 00:30 UTC)" in boss.says("2026-10-25 2:30")
    boss.forges(f"broadcast.edit:{found.id}:when")
    assert "UTC" not in boss.says("2026-10-20 2:30")


def test_a_manager_of_no_station_reaches_nobody(chain: Chain) -> None:
    nobody = chain.hire("manager")
    nobody.forges("broadcast.new")
    nobody.says("show:list")
    assert "15 people" not in nobody.heard
    found = newest(nobody)
    assert found.stations == []
    with chain.town.database.read() as session:
        whole_chain = terms(session, chain.town.house)
        asker = whole_chain.asker(found.stations, chain.town.now)
        assert session.scalars(select(Customer.id).where(asker.customers)).all() == []


def test_headquarters_pays_for_speed_where_the_setting_allows_it(chain: Chain) -> None:
    boss, mark = chain.hire("headquarters"), chain.hire("marketing", name="Mei")
    made = drafted(mark)
    number = made.id
    boss.forges(f"broadcast.pay:{number}")
    assert "out of date" in boss.heard
    chain.town.house = replace(chain.town.house, paid=True)
    mark.forges(f"broadcast.pay:{number}")
    assert "Stars" not in mark.heard
    mark.forges(f"broadcast.open:{number}")
    assert "⚡ Faster, for Stars" not in mark.buttons
    boss.forges(f"broadcast.open:{number}")
    boss.taps("⚡ Faster, for Stars")
    assert "11 people cost up to 2 Stars" in boss.heard
    for wrong in ("lots", "0", "-3", "1.5", "1000001", "9" * 20):
        boss.says(wrong)
        assert "a whole number from 1 to 1,000,000" in boss.heard
    boss.says("２")
    assert "faster, for at most 2 Stars" in boss.heard
    found = newest(boss)
    assert (found.stars, found.stands, found.revision) == (2, "draft", made.revision), "as approved"
    assert chain.audit("broadcast_stars")
    boss.forges(f"broadcast.free:{number}")
    assert newest(boss).stars is None


def test_the_test_message_has_what_the_real_one_has(chain: Chain) -> None:
    boss = chain.hire("headquarters", language="en")
    made = drafted(boss, offer="10 7 60")
    boss.forges(f"broadcast.test:{made.id}")
    with chain.town.database.read() as session:
        (real,) = samples(session, made, terms(session, chain.town.house), chain.town.now, 1)
    text, rows = real.in_("en", Words(render, label, "zh"))
    assert text in boss.heard
    assert list(boss.buttons)[-2:] == [button.label for row in rows for button in row]
    boss.taps("Show the QR")
    assert "Let the attendant scan this" in boss.heard
    plain = drafted(boss)
    boss.forges(f"broadcast.qr:{plain.id}")
    assert "out of date" in boss.heard
