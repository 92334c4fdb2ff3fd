"""/campaigns: switches, verdicts, words and what nobody knows, for those who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.audit import Audit
from crm.copies import Copy
from crm.outbox import Outbound
from handlers.pictures import PICTURES
from outreach import campaigns as campaign_file
from outreach import outbox
from outreach.round import in_force
from tests.conftest import NOON
from tests.handlers.broadcasts import brought
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat
from tests.outreach.people import customer, queued, visit

CONTACT = campaign_file.shipped().contact


def compared(chain: Chain, treated: int, came: int, held: int, held_came: int) -> None:
    """Both arms of the win-back, their windows over."""
    then = NOON - timedelta(days=60)
    with chain.town.database.write() as session:
        for n in range(treated + held):
            arm, place = ("treated", n) if n < treated else ("holdout", n - treated)
            who = customer(session, n)
            state = {"state": "sent", "claimed_at": then} if arm == "treated" else {
                "state": "skipped", "reason": "holdout"
            }  # fmt: skip
            queued(session, who, n, arm=arm, planned_at=then, **state)
            if place < (came if arm == "treated" else held_came):
                visit(session, who, then + timedelta(days=3))


def listed(chat: Chat) -> str:
    chat.says("/campaigns")
    brought(chat)
    return chat.heard


def test_the_verdict_comes_first_and_the_interval_on_request(chain: Chain) -> None:
    compared(chain, 200, 120, 60, 12)
    boss = chain.hire("headquarters")
    assert "It works" in listed(boss)
    boss.taps("campaigns.open:win_back")
    brought(boss)
    assert boss.heard.index("It works") < boss.heard.index("occasions")
    boss.taps("📈 Did it work?")
    found = brought(boss)
    assert "It works</b>: 40 more of every 100" in boss.heard
    assert "95 %" not in boss.heard
    assert found.reply.picture is not None
    for locale in ("zh", "en"):
        assert PICTURES["lift"](found.reply.picture.facts, locale).startswith(b"\x89PNG")
    boss.taps("The numbers")
    brought(boss)
    assert "95 % between" in boss.heard


def test_a_holdout_too_small_says_so(chain: Chain) -> None:
    compared(chain, 20, 6, 4, 1)
    boss = chain.hire("marketing", language="zh")
    assert "为时尚早" in listed(boss)
    assert "大约还需要" in boss.heard


def test_off_means_that_nothing_is_claimed(chain: Chain) -> None:
    with chain.town.database.write() as session:
        queued(session, customer(session, 1), 1)
    boss = chain.hire("marketing")
    assert "Win-back</b> · on" in listed(boss)
    boss.taps("campaigns.open:win_back")
    brought(boss)
    boss.taps("⏸ Switch off")
    assert "is off" in boss.heard
    assert claim(chain) == 0
    assert "win_back" in in_force(chain.town.database).off
    assert "Win-back</b> · off" in listed(boss)
    boss.forges("campaigns.switch:win_back:on")
    boss.forges("campaigns.switch:win_back:on")
    assert len(chain.audit("switch_on")) == 1
    assert claim(chain) == 1


def claim(chain: Chain) -> int:
    with chain.town.database.write() as session:
        return len(outbox.claim(session, owner="a", limit=9, caps=CONTACT.caps, now=NOON))


def test_one_that_the_file_switches_off_can_be_switched_on() -> None:
    text = campaign_file.FILE.read_text("utf-8").replace("[campaigns.vip]\n", "[campaigns.vip]\non = false\n")
    found = campaign_file.read(text)
    assert found.off == ("vip", "reminder")
    assert "vip" in found.switched({"vip": True}).names
    assert found.switched({"win_back": False}).off == ("win_back", "vip", "reminder")


def test_words_are_tried_kept_and_dropped(chain: Chain) -> None:
    boss = chain.hire("marketing")
    boss.forges("campaigns.words:win_back")
    assert "Some read words of their own" in boss.heard
    assert "taxi or ride-hailing, heavy vehicle" in boss.heard
    boss.taps("words.open:win_back:dormant:en")
    assert "have missed you" in boss.heard
    assert "is not closed" in boss.says("<b>We miss you")
    boss.sends_voice()
    assert "Please send text" in boss.heard
    assert "version 1" in boss.says("We miss you.{% if coupon_code %} {{ coupon_code }}{% endif %}")
    boss.taps("✉️ Test to me")
    assert "We miss you. XXXXXXXXXX" in boss.heard
    boss.forges("words.open:win_back:dormant:en")
    assert "were edited" in boss.heard
    boss.taps("Back to shipped words")
    bodies = chain.town.look(lambda s: s.scalars(select(Copy.body).order_by(Copy.id)).all())
    assert bodies[1] is None
    assert [row.detail for row in chain.audit("words")] == ["win_back:dormant:en 1", "win_back:dormant:en 2"]


def test_somebody_decides_what_nobody_knows(chain: Chain) -> None:
    with chain.town.database.write() as session:
        for n in (1, 2, 3):
            queued(session, customer(session, n), n, state="unknown", claimed_at=NOON - timedelta(days=8))
    boss = chain.hire("headquarters")
    assert "3 may have arrived" in listed(boss)
    boss.taps("❓ 3 to decide")
    assert "Driver 2 · M2" in boss.heard
    boss.taps("Leave · M1")
    assert "Left as it is" in boss.heard
    boss.taps("Send again · M2")
    assert "Back in the queue" in boss.heard
    for data in ("campaigns.again:1", "campaigns.leave:2", "campaigns.again:99", "campaigns.again:x"):
        boss.forges(data)
        assert "decided that already" in boss.heard, data
    assert claim(chain) == 1
    rows = chain.town.look(
        lambda s: s.execute(select(Outbound.state, Outbound.reason).order_by(Outbound.id)).all()
    )
    assert [tuple(row) for row in rows] == [("unknown", "left"), ("sending", None), ("unknown", None)]
    told = chain.town.look(
        lambda s: s.scalars(select(Audit).where(Audit.action.startswith("unknown_")).order_by(Audit.id)).all()
    )
    assert [(row.action, row.customer_id) for row in told] == [("unknown_leave", 1), ("unknown_resend", 2)]


def test_what_is_sent_again_waits_for_the_morning(chain: Chain) -> None:
    with chain.town.database.write() as session:
        queued(session, customer(session, 1), 1, state="unknown", claimed_at=NOON)
    chain.town.passes(hours=11)
    chain.hire("headquarters").forges("campaigns.again:1")
    (row,) = chain.town.look(lambda s: s.scalars(select(Outbound)).all())
    assert (row.reason, row.not_before) == ("quiet_hours", NOON + timedelta(hours=21))


@pytest.mark.parametrize(
    "data",
    [
        "campaigns.open:nothing", "campaigns.switch:vip", "campaigns.switch:vip:maybe", "campaigns.results:",
        "campaigns.switch:b1:off", "words.open:vip:became", "words.open:vip:nothing:en", "words.try:a:b:c",
        "words.drop:vip:became:fr", "campaigns.words:x", "campaigns.results:nothing",
    ],
)  # fmt: skip
def test_invented_buttons(chain: Chain, data: str) -> None:
    boss = chain.hire("headquarters")
    boss.forges(data)
    assert "out of date" in boss.heard


def test_a_manager_switches_nothing(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    for data in (
        "campaigns.switch:vip:off",
        "campaigns.open:vip",
        "campaigns.unknown",
        "words.drop:vip:became:en",
    ):
        manager.forges(data)
        assert manager.said[0]["template"] == "replies/not_for_you"
    manager.forges("campaigns.results:win_back")
    assert "out of date" in manager.heard
