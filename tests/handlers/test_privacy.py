"""Consent: given in known words, withdrawn with one tap, and every answer kept."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from crm import coupons
from crm.customers import Consent, Customer, Vehicle
from crm.fillups import Fillup
from crm.outbox import Answer, Outbound
from crm.scope import customers_of
from crm.segments import CustomerSegment
from crm.staff import Staff
from crm.taps import ButtonTap
from handlers.documents import DOCUMENTS
from handlers.privacy import WORDING
from templates import FOLDER, LOCALES
from tests.handlers.chat import Chat, Town
from tests.handlers.people import customer_of, driver

# What people agreed to under each version. A changed notice is a new version with a line of its own.
NOTICES = {"1": "f09201fb91db897d"}


@pytest.fixture
def fang(town: Town) -> Chat:
    return driver(town)


def offers(town: Town, chat: Chat) -> bool:
    return customer_of(town, chat).marketing_consent


def answers(town: Town, chat: Chat) -> list[tuple[bool, str]]:
    mine = customer_of(town, chat).id
    rows = select(Consent.granted, Consent.how).where(
        Consent.customer_id == mine, Consent.purpose == "marketing"
    )
    return town.look(lambda s: [(granted, how) for granted, how in s.execute(rows.order_by(Consent.id))])


def outbound(town: Town, chat: Chat, occurrence: str = "1") -> int:
    row: dict[str, Any] = {"campaign": "win_back", "kind": "marketing", "priority": 3, "state": "sent"}
    times = {"planned_at": town.now, "not_before": town.now, "expires_at": town.now + timedelta(days=1)}
    mine = customer_of(town, chat).id
    made = Outbound(customer_id=mine, occurrence=occurrence, template="outreach/x", facts={}, **row, **times)
    town.keep(made)
    return town.look(lambda s: s.scalars(select(Outbound.id).order_by(Outbound.id.desc())).first()) or 0


def test_the_notice_and_its_version_go_together() -> None:
    words = b"".join((FOLDER / each / "replies/register_notice.j2").read_bytes() for each in LOCALES)
    assert NOTICES[WORDING] == hashlib.sha256(words).hexdigest()[:16], "new words need a new WORDING"


def test_stop_and_resume(town: Town, fang: Chat) -> None:
    assert "不再给您发优惠" in fang.says("/stop")
    assert "收据" in fang.heard  # what still comes
    assert not offers(town, fang)
    assert "本来就没开" in fang.says("/stop")
    assert "每周最多一条" in fang.says("/resume")
    assert "已经开着" in fang.says("/resume")
    assert offers(town, fang)
    assert answers(town, fang) == [(True, "notice"), (False, "stop"), (True, "resume")]


def test_one_tap_under_a_marketing_message(town: Town, fang: Chat) -> None:
    fang.forges("offers.stop")
    assert "不再发优惠" in fang.toast
    assert fang.said[0]["edits"] is None  # the message with the coupon stays
    assert fang.forges("offers.stop") == ""
    assert "已经停了" in fang.toast
    assert answers(town, fang) == [(True, "notice"), (False, "button")]
    fang.forges("offers.resume")
    assert offers(town, fang)


def test_service_goes_on_after_stop(town: Town, fang: Chat) -> None:
    fang.says("/stop")
    assert "会员号" in fang.says("/me")
    assert customer_of(town, fang).service_consent


def test_privacy_says_what_was_agreed_when_and_to_which_words(town: Town, fang: Chat) -> None:
    town.passes(days=1)
    fang.says("/stop")
    heard = fang.says("/privacy")
    assert "✓ 服务：2026年6月15日 12:00，说明第 1 版" in heard
    assert "✗ 优惠：2026年6月16日 12:00" in heard
    assert "不再" not in fang.taps("offers.resume")
    assert offers(town, fang)


def test_why_somebody_left_is_kept_once(town: Town, fang: Chat) -> None:
    number = outbound(town, fang)
    assert "价格" in fang.forges(f"left:price:{number}")
    assert fang.forges(f"left:price:{number}") == ""
    assert "记下" in fang.toast
    kept = town.look(lambda s: s.execute(select(Answer.question, Answer.answer, Answer.outbound_id)).all())
    assert [tuple(row) for row in kept] == [("left", "price", number)]


def test_a_tap_on_a_campaigns_message_is_counted_with_it(town: Town, fang: Chat) -> None:
    number = outbound(town, fang)
    with town.database.write() as session:
        session.get_one(Outbound, number).message_id = fang.messages + 1  # the one tapped next
    fang.forges(f"left:price:{number}")
    fang.forges("me.open")  # a button of another message
    kept = town.look(lambda s: s.execute(select(ButtonTap.outbound_id, ButtonTap.button)).all())
    assert [tuple(row) for row in kept] == [(number, "left")]


def test_only_the_own_message_can_be_answered(town: Town, fang: Chat) -> None:
    number = outbound(town, fang)
    ming = driver(town, "李明")
    for data in (
        f"left:price:{number}",
        "left:price:99999",
        "left:price:x",
        "left",
        "left:",
        f"left:{'x' * 40}:1",
    ):
        assert ming.forges(data) == ""
    for data in (f"left:score:{number}", f"left::{number}"):
        assert fang.forges(data) == ""
    assert town.look(lambda s: s.scalar(select(func.count()).select_from(Answer))) == 0


def test_privacy_names_the_command_that_changes_something(town: Town, fang: Chat) -> None:
    assert "/stop" in fang.says("/privacy")
    fang.says("/stop")
    assert "/resume" in fang.says("/privacy")


def forget(chat: Chat) -> None:
    chat.says("/privacy")
    chat.taps("privacy.erase")
    chat.taps("privacy.erase_yes")


def test_whoever_asks_to_be_forgotten_is_asked_once_more_and_then_nobody(town: Town, fang: Chat) -> None:
    mine = customer_of(town, fang).id
    assert "匿名销售" in fang.says("/privacy") + fang.taps("privacy.erase")
    assert customer_of(town, fang).name == "王芳"  # nothing yet
    fang.taps("privacy.open")
    assert "匿名销售" in fang.forges("privacy.erase_yes")  # invented: it asks, with a button of its own
    assert "匿名销售" in fang.forges("privacy.erase_yes:0123456789abcdef")
    assert customer_of(town, fang).name == "王芳"
    yes = next(data for data in fang.buttons.values() if data.startswith("privacy.erase_yes"))
    assert "已经删除" in fang.forges(yes)
    gone = town.look(lambda s: s.get_one(Customer, mine))
    assert (gone.name, gone.phone, gone.chat_id, gone.erased_at) == ("", None, None, town.now)
    assert "已经删除" not in fang.forges(yes)  # a second tap finds nobody
    assert "/start" in fang.says("/me")


def test_an_erased_driver_may_come_back_as_somebody_new(town: Town, fang: Chat) -> None:
    before = customer_of(town, fang)
    forget(fang)
    fang.says("/start")
    fang.taps("register.agree:both")
    fang.shares_contact()
    after = customer_of(town, fang)
    assert (after.id != before.id, after.member != before.member, after.marketing_consent) == (True,) * 3


def test_staff_see_an_erased_customer_nowhere(town: Town, fang: Chat) -> None:
    number = customer_of(town, fang).member
    boss = town.person("周老板")
    town.keep(Staff(telegram_id=boss.user_id, name="周", role="headquarters", added_at=town.now))
    assert "王芳" in boss.says(f"/customer {number}")
    forget(fang)
    assert "王芳" not in boss.says(f"/customer {number}") + boss.says("/customer 王芳")
    noted = boss.says("/audit")
    assert "— · 按本人要求删除资料 (本人操作)" in noted.replace("（", " (").replace("）", ")")
    assert "王芳" not in noted
    with town.database.read() as session:
        assert session.scalars(select(Customer.id).where(customers_of(None, town.now.date()))).all() == []


def own_data(chat: Chat) -> str:
    chat.says("/privacy")
    chat.taps("privacy.copy")
    (said,) = (each for each in chat.said if each["document"])
    made = said["document"]
    json.dumps(made["facts"])
    return DOCUMENTS[made["maker"]](made["facts"], said["locale"]).content.decode("utf-8-sig")


NEVER = ("dormant", "churned", "low value", "score", "流失", "沉睡", "低价值", "None", "{")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_copy_of_ones_own_data(town: Town, language: str) -> None:
    fang, other = driver(town, "Fang <b>", language), driver(town, "Canary")
    mine = customer_of(town, fang)
    station = town.station("S9", "Hill & Co")
    with town.database.write() as session:
        fills = {"customer_id": mine.id, "station_id": station.id, "day": town.now.date(), "currency": "CNY"}
        told = {"source": "pos", "confirmed": True, "recorded_at": town.now, "at": town.now}
        for amount in (32_000, None):
            session.add(
                Fillup(amount=amount, millilitres=40_500, product="95", payment="wechat", **fills, **told)
            )
        session.add(Vehicle(customer_id=mine.id, plate="粤B12345", kind="taxi"))
        session.add(Answer(customer_id=mine.id, question="left", answer="price", at=town.now))
        session.add(CustomerSegment(
            customer_id=mine.id, as_of=town.now.date(), lifecycle="churned", segment="churned", frequency=2,
            monetary=32_000, currency="CNY", frequency_class="low", value="low", typical_gap_days=9.6,
        ))  # fmt: skip
        give: dict[str, Any] = {"campaign": "win_back", "occurrence": "x", "value": 1_500, "currency": "CNY"}
        until = town.now + timedelta(days=9)
        coupon = coupons.give(
            session, customer_id=mine.id, expires_at=until, again_after_days=1, now=town.now, **give
        )
        assert coupon is not None
        code = coupon.code
    with town.database.write() as session:
        session.get_one(Outbound, outbound(town, fang)).claimed_at = town.now
    text = own_data(fang)
    assert ("UNASKED (1)" in text) or ("主动发给您的消息（1）" in text)
    wanted = (
        "Fang <b>",
        "Hill & Co",
        "粤B12345",
        code,
        mine.phone or "",
        mine.member or "",
        "320.00",
        "40.5",
        "10",
    )
    assert [each for each in wanted if each not in text] == []
    assert [each for each in (*NEVER, "Canary", customer_of(town, other).phone or "") if each in text] == []


def test_a_copy_of_next_to_nothing(town: Town, fang: Chat) -> None:
    text = own_data(fang)
    assert [each for each in NEVER if each in text] == []
    assert (customer_of(town, fang).member or "?") in text
