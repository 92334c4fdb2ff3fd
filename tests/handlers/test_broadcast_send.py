"""A draft looked at, approved by others, sent, paused, stopped; nothing by forged or old buttons."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from crm.broadcasts import Broadcast, Look, Screen
from crm.copies import Copy
from crm.customers import Customer
from crm.outbox import Outbound
from crm.staff import Staff
from crm.switches import Switch
from handlers.routes import ROUTES
from outreach.broadcast import words_of
from templates import render
from tests.conftest import NOON
from tests.handlers.broadcasts import (
    approved,
    brought,
    columns,
    drafted,
    fifteen,
    looked,
    newest,
    stands,
    tick,
)
from tests.handlers.chain import Chain

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    return fifteen(chain)


def test_another_approves_what_they_have_seen(chain: Chain) -> None:
    boss, mark = chain.hire("headquarters", language="en"), chain.hire("marketing", language="zh", name="Mei")
    drafted(boss, "customers at North Gate -segment:churned", offer="10 7 60")
    asked = boss.buttons["Ask for approval · 11 people"]
    boss.forges(asked)
    assert "please look at" in boss.heard
    looked(boss, 1)
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


def test_render_of_the_progress_in_every_state() -> None:
    facts: dict[str, Any] = {
        "id": 3, "name": "Wash", "people": 20, "done": 6, "of": 15, "later": 2, "zone": "Asia/Shanghai",
        "states": {"sent": 3, "blocked": 1, "failed": 1, "unknown": 1, "queued": 9, "skipped": 5},
        "skipped": {"no_consent": 5}, "next_at": NOON.isoformat(), "rate": 29.7, "seconds": 300,
        "expires": NOON.isoformat(), "stands": "running", "why": None, "paid": 25, "stars": 40,
    }  # fmt: skip
    english = render("replies/broadcast_live", "en", facts)
    assert "Sent 3 of 15 (40%)" in english
    assert "29.7 a second, about 5 minutes left" in english
    assert "2 later, from 15 Jun, 12:00" in english
    assert "2.5 Stars of 40 for speed" in english
    paused = render("replies/broadcast_live", "zh", facts | {"stands": "paused", "why": "errors"})
    assert "连续出错，自动暂停" in paused


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


@pytest.mark.parametrize("verb", ["approve", "refuse"])
def test_a_drafter_who_has_left_hears_nothing_of_it(chain: Chain, verb: str) -> None:
    boss, mark = chain.hire("headquarters"), chain.hire("marketing", name="Mei")
    found = drafted(boss)
    looked(boss, found.id)
    boss.forges(f"broadcast.ask:{found.id}:{found.revision}")
    looked(mark, found.id)
    with chain.town.database.write() as session:
        session.execute(update(Staff).where(Staff.telegram_id == boss.user_id).values(active=False))
    mark.forges(f"broadcast.{verb}:{found.id}:{found.revision}")
    assert stands(mark, found.id) == {"approve": "approved", "refuse": "draft"}[verb]
    assert boss.said == []
    screens = chain.town.look(lambda s: s.scalars(select(Screen.chat_id)).all())
    assert boss.user_id not in screens
