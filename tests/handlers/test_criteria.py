"""The thresholds in chat: shown in words, tried on the asker's own customers, changed by headquarters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from crm.criteria_changes import CriteriaChange
from crm.errands import Errand
from crm.segments import CriteriaVersion, CustomerSegment, SegmentChange
from handlers.errands import Brought, Fetching
from handlers.people import known
from handlers.work import WORK
from segmentation.criteria import load
from segmentation.criteria_store import in_force
from segmentation.refresh import refresh
from templates import render
from tests.handlers.chain import TODAY, Chain
from tests.handlers.chat import Chat

pytestmark = pytest.mark.slow

VERSION = load().version
VIPS = "what if VIP needs 6000"


@pytest.fixture
def chain(chain: Chain) -> Chain:
    """Forty at the north, each spending more; twenty with a canary's name at the south, who spend most."""
    chain.crowd(40, "North", chain.north, range(5, 360, 30), amount=3000, more=3000)
    chain.crowd(20, "Southcanary", chain.south, range(5, 360, 30), first="2", amount=270_000)
    chain.segment()
    return chain


def brought(chain: Chain, chat: Chat) -> str:
    """What the last errand brings, in words; its button is then on the screen."""
    town = chain.town
    errand: Errand = chain._all(select(Errand).order_by(Errand.id))[-1]
    with town.database.read() as session:
        who = known(session, errand.user_id, errand.chat_id, town.house)
    found: Brought = WORK[errand.kind].fetch(
        Fetching(town.database, who, town.house, town.now, errand.facts, lambda _done: None)
    )
    chat.buttons = {each.label: each.data for row in found.reply.buttons for each in row}
    assert len(found.customers) == len(set(found.customers))
    return render(found.reply.template, who.locale, found.reply.facts)


def kept(chain: Chain) -> dict[int, str]:
    return {row.customer_id: row.segment for row in chain._all(select(CustomerSegment))}


def rows(chain: Chain) -> list[CriteriaChange]:
    return chain._all(select(CriteriaChange).order_by(CriteriaChange.id))


@pytest.mark.parametrize(("language", "words"), [("en", "top 20 % by spend"), ("zh", "排在前 20%")])
def test_the_thresholds_in_words(chain: Chain, language: str, words: str) -> None:
    manager = chain.hire("manager", chain.north, language=language)
    heard = manager.says("/criteria")
    assert words in heard
    assert VERSION in heard
    assert "¥29,700.00" in heard, "the cut-off that is in force"
    assert manager.buttons == {}


def test_who_would_move_is_told_of_ones_own_alone(chain: Chain) -> None:
    before = kept(chain)
    manager = chain.hire("manager", chain.north)
    assert "Working it out" in manager.says(VIPS)
    heard = brought(chain, manager)
    assert "High value from: by share → <b>CN¥6,000</b>" in heard
    assert "of your 40 customers" in heard
    assert "VIPs: 0 → <b>24</b>" in heard
    assert "Regular → VIP: <b>24</b> (North 39, North 38, North 37 …)" in heard
    assert "canary" not in heard
    assert manager.buttons == {}, "a manager changes nothing"
    assert kept(chain) == before
    assert rows(chain) == []
    assert [change.after for change in chain._all(select(SegmentChange)) if change.before] == []


def test_in_chinese(chain: Chain) -> None:
    manager = chain.hire("manager", chain.south, language="zh")
    for text in ("如果VIP要6000呢", "如果VIP门槛改成6000"):
        manager.says(text)
        assert "您的 20 位客户中，<b>0</b> 位的分群会变" in brought(chain, manager)


def test_headquarters_changes_it_from_the_next_night(chain: Chain) -> None:
    boss = chain.hire("headquarters")
    boss.says(VIPS)
    assert "VIPs: 20 → <b>44</b>" in brought(chain, boss)
    asks = boss.taps("criteria.set")
    assert "Change this for the whole chain, from 16 Jun, 03:30?" in asks
    assert rows(chain) == []
    confirm = boss.buttons["Yes, change it"]
    assert f"as version {VERSION}.1" in boss.taps("Yes, change it")
    (row,) = rows(chain)
    assert row.changes == {"value.high_spend": [None, 6000.0]}
    assert row.effective_at == datetime(2026, 6, 15, 19, 30, tzinfo=UTC)
    assert [one.detail for one in chain.audit("criteria")] == ["value.high_spend None -> 6000.0"]
    boss.forges(confirm)
    assert boss.toast == "It is so already"
    assert len(rows(chain)) == 1
    assert "From 16 Jun, 03:30" in boss.says("/criteria")
    assert "at least CN¥6,000" not in boss.heard

    file = chain.town.house.criteria_file
    with chain.town.database.read() as session:
        assert in_force(session, file, chain.town.now).version == VERSION
        later = in_force(session, file, row.effective_at)
    assert later.value.high_spend == 6000
    chain.town.now = row.effective_at
    refresh(chain.town.database, as_of=TODAY.replace(day=16), now=row.effective_at, criteria=later)
    assert "44" in str(boss.says("how many VIPs"))
    assert {one.version for one in chain._all(select(CriteriaVersion))} == {VERSION, f"{VERSION}.1"}
    assert "at least CN¥6,000" in boss.says("/criteria")


def test_a_change_goes_on_from_the_one_before(chain: Chain) -> None:
    boss = chain.hire("admin")
    for text in (VIPS, "what if dormant after 60 days", "what if VIP is the top 10%"):
        boss.says(text)
        brought(chain, boss)
        boss.taps("criteria.set")
        boss.taps("Yes, change it")
        with chain.town.database.write() as session:
            for errand in session.scalars(select(Errand)):
                errand.done_at = chain.town.now
    last = rows(chain)[-1]
    assert last.settings == {
        "value.high_spend": None, "value.high_percent": 10, "lifecycle.dormant_least_days": 60,
    }  # fmt: skip
    assert "nobody would move" in boss.says("what if dormant after 60 days")


def test_only_headquarters_and_only_ones_own(chain: Chain) -> None:
    boss = chain.hire("headquarters", name="Boss")
    boss.says(VIPS)
    brought(chain, boss)
    data = boss.buttons["criteria.set"]
    number = data.split(":")[1]
    other = chain.hire("headquarters", name="Other")
    for tap in (data, f"criteria.yes:{number}", "criteria.yes:", "criteria.yes:x", "criteria.set:99"):
        other.forges(tap)
        assert other.toast
        assert other.said == []
    for role in ("manager", "marketing", "service", "attendant"):
        chat = chain.hire(role, chain.north, name=role)
        chat.forges(f"criteria.yes:{number}")
        assert "rights" in chat.heard
    boss.says("list customers")
    question = next(data for data in boss.buttons.values() if data.startswith("ask.do")).split(":")[1]
    boss.forges(f"criteria.yes:{question}")
    assert boss.toast
    assert rows(chain) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("what if VIP needs 0", "High value from must be above 0"),
        ("what if VIP is the top 120%", "High value: the top must be at most 100"),
        ("what if VIP is the top 80%", "Value: the numbers contradict one another"),
        ("what if new is 0 days", "New for must be at least 1"),
        ("what if VIP needs 2.5 visits", "another kind of value is needed"),
        ("what if vip.nonsense=4", "vip.nonsense"),
        ("/criteria blorp 5", "blorp"),
        ("what if lapsing needs 4 days", "I know thresholds of VIP"),
        ("what if <b>VIP</b> needs 6000", "&lt;b&gt;"),
        ("what if VIP needs " + "9" * 300, "too long"),
        ("what if VIP needs " + "9" * 30, "at most 1,000,000,000"),
    ],
)
def test_what_cannot_be_is_named(chain: Chain, text: str, words: str) -> None:
    boss = chain.hire("headquarters")
    assert words in boss.says(text)
    assert chain._all(select(Errand)) == []
    chinese = chain.hire("admin", language="zh")
    assert chinese.says(text)
    assert "contradict" not in chinese.heard


def test_no_may_be_said(chain: Chain) -> None:
    boss = chain.hire("headquarters")
    boss.says(VIPS)
    brought(chain, boss)
    boss.taps("criteria.set")
    assert "stays as it is" in boss.taps("No, leave it")
    assert rows(chain) == []
