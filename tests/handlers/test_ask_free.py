"""Staff ask in free text: what they get, what they never get, and what cannot be understood."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from crm.customers import Customer
from crm.fillups import Fillup
from crm.staff import StaffStation
from handlers.pictures import PICTURES
from tests.conftest import NOON
from tests.handlers.chain import Chain

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    """Thirty customers at the north, five with a canary's name at the south."""
    chain.crowd(30, "North", chain.north, range(5, 200, 10), amount=10_000, more=100)
    chain.crowd(5, "Southcanary", chain.south, range(5, 200, 10), first="2")
    chain.customer("张伟", chain.north, member="300001")
    chain.segment()
    return chain


def test_a_number_in_the_language_of_whoever_asks(chain: Chain) -> None:
    english = chain.hire("manager", chain.north)
    assert "30 people" in english.says("how many customers came last month")
    chinese = chain.hire("manager", chain.north, language="zh")
    assert "30 位客户" in chinese.says("上个月来过多少客户")


def test_a_list_turns_its_pages_and_opens_cards(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    first = manager.says("top 20 customers by spend last month")
    assert "North 29" in first
    assert "page 1 of 3" in first
    assert "page 2 of 3" in manager.taps("More ›")
    card = next(data for data in manager.buttons.values() if data.startswith("customer.open"))
    assert "North" in manager.taps(card)


def test_nobody_of_another_station_is_told(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    for text in (
        "show:list", "how many customers", "customers by station", "sort:-spend", "Southcanary", "station:S1",
        "spend by station last month", "who is 200001", "compare stations", "VIPs at South Gate",
        "station:N1 city:上海", "revenue by month", "who became regular this year",
    ):  # fmt: skip
        assert "canary" not in manager.says(text).replace("“Southcanary”", ""), text
        assert "South Gate" not in manager.heard.replace("South Gate”", ""), text
    assert "31 people" in manager.says("how many customers")
    manager.forges("ask.page:segment:regular station:S1:0")
    assert "canary" not in manager.heard


def test_pictures_of_breakdowns_and_trends_can_be_drawn(chain: Chain) -> None:
    admin = chain.hire("admin")
    for text in (
        "customers by segment", "spend by station last month", "各站营业额", "每月营业额",
        "litres by product", "weekly visits in the last 30 days",
    ):  # fmt: skip
        admin.says(text)
        picture = admin.said[0]["picture"]
        assert picture["name"] == "bars", text
        for locale in ("zh", "en"):
            assert PICTURES["bars"](picture["facts"], locale).startswith(b"\x89PNG")
        assert len(admin.heard) <= 1024
    assert "North Gate" in admin.says("compare North Gate and South Gate by revenue") + admin.says(
        "compare station 1 and station 1"
    )


def test_groups_are_called_what_they_are(chain: Chain) -> None:
    """A month is no day; of a customer at home elsewhere a manager is told no more than that."""
    manager = chain.hire("manager", chain.north)
    assert "Jun 2026" in manager.says("visits by month")
    assert "1 Jun 2026" not in manager.heard
    wanderer = chain.customer("Wanderer", chain.south, member="300002")
    chain.visits(wanderer, chain.south, 20, 30, 40)
    chain.visits(wanderer, chain.north, 10)
    chain.segment()
    assert "elsewhere or unknown: <b>1" in manager.says("customers by station")


def test_a_number_without_a_time_says_of_which_days_it_is(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    for text in ("revenue by station", "average basket", "compare stations", "top 10 customers by spend"):
        assert "last 365 days" in manager.says(text), text
    assert "10 of 3" in manager.heard
    for text in ("revenue by station last month", "how many customers", "customers by segment"):
        assert "365 days" not in manager.says(text), text
    for text in ("who became regular", "customers who paid by wechat", "how many customers spent over 500"):
        assert "last 365 days" in manager.says(text), text  # done within them
    assert "365 days" not in manager.says("who became regular last month")
    assert "近365天" in chain.hire("manager", chain.north, language="zh").says("客单价")


def test_a_churn_rate_from_before_the_first_run_says_why_there_is_none(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    assert "there are none from so early" in manager.says("churn rate last month")


def test_a_person_by_name_or_pinyin(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    for text in ("谁是张伟", "zhangwei", "who is zw", "300001"):
        assert "张伟" in manager.says(text), text


def test_a_number_of_one_person_opens_their_card(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north, language="zh")
    chain.visits(chain.customer("李娜", chain.north, member="300003"), chain.north, 3, 10)
    chain.segment()
    assert "<b>2" in manager.says("李娜最近30天来了几次")
    card = next(data for data in manager.buttons.values() if data.startswith("customer.open"))
    assert "李娜" in manager.taps(card)
    assert "没有叫这个名字" in chain.hire("manager", chain.south, language="zh").says("李娜最近30天来了几次")


def test_what_is_not_understood_is_named(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    heard = manager.says("customers with loyaltyness")
    assert "loyaltyness" in heard
    assert "Did you mean loyalty" in heard
    assert "You have no station “9”. Yours: N1 North Gate." in manager.says("VIPs of station 9")
    assert "<b>" not in manager.says("VIPs with <b>xyzzy</b>").replace("&lt;b&gt;", "")
    manager.forges("ask.page:nonsense:0")
    manager.forges("ask.page:")
    assert manager.heard


def test_attendants_and_drivers_are_not_answered(chain: Chain) -> None:
    for chat in (chain.hire("attendant", chain.north), chain.town.person("Driver", "en")):
        assert "people" not in chat.says("how many customers")
        chat.forges("ask.page:segment:regular:0")
        assert "North" not in chat.heard


def test_buttons_go_on_from_the_last_question(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north, chain.south)
    assert "36 people" in manager.says("how many customers")
    assert "South Gate: <b>5" in manager.taps("By station")
    assert "5 people" in manager.taps("South Gate")
    assert "home station S1" in manager.heard
    assert "5 people" in manager.taps("As a number")
    assert "36 people" in manager.taps("Any home station")
    assert "0 people" in manager.taps("Only Diesel")
    assert set(manager.buttons) == {"Any fuel"}, "from nobody it only widens"
    chinese = chain.hire("manager", chain.north, language="zh")
    assert "31 位客户" in chinese.says("有多少客户")
    assert chinese.taps("只看VIP客户").startswith("VIP")
    assert "按油站" not in chinese.buttons, "one station is not split by station"


def test_a_long_question_turns_its_pages_too(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("segment:vip,regular,new,prospect,lapsing,dormant visits>2 spend>10 last<300d sort:-spend")
    assert "page 2 of" in manager.taps("More ›")
    assert "page 1 of" in manager.taps("‹ Back")


def test_somebody_elses_button_gives_nothing(chain: Chain) -> None:
    boss = chain.hire("headquarters", name="Boss")
    boss.says("by station")
    boss.says("customers by station")
    taps = [data for data in boss.buttons.values() if data.startswith("ask.")]
    boss.says("list customers of station S1")
    taps += [data for data in boss.buttons.values() if data.startswith("ask.")]
    assert any(data.startswith("ask.do:") for data in taps)
    manager = chain.hire("manager", chain.north)
    for data in (*taps, "ask.do:", "ask.do:1", "ask.do:x:count", f"ask.do:{2**70}:count", "ask.do:-1:=S1"):
        manager.forges(data)
        assert manager.said == [] or "canary" not in manager.heard
        assert "South Gate" not in manager.heard
        assert manager.toast or manager.said


def test_rights_lost_since_the_question_are_lost_for_its_buttons(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north, chain.south)
    manager.says("list customers of station S1")
    assert "canary" in manager.heard
    taps = {words: data for words, data in manager.buttons.items() if data.startswith("ask.")}
    member = chain.staff(manager)
    assert member is not None
    with chain.town.database.write() as session:
        session.execute(delete(StaffStation).where(StaffStation.station_id == chain.south.id))
    for data in taps.values():
        manager.forges(data)
        assert "canary" not in manager.heard
    assert manager.toast


def test_a_list_that_changed_while_it_is_read(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("top 20 customers by spend")
    manager.taps("More ›")
    with chain.town.database.write() as session:
        session.execute(update(Customer).where(Customer.name < "North 25").values(home_station_id=None))
        session.execute(update(Fillup).where(Fillup.station_id == chain.north.id).values(voided_at=NOON))
    assert "page 1 of 1" not in manager.taps("More ›")
    assert manager.said


def test_names_of_every_kind_stand_in_a_list(chain: Chain) -> None:
    for number, name in enumerate(
        ("<b>x</b>", "100% & 'q' \"d\"", "😀" * 30, "\u202egnirts", "A" * 100, "  ")
    ):
        chain.customer(name, chain.south, member=f"9{number}")
    chain.segment()
    manager = chain.hire("manager", chain.south)
    heard = manager.says("list customers")
    assert "&lt;b&gt;x" in heard + manager.taps("More ›")
    assert manager.says("A" * 4096)
    assert "400" in manager.heard
    assert "Nobody can be all of that" in manager.says("segment:vip segment:churned")
