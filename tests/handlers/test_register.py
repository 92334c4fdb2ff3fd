"""Registering at the pump, and who turns out to be known already."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from crm import fillups, registration
from crm.audit import Audit
from crm.customers import Consent, Customer
from crm.fillups import Fillup
from crm.stations import Station
from tests.handlers.chat import Chat, Town

PHONE = "+8613800130001"


def registers(chat: Chat, choice: str = "both", start: str = "/start") -> str:
    chat.says(start)
    chat.taps(f"register.agree:{choice}")
    return chat.shares_contact()


def customers(town: Town) -> list[Customer]:
    return town.look(lambda s: list(s.scalars(select(Customer).order_by(Customer.id))))


def only(town: Town) -> Customer:
    (customer,) = customers(town)
    return customer


def from_the_till(town: Town, station: Station, visits: int = 3, **who: Any) -> int:
    """A customer whom only the till knows, with visits; their id."""
    with town.database.write() as session:
        customer = Customer(known_at=town.now, **who)
        session.add(customer)
        session.flush()
        for n in range(visits):
            at = town.now - timedelta(days=10 * (n + 1))
            fillups.record(
                session,
                station=session.get_one(Station, station.id),
                at=at,
                now=at,
                source="pos",
                confirmed=True,
                customer_id=customer.id,
                millilitres=40_000,
                amount=32_000,
                receipt=f"R{n}",
            )
        return customer.id


def test_three_steps_in_chinese(town: Town) -> None:
    fang = town.person("王芳", "zh-hans", phone=PHONE)
    assert "三步" in fang.says("/start")
    assert "手机号" in fang.taps("register.agree:both")
    assert fang.keys[0]["asks"] == "contact"
    assert "注册好了" in fang.shares_contact()
    assert "40L 95# 320元 微信" in fang.heard  # the guide comes at once
    customer = only(town)
    assert (customer.phone, customer.name, customer.locale) == (PHONE, "王芳", "zh")
    assert (customer.service_consent, customer.marketing_consent) == (True, True)
    assert customer.registered_at == town.now
    assert len(str(customer.member)) == 10


def test_three_steps_in_english_with_service_only(town: Town) -> None:
    tom = town.person("Tom", "de", phone="+4915112345678")
    assert "three steps" in tom.says("/start")
    tom.taps("register.agree:service")
    assert "registered" in tom.shares_contact()
    customer = only(town)
    assert (customer.service_consent, customer.marketing_consent) == (True, False)
    kept = town.look(lambda s: {c.purpose: (c.granted, c.wording, c.how) for c in s.scalars(select(Consent))})
    assert kept == {"service": (True, "1", "notice"), "marketing": (False, "1", "notice")}


def test_nothing_is_kept_before_the_contact(town: Town) -> None:
    fang = town.person("王芳", phone=PHONE)
    fang.says("/start")
    fang.taps("register.agree:both")
    assert customers(town) == []


def test_the_language_can_be_switched_on_the_way(town: Town) -> None:
    fang = town.person("Fang", "zh-hans", phone=PHONE)
    fang.says("/start")
    assert "three steps" in fang.taps("English")
    assert fang.said[0]["edits"]
    assert "phone number" in fang.taps("register.agree:both")
    fang.says("/language")
    assert "手机号" in fang.taps("中文")
    fang.shares_contact()
    assert only(town).locale == "zh"


def test_start_in_the_middle_repeats_the_step_that_is_open(town: Town) -> None:
    fang = town.person("王芳", phone=PHONE)
    fang.says("/start")
    assert "三步" in fang.says("/start")
    fang.taps("register.agree:service")
    assert "最后一步" in fang.says("/start")
    assert "最后一步" in fang.sends_photo()
    assert "注册好了" in fang.shares_contact()
    assert not only(town).marketing_consent


def test_somebody_elses_contact_is_refused(town: Town) -> None:
    fang, ming = town.person("王芳", phone=PHONE), town.person("李明", phone="+8613800130002")
    fang.says("/start")
    fang.taps("register.agree:both")
    assert "别人的名片" in fang.shares_contact(of=ming)
    assert fang.keys[0]["asks"] == "contact"
    assert customers(town) == []


def test_a_typed_phone_links_to_nobody(town: Town) -> None:
    from_the_till(town, town.station("S1", "南山站"), phone=PHONE)
    fang = town.person("王芳", phone="+8613800130009")
    fang.says("/start")
    fang.taps("register.agree:both")
    assert "证明" in fang.says("138 0013 0001")
    assert only(town).chat_id is None


def test_a_contact_before_the_notice_comes_to_the_notice_first(town: Town) -> None:
    fang = town.person("王芳", phone=PHONE)
    assert "三步" in fang.shares_contact()
    assert customers(town) == []


def test_registered_people_are_greeted(town: Town) -> None:
    fang = town.person("王芳", phone=PHONE)
    registers(fang)
    assert "欢迎回来" in fang.says("/start")
    fang.taps("fillup.new")
    assert fang.forges("register.agree:both:1") == ""
    assert "已经注册" in fang.toast
    assert len(customers(town)) == 1


def test_whoever_blocked_the_bot_is_back_with_start(town: Town) -> None:
    fang = town.person("王芳", phone=PHONE)
    registers(fang)
    fang.blocks()
    assert not only(town).reachable
    fang.says("/start")
    assert only(town).reachable


def test_a_poster_tells_where_they_came_from(town: Town) -> None:
    station = town.station("S_1-a", "南山站")
    fang = town.person("王芳", phone=PHONE)
    assert "南山站" in fang.says("/start st_S_1-a")
    fang.taps("register.agree:both")
    fang.shares_contact()
    customer = only(town)
    assert (customer.source, customer.source_detail) == ("poster", "S_1-a")
    assert customer.home_station_id == station.id
    assert "南山站" in str(fang.says("/start st_S_1-a") and fang.buttons)


def test_a_friends_link_is_remembered(town: Town) -> None:
    fang, ming = town.person("王芳", phone=PHONE), town.person("李明", phone="+8613800130002")
    registers(fang)
    member = only(town).member
    registers(ming, start=f"/start ref_{member}")
    assert [(c.source, c.source_detail) for c in customers(town)] == [("chat", None), ("friend", member)]


@pytest.mark.parametrize(
    "payload", ["x" * 65, "st_a.b", "st_nowhere", "ref_1", "ref_", "st_", "<b>", "%s", "_", "ünï"]
)
def test_any_other_payload_is_a_bare_start(town: Town, payload: str) -> None:
    fang = town.person("王芳", phone=PHONE)
    assert "三步" in fang.says(f"/start {payload}")
    assert "注册好了" in registers(fang)
    assert only(town).source == "chat"


def test_the_till_s_customer_is_greeted_as_who_they_are(town: Town) -> None:
    known = from_the_till(town, town.station("S1", "南山站"), phone=PHONE, name="王女士", member="M1")
    fang = town.person("王芳", phone=PHONE)
    heard = registers(fang)
    assert "王女士" in heard
    assert "<b>3</b> 次" in heard
    assert "南山站" in heard
    customer = only(town)
    assert (customer.id, customer.member, customer.chat_id) == (known, "M1", fang.user_id)


@pytest.mark.parametrize("reference", [PHONE, PHONE[1:], PHONE[3:]])
def test_a_reference_that_is_the_phone_is_the_same_person(town: Town, reference: str) -> None:
    known = from_the_till(town, town.station("S1", "南山站"), reference=reference)
    registers(town.person("王芳", phone=PHONE))
    customer = only(town)
    assert (customer.id, customer.phone, customer.reference) == (known, PHONE, reference)


def test_two_rows_of_the_till_for_one_phone_become_one(town: Town) -> None:
    station = town.station("S1", "南山站")
    first = from_the_till(town, station, visits=2, phone=PHONE)
    second = from_the_till(town, station, visits=1, reference=PHONE[3:])
    with town.database.write() as session:  # their visits must not fall on one another
        for row in session.scalars(select(Fillup).where(Fillup.customer_id == second)):
            row.at -= timedelta(days=3)
    heard = registers(town.person("王芳", phone=PHONE))
    assert "<b>3</b> 次" in heard
    rows = customers(town)
    assert [(row.id, row.merged_into) for row in rows] == [(first, None), (second, first)]


def test_a_phone_that_another_chat_has_moves_and_both_are_told(town: Town) -> None:
    old, new = town.person("王芳", phone=PHONE), town.person("Fang", "en", phone=PHONE)
    registers(old)
    heard = registers(new)
    assert "moved here" in heard
    assert "另一个 Telegram 账号" in old.heard
    assert only(town).chat_id == new.user_id
    assert town.look(lambda s: s.scalar(select(func.count()).where(Audit.action == "moved"))) == 1
    assert "/start" in old.says("/me")


def test_a_new_phone_of_a_registered_customer(town: Town) -> None:
    station = town.station("S1", "南山站")
    fang = town.person("王芳", phone=PHONE)
    registers(fang)
    from_the_till(town, station, phone="+8613800130007")
    assert "登记的手机号" in fang.shares_contact()
    fang.phone = "+8613800130007"
    assert "****0007" in fang.shares_contact()
    rows = customers(town)
    assert rows[0].phone == "+8613800130007"
    assert rows[1].merged_into == rows[0].id
    assert "¥320.00" in fang.says("/me")


def test_a_phone_as_telegram_writes_it_without_plus(town: Town) -> None:
    fang = town.person("王芳", phone="8613800130001")
    registers(fang)
    assert only(town).phone == PHONE


def test_an_old_wording_of_the_notice_is_shown_anew(town: Town) -> None:
    fang = town.person("王芳", phone=PHONE)
    assert "三步" in fang.forges("register.agree:both:0")
    assert "三步" in fang.forges("register.agree:everything:1")
    assert "最后一步" in fang.forges("register.agree:both:1")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<b>", "&lt;b&gt;"),
        ('</a><a href="//evil">', "&lt;/a&gt;&lt;a href=&#34;//evil&#34;&gt;"),
        ("&amp;lt;", "&amp;amp;lt;"),
        ("{{7*7}}", "{{7*7}}"),
        ("{{ ''.__class__ }}", "{{ &#39;&#39;.__class__ }}"),
        ("%s {0.__class__}", "%s {0.__class__}"),
        ("a\x00b", "ab"),
        ("\u202eabc\u202c", "abc"),
    ],
)
def test_names_are_shown_as_they_are(town: Town, name: str, shown: str) -> None:
    fang = town.person(name, "en", phone=PHONE)
    registers(fang)
    assert shown in fang.heard
    assert f"<b>{shown}</b>" in fang.says("/me")


@pytest.mark.parametrize("name", ["\u200b\u200b", "\u3164", "\u202e", "\u2800 \u2800"])
def test_a_name_of_nothing_is_the_member_number(town: Town, name: str) -> None:
    fang = town.person(name, "en", phone=PHONE)
    registers(fang)
    assert f"<b>Member #{only(town).member}</b>" in fang.says("/me")


def test_a_very_long_name_is_cut(town: Town) -> None:
    fang = town.person("😀" * 4096, phone=PHONE)
    registers(fang)
    assert only(town).name == "😀" * 32


def test_a_user_id_beyond_32_bits_is_kept(town: Town) -> None:
    fang = town.person("王芳", phone=PHONE, user_id=2**52 - 1)
    registers(fang)
    assert only(town).chat_id == 2**52 - 1


def test_two_people_at_once_are_two_customers(town: Town) -> None:
    fang, ming = town.person("王芳", phone=PHONE), town.person("李明", phone="+8613800130002")
    fang.says("/start")
    ming.says("/start")
    fang.taps("register.agree:both")
    ming.taps("register.agree:service")
    ming.shares_contact()
    fang.shares_contact()
    assert [(c.name, c.marketing_consent) for c in customers(town)] == [("李明", False), ("王芳", True)]


# Fuel cards


def asks_for_card(chat: Chat, card: str, receipt: str) -> str:
    chat.says("/me")
    chat.taps("me.card")
    chat.says(card)
    return chat.says(receipt)


def test_a_fuel_card_is_proved_by_a_receipt(town: Town) -> None:
    till = from_the_till(town, town.station("S1", "南山站"), reference="C-9001")
    fang = town.person("王芳", phone=PHONE)
    registers(fang)
    assert "3 次加油" in asks_for_card(fang, "C-9001", "R1")
    mine = customers(town)[1]
    assert mine.card == "C-9001"
    assert town.look(lambda s: s.get_one(Customer, till)).merged_into == mine.id
    assert "南山站" in fang.says("/me")


def test_a_second_card_goes_on_leading_to_its_owner(town: Town) -> None:
    station = town.station("S1", "南山站")
    for n, card in enumerate(("C1", "C2")):
        from_the_till(town, station, visits=n + 1, card=card)
    fang = town.person("王芳", phone=PHONE)
    registers(fang)
    asks_for_card(fang, "C1", "R0")
    asks_for_card(fang, "C2", "R1")
    rows = {row.id: row for row in customers(town)}
    mine = max(rows)
    assert rows[mine].card == "C1"
    assert [row.card for row in rows.values() if row.merged_into == mine] == [None, "C2"]


def test_wrong_cards_are_answered_alike_and_lock_for_a_day(town: Town) -> None:
    station = town.station("S1", "南山站")
    from_the_till(town, station, card="C1")
    ming = town.person("李明", phone="+8613800130002")
    registers(ming)
    with town.database.write() as session:
        session.scalars(select(Customer).where(Customer.chat_id == ming.user_id)).one().card = "C2"
    fang = town.person("王芳", phone=PHONE)
    registers(fang)
    answers = {asks_for_card(fang, *try_) for try_ in (("C1", "no"), ("C8", "R1"), ("C2", "R1"), ("C1", "%"))}
    assert len(answers) == 1
    assert "明天" in asks_for_card(fang, "C1", "x")  # the fifth
    fang.says("/me")
    assert "明天" in fang.taps("me.card")
    assert town.look(lambda s: s.scalar(select(Customer.merged_into).where(Customer.card == "C1"))) is None
    town.passes(days=1, minutes=1)
    assert "3 次加油" in asks_for_card(fang, "C1", "R2")
    assert registration.WRONG_CARDS == 5
