"""The call list: whom the bot cannot reach, as a file that runs nothing, one audit row each."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from handlers.documents import DOCUMENTS
from tests.handlers.chain import Chain, build
from tests.handlers.chat import Chat, Town

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    agreed = {"service_consent": True, "marketing_consent": True}
    people: tuple[tuple[str, dict[str, Any]], ...] = (
        ("=cmd|'/c calc'!A1", {}),
        ("Blocked", {"chat": chain.town.person("Blocked", "en"), "reachable": False, **agreed}),
        ("Stopped", {"chat": chain.town.person("Stopped", "en"), "service_consent": True}),
        ("Reached", {"chat": chain.town.person("Reached", "en"), **agreed}),
    )
    for place, (name, more) in enumerate(people):
        number = chain.customer(name, chain.north, member=f"7{place}", phone=f"+861380013800{place}", **more)
        chain.visits(number, chain.north, *range(80, 330, 10), amount=10_000 * (place + 1))
    steady = chain.customer("Steady", chain.north, member="75")
    chain.visits(steady, chain.north, *range(2, 330, 10))
    foreign = chain.customer("Canary", chain.south, member="666", phone="+8613900000666")
    chain.visits(foreign, chain.south, *range(80, 330, 10))
    chain.segment()
    return chain


def sheet(chat: Chat) -> list[list[Any]]:
    made = chat.said[-1]["document"]
    file = DOCUMENTS[made["maker"]](made["facts"], chat.said[-1]["locale"])
    found = openpyxl.load_workbook(io.BytesIO(file.content)).active
    assert found is not None
    assert {cell.data_type for row in found.iter_rows() for cell in row} <= {"s", "n", "d"}  # no formula
    return [list(row) for row in found.iter_rows(values_only=True)]


def test_it_holds_who_stays_away_unreached_with_the_reason(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("/tasks")
    manager.taps("📄 Call list")
    assert "cannot write to them: 3." in manager.heard
    head, *rows = sheet(manager)
    assert head[:4] == ["Number", "Name", "Phone", "The bot cannot write"]
    assert [(row[1], row[2], row[3]) for row in rows] == [
        ("Stopped", "+8613800138002", "wants no offers"),
        ("Blocked", "+8613800138001", "blocked the bot"),
        ("=cmd|'/c calc'!A1", "+8613800138000", "not in chat"),
    ]
    assert rows[0][4:8][0::2] == ["Dormant", 80]
    exported = chain.audit("export")
    assert sorted((row.customer_id, row.detail) for row in exported) == [
        (1, "calls"),
        (2, "calls"),
        (3, "calls"),
    ]


def test_follow_ups_come_first_with_what_they_are_about(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.forges("task.add:5")
    manager.says("+tell him of the new pump")
    manager.taps("task.in:0")
    manager.forges("task.calls")
    head, first, *_ = sheet(manager)
    told = dict(zip(head, first, strict=True))
    assert (told["Name"], told["What about"]) == ("Steady", "+tell him of the new pump")
    assert str(told["By"])[:10] == "2026-06-15"


@pytest.mark.parametrize(("role", "shown"), [("marketing", False), ("service", True), ("headquarters", True)])
def test_phones_are_for_those_who_may_see_them(chain: Chain, role: str, shown: bool) -> None:
    chat = chain.hire(role, language="zh")
    chat.forges("task.calls")
    head, *rows = sheet(chat)
    assert ("电话" in head) == shown
    assert ("13900000666" in str(chat.said)) == shown
    assert len(rows) == 4  # the whole chain


def test_nobody_to_call_is_a_sentence(town: Town) -> None:
    manager = build(town).hire("manager")
    manager.forges("task.calls")
    assert "Nobody needs a call" in manager.heard
    assert manager.said[0]["document"] is None
