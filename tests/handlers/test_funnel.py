"""/funnel and /cost: the numbers of the asker's stations, the lists behind them, and the costs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from crm.costs import AcquisitionCost
from crm.scans import Scan
from handlers.pictures import PICTURES
from tests.handlers.chain import Chain, build
from tests.handlers.chat import Chat, Town
from tests.handlers.people import driver

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    """Two opened the north's poster, one of them registered and filled up; one the south's."""
    for n, code in enumerate(("N1", "N1", "S1")):
        person = chain.town.person(
            f"Person {n}" if code == "N1" else "Southcanary", "en", phone=f"+861380013000{n}"
        )
        person.says(f"/start st_{code}")
        if n:
            person.taps("register.agree:both")
            person.shares_contact()
    chain.visits(1, chain.north, 0)
    chain.visits(2, chain.south, 0)
    return chain


def source(chat: Chat, name: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = chat.said[0]["facts"]["sources"]
    return next(row for row in rows if row["source"] == name)


def test_a_poster_is_followed_from_the_scan_to_the_fill_up(chain: Chain) -> None:
    chain.segment()
    manager = chain.hire("manager", chain.north)
    manager.says("/funnel")
    row = source(manager, "poster")
    assert [row[step] for step in ("scanned", "registered", "first", "third")] == [2, 1, 1, 0]
    assert "opened 2 → registered <b>1</b> → first fill-up 1 → third 0" in manager.heard
    picture = manager.said[0]["picture"]
    for locale in ("zh", "en"):
        assert PICTURES["funnel"](picture["facts"], locale).startswith(b"\x89PNG")
    manager.taps("Poster: registered 1")
    assert "Person 1" in manager.heard
    manager.forges("funnel.stations:this-month:0")
    assert "North Gate: opened 2" in manager.heard
    assert "South" not in str(manager.said)


def test_the_second_scan_and_a_customers_scan_are_no_news(chain: Chain) -> None:
    town = chain.town
    first = town.people[5_000_000_001]
    first.says("/start st_N1")
    known = driver(town, "Known")
    known.says("/start st_S1")
    colleague = chain.hire("attendant", chain.south)
    colleague.says("/start st_S1")
    assert len(town.look(lambda s: list(s.scalars(select(Scan))))) == 3


def test_headquarters_enters_a_cost_and_sees_it_per_new_customer(chain: Chain) -> None:
    chain.segment()
    boss = chain.hire("headquarters", language="zh")
    boss.says("/cost 海报 2026-06 300.50")
    assert "¥300.50" in boss.heard
    boss.taps("funnel.show")
    assert source(boss, "poster")["cost_each"] == 15025
    assert "每位新客 ¥150.25" in boss.heard
    boss.says("/cost poster 本月 0")
    assert "不再有" in boss.heard
    assert chain.town.look(lambda s: list(s.scalars(select(AcquisitionCost)))) == []


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("/cost", ""),
        ("/cost poster", ""),
        ("/cost tv 2026-06 300", "tv"),
        ("/cost poster someday 300", "someday"),
        ("/cost poster 2026 300", "2026"),
        ("/cost poster 2026-06 lots", "lots"),
        ("/cost poster 2026-06 -5", "-5"),
        ("/cost poster 2026-06 1e9", "1e9"),
        ("/cost poster 2026-06 99999999999999", "99999999999999"),
        ("/cost <b> 2026-06 5", "&lt;b&gt;"),
    ],
)
def test_a_cost_that_cannot_be_is_named(town: Town, typed: str, wrong: str) -> None:
    boss = build(town).hire("headquarters")
    boss.says(typed)
    assert boss.said[0]["template"] == "replies/funnel_cost_how"
    assert wrong in boss.heard
    assert "/cost poster 2026-10 3000" in boss.heard


def test_a_manager_sees_no_cost_and_enters_none(chain: Chain) -> None:
    chain.segment()
    boss = chain.hire("headquarters")
    boss.says("/cost poster this month 300")
    manager = chain.hire("manager", chain.north, name="Ming")
    manager.says("/cost poster this month 300")
    assert manager.said[0]["template"] == "replies/not_for_you"
    manager.says("/funnel this month")
    assert source(manager, "poster")["cost"] is None


def test_any_time_may_be_asked_and_none_that_is_not(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north, language="zh")
    for typed in ("/funnel 上个月", "/funnel 2026-05", "/funnel last 90 days"):
        manager.says(typed)
        assert manager.said[0]["template"] == "replies/funnel"
        assert len(manager.heard) <= 1024
    for typed in ("/funnel vip", "/funnel 2020", "/funnel '"):
        manager.says(typed)
        assert manager.said[0]["template"] == "replies/funnel_when"
    for data in ("funnel.show", "funnel.show:x", "funnel.stations", "funnel.stations:9:9", "funnel.show:::"):
        manager.forges(data)
        assert manager.said[0]["template"] == "replies/funnel_when"
