"""A broadcast in chat: drafted, looked at, approved by others, ruled; nothing by forged or old buttons."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from crm import errands
from crm.broadcasts import Broadcast, Look, Screen
from crm.copies import Copy
from crm.customers import Customer
from crm.errands import Errand
from crm.outbox import Outbound
from crm.staff import Staff
from crm.switches import Switch
from handlers.broadcast_card import limits, terms
from handlers.errands import Brought, Fetching
from handlers.people import known
from handlers.routes import ROUTES
from handlers.speak import said
from handlers.work import WORK
from outreach.broadcast import words_of
from outreach.running import advance
from templates import label, render
from tests.conftest import NOON
from tests.handlers.chain import Chain, build
from tests.handlers.chat import HOUSE, Chat, Town

pytestmark = pytest.mark.slow

TEXT = "{% if name %}{{ name }}, {% endif %}the <b>wash</b> is half price."
CODE = " {% if coupon_code %}{{ coupon_value }}: {{ coupon_code }}{% endif %}"


@pytest.fixture
def chain(town: Town) -> Chain:
    """Twelve at the north, three at the south with a canary's name; alone up to 5, two above 14."""
    town.house = replace(HOUSE, broadcast_alone=5, broadcast_two=14)
    chain = build(town)
    for n in range(15):
        name, home = (f"North {n:02}", chain.north) if n < 12 else (f"Canary {n}", chain.south)
        chat = town.person(name, "en")
        number = chain.customer(name, home, chat=chat, member=f"1{n:05}", marketing_consent=n != 3)
        chain.visits(number, home, *range(5, 200, 10))
    chain.segment()
    return chain


def brought(chat: Chat) -> Brought:
    """Carry out the newest errand of this person; what it brings is heard."""
    town = chat.town
    with town.database.write() as session:
        query = select(Errand).where(Errand.user_id == chat.user_id, Errand.done_at.is_(None))
        errand = session.scalars(query.order_by(Errand.id.desc())).first()
        assert errand is not None
        who = known(session, chat.user_id, chat.user_id, town.house)
        kind, facts = errand.kind, errand.facts
        errands.done(session, errand.id, "brought", now=town.now)
        session.flush()
        session.expunge_all()
    assert WORK[kind].role & who.roles
    found = WORK[kind].fetch(Fetching(town.database, who, town.house, town.now, facts, lambda _: None))
    chat.forget()
    chat.hear(said(found.reply, chat.user_id, who.locale, None))
    return found


def drafted(chat: Chat, audience: str = "home:N1", *, offer: str = "") -> Broadcast:
    """A complete draft, as somebody types it."""
    chat.says("/campaigns")
    brought(chat)
    chat.taps("broadcast.new")
    chat.says(audience)
    chat.says(TEXT + (CODE if offer else ""))
    chat.taps("broadcast.skip")
    if offer:
        chat.taps("broadcast.edit:1:offer")
        chat.says(offer)
    return newest(chat)


def newest(chat: Chat) -> Broadcast:
    found = chat.town.look(lambda s: s.scalars(select(Broadcast).order_by(Broadcast.id.desc())).first())
    assert found is not None
    return found


def looked(chat: Chat, number: int) -> None:
    """What has to be seen before anybody says yes."""
    chat.forges(f"broadcast.check:{number}")
    brought(chat)
    chat.forges(f"broadcast.sample:{number}")
    chat.forges(f"broadcast.test:{number}")


def stands(chat: Chat, number: int) -> str:
    return chat.town.look(lambda s: s.get_one(Broadcast, number).stands)


def tick(chain: Chain) -> None:
    town = chain.town
    with town.database.read() as session:
        found = terms(session, town.house)
    advance(town.database, found, limits(town.house), town.now)


def test_headquarters_drafts_and_another_approves(chain: Chain) -> None:
    boss, mark = chain.hire("headquarters", language="en"), chain.hire("marketing", language="zh", name="Mei")
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
    asked = boss.buttons["Ask for approval · 11 people"]
    boss.forges(asked)
    assert "please look at" in boss.heard
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
    boss.forges(asked)
    assert stands(boss, 1) == "waiting"
    assert "等待" in mark.heard or "批准" in mark.heard
    boss.forges("broadcast.approve:1:99")
    boss.forges(f"broadcast.approve:1:{newest(boss).revision}")
    assert stands(boss, 1) == "waiting", "nobody approves their own"
    mark.taps("broadcast.open")
    approve = f"broadcast.approve:1:{newest(boss).revision}"
    assert "11" in mark.heard
    mark.forges(approve)
    assert "请先看过" in mark.heard
    looked(mark, 1)
    mark.forges(approve)
    assert stands(boss, 1) == "approved"
    assert "approved" in boss.heard
    mark.forges(approve)
    assert "过期" in mark.heard
    tick(chain)
    rows = chain.town.look(lambda s: s.scalars(select(Outbound.state)).all())
    assert sorted(rows) == ["queued"] * 6 + ["skipped"] * 6
    screens = chain.town.look(lambda s: s.scalars(select(Screen.chat_id)).all())
    assert sorted(screens) == [boss.user_id, mark.user_id]


def test_pause_resume_and_stop_by_buttons(chain: Chain) -> None:
    boss, mark = chain.hire("headquarters"), chain.hire("marketing", name="Mei")
    number = approved(chain, boss, mark)
    mark.forges(f"broadcast.open:{number}")
    assert "Sent 0 of 11" in mark.heard
    mark.taps("⏸ Pause")
    assert "paused (by hand)" in mark.heard
    boss.forges(f"broadcast.pause:{number}")
    assert "paused (by hand)" in boss.heard
    mark.taps("▶️ Resume")
    assert stands(mark, number) == "running"
    mark.forges(f"broadcast.stop:{number}")
    mark.taps("‹ Let it run")
    mark.taps("⏹ Stop")
    mark.taps("Stop it for good")
    assert stands(mark, number) == "stopped"
    tick(chain)
    mark.forges(f"broadcast.open:{number}")
    assert "11 not sent: stopped by hand" in mark.heard
    mark.forges(f"broadcast.resume:{number}")
    assert stands(mark, number) == "stopped"
    mark.taps("📈 Did it work?")
    brought(mark)
    assert "Nothing to compare with" in mark.heard


def approved(chain: Chain, boss: Chat, mark: Chat) -> int:
    found = drafted(boss)
    looked(boss, found.id)
    boss.forges(f"broadcast.ask:{found.id}:{found.revision}")
    looked(mark, found.id)
    mark.forges(f"broadcast.approve:{found.id}:{found.revision}")
    tick(chain)
    assert stands(boss, found.id) == "running"
    return found.id


def test_a_large_one_needs_two(chain: Chain) -> None:
    boss, one, two = (chain.hire(role, name=role) for role in ("headquarters", "marketing", "admin"))
    chain.town.house = replace(chain.town.house, broadcast_two=8)
    found = drafted(boss)
    looked(boss, found.id)
    boss.forges(f"broadcast.ask:{found.id}:{found.revision}")
    for approver, then in ((one, "waiting"), (one, "waiting"), (two, "approved")):
        looked(approver, found.id)
        approver.forges(f"broadcast.approve:{found.id}:{found.revision}")
        assert stands(boss, found.id) == then


def test_a_manager_sends_to_few_of_their_own_alone(chain: Chain) -> None:
    manager = chain.hire("manager", chain.south)
    found = drafted(manager, "show:list")
    assert "Send to 3 people" in manager.buttons
    looked(manager, found.id)
    manager.forges(f"broadcast.ask:{found.id}:{found.revision}")
    assert stands(manager, found.id) == "approved"
    tick(chain)
    whose = chain.town.look(lambda s: s.scalars(
        select(Customer.name).join(Outbound, Outbound.customer_id == Customer.id)
    ).all())  # fmt: skip
    assert sorted(whose) == ["Canary 12", "Canary 13", "Canary 14"]


def test_a_manager_sees_no_other_s_broadcast_and_no_other_s_customer(chain: Chain) -> None:
    boss, manager = chain.hire("headquarters"), chain.hire("manager", chain.north, name="Ming")
    theirs = drafted(boss, "show:list")
    for verb in ("open", "check", "sample", "test", "drop", "pause", "resume", "stop", "stopped"):
        manager.forges(f"broadcast.{verb}:{theirs.id}")
        assert "out of date" in manager.heard, verb
    for verb in ("ask", "refuse"):
        manager.forges(f"broadcast.{verb}:{theirs.id}:{theirs.revision}")
        assert "out of date" in manager.heard, verb
    manager.forges(f"broadcast.edit:{theirs.id}:audience")
    assert "out of date" in manager.heard
    manager.forges(f"broadcast.approve:{theirs.id}:{theirs.revision}")
    assert manager.said[0]["template"] == "replies/not_for_you"
    manager.forges("campaigns.results:b1")
    assert "out of date" in manager.heard
    mine = drafted(manager, "show:list")
    assert "12 people" in manager.heard
    manager.says("/campaigns")
    brought(manager)
    assert "Win-back" not in manager.heard
    assert f"#{mine.id}" in manager.heard
    assert f"#{theirs.id} " not in manager.heard
    manager.forges(f"broadcast.sample:{mine.id}")
    assert "Canary" not in manager.heard


def test_a_manager_who_moved_loses_the_draft(chain: Chain) -> None:
    manager = chain.hire("manager", chain.south)
    found = drafted(manager, "show:list")
    with chain.town.database.write() as session:
        session.execute(update(Broadcast).values(stations=[chain.north.id, chain.south.id]))
    manager.forges(f"broadcast.sample:{found.id}")
    assert "out of date" in manager.heard


def test_a_changed_draft_makes_what_was_seen_void(chain: Chain) -> None:
    boss, mark = chain.hire("headquarters"), chain.hire("marketing", name="Mei")
    found = drafted(boss)
    looked(boss, found.id)
    boss.forges(f"broadcast.ask:{found.id}:{found.revision}")
    looked(mark, found.id)
    mark.forges(f"broadcast.refuse:{found.id}:{found.revision}")
    assert "sent back by Mei" in boss.heard
    boss.forges(f"broadcast.edit:{found.id}:words:en")
    boss.says("Something else entirely")
    mark.forges(f"broadcast.approve:{found.id}:{found.revision}")
    assert stands(boss, found.id) == "draft"
    boss.forges(f"broadcast.ask:{found.id}:{found.revision}")
    assert stands(boss, found.id) == "draft"


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


def test_render_of_the_progress_in_every_state() -> None:
    facts: dict[str, Any] = {
        "id": 3, "name": "Wash", "people": 20, "done": 6, "of": 15, "later": 2, "zone": "Asia/Shanghai",
        "states": {"sent": 3, "blocked": 1, "failed": 1, "unknown": 1, "queued": 9, "skipped": 5},
        "skipped": {"no_consent": 5}, "next_at": NOON.isoformat(), "rate": 29.7, "seconds": 300,
        "expires": NOON.isoformat(), "stands": "running", "why": None,
    }  # fmt: skip
    english = render("replies/broadcast_live", "en", facts)
    assert "Sent 3 of 15 (40%)" in english
    assert "29.7 a second, about 5 minutes left" in english
    assert "2 later, from 15 Jun, 12:00" in english
    paused = render("replies/broadcast_live", "zh", facts | {"stands": "paused", "why": "errors"})
    assert "连续出错，自动暂停" in paused


def test_the_drafter_leaves_before_it_is_asked(chain: Chain) -> None:
    boss = chain.hire("headquarters")
    found = drafted(boss)
    with chain.town.database.write() as session:
        session.execute(update(Staff).where(Staff.telegram_id == boss.user_id).values(active=False))
    boss.forges(f"broadcast.ask:{found.id}:{found.revision}")
    assert boss.said[0]["template"] == "replies/not_for_you"


def test_invented_buttons_move_nothing(chain: Chain) -> None:
    """Seeded, so that a failure can be played again. The manager's own, another's, numbers of no one."""
    boss = chain.hire("headquarters")
    theirs = drafted(boss)
    looked(boss, theirs.id)
    boss.forges(f"broadcast.ask:{theirs.id}:{theirs.revision}")
    before = columns(newest(boss))
    own = {"manager": (chain.north,), "attendant": (chain.north,), "service": ()}
    strangers = [chain.hire(role, *places, name=role) for role, places in own.items()]
    names = {getattr(route.on, "name", "") for route in ROUTES} - {"broadcast.new"}
    taps = sorted(name for name in names if name.startswith(("broadcast.", "campaigns.", "words.")))
    numbers = ("", "0", "1", str(theirs.revision), "-1", "9" * 19, "9" * 25, "x")
    codes = ("off", "on", "vip", "win_back", "audience", "words", "zh", "en", "none", "all", "lasts6", "b1")
    parts = (*numbers, *codes, "dormant", "numbers")
    chance = random.Random(11)
    for _ in range(250):
        data = ":".join([chance.choice(taps), *(chance.choice(parts) for _ in range(chance.randrange(4)))])
        chance.choice(strangers).forges(data[:64])
    assert columns(newest(boss)) == before
    assert chain.town.look(lambda s: s.scalars(select(Outbound.id)).all()) == []
    assert chain.town.look(lambda s: s.scalars(select(Switch.campaign)).all()) == []
    assert chain.town.look(lambda s: s.scalars(select(Copy.campaign)).all()) == ["b1"]
    assert set(chain.town.look(lambda s: s.scalars(select(Look.telegram_id)).all())) == {boss.user_id}


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


def columns(found: Broadcast) -> dict[str, Any]:
    return {column.name: getattr(found, column.name) for column in Broadcast.__table__.columns}


def test_one_that_is_over_begins_another(chain: Chain) -> None:
    boss, mark = chain.hire("headquarters"), chain.hire("marketing", name="Mei")
    number = approved(chain, boss, mark)
    boss.forges(f"broadcast.stopped:{number}")
    tick(chain)
    mark.forges(f"broadcast.open:{number}")
    mark.taps("📄 Write it again")
    first, second = boss.town.look(lambda s: s.get_one(Broadcast, number)), newest(mark)
    assert (second.stands, second.drafted_by, second.approved_at) == ("draft", mark.user_id, None)
    assert (second.audience, second.name) == (first.audience, first.name)
    assert mark.town.look(lambda s: words_of(s, second)) == mark.town.look(lambda s: words_of(s, first))
    assert "11 of whom can be sent offers" in mark.heard
    mark.forges(f"broadcast.ask:{second.id}:{second.revision}")
    assert stands(mark, second.id) == "draft"  # it has to be looked at anew


def test_nobody_begins_from_what_they_may_not_see(chain: Chain) -> None:
    boss, north = chain.hire("headquarters"), chain.hire("manager", chain.north)
    found = drafted(boss)
    north.forges(f"broadcast.again:{found.id}")
    north.forges("broadcast.again:99999")
    assert newest(boss).id == found.id


def test_an_audience_of_nobody_has_no_button_to_send_it(chain: Chain) -> None:  # bad input 47
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


def test_an_hour_that_the_clocks_have_twice_is_said_in_utc_too(chain: Chain) -> None:  # bad input 49
    town = chain.town
    town.house = replace(town.house, timezone="Europe/Berlin")
    boss = chain.hire("headquarters")
    found = drafted(boss)
    boss.forges(f"broadcast.edit:{found.id}:when")
    assert "25 Oct, 02:30 (25 Oct, 00:30 UTC)" in boss.says("2026-10-25 2:30")
    boss.forges(f"broadcast.edit:{found.id}:when")
    assert "UTC" not in boss.says("2026-10-20 2:30")


def test_a_manager_of_no_station_reaches_nobody(chain: Chain) -> None:  # bad input 76
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
