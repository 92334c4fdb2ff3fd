"""Goals in chat: set by a sentence in either language, counted, listed, given up; nobody else's."""

from __future__ import annotations

from datetime import date

import pytest

from handlers.pictures import PICTURES
from tests.handlers.chain import TODAY, Chain

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    """Three of the north had long been away when June began, two are back; so is one of the south."""
    for n in range(3):
        number = chain.customer(f"North {n}", chain.north, member=f"1{n:05}")
        chain.visits(number, chain.north, *range(90, 200, 7), *((3,) if n else ()))
    number = chain.customer("Southcanary", chain.south)
    chain.visits(number, chain.south, 3, *range(90, 200, 7))
    chain.segment(date(2026, 5, 31))
    chain.segment(TODAY)
    return chain


@pytest.mark.parametrize(
    ("language", "text", "heard"),
    [
        ("en", "bring back 4 dormant this month", "Dormant back: 2 of 4"),
        ("zh", "本月召回4个沉睡客户", "召回沉睡客户：2 位／4 位"),
    ],
)
def test_a_sentence_sets_a_goal_and_the_records_count_it(
    chain: Chain, language: str, text: str, heard: str
) -> None:
    manager = chain.hire("manager", chain.north, language=language)
    manager.says(text)
    assert heard in manager.heard
    assert "▓▓▓▓▓░░░░░ 50%" in manager.heard
    manager.taps("goals.open")
    assert heard in manager.heard
    picture = manager.said[0]["picture"]
    assert PICTURES["goals"](picture["facts"], language).startswith(b"\x89PNG")
    manager.taps("ask.page")
    assert manager.said[0]["facts"]["q"]["total"] == 2
    assert "canary" not in str(manager.said)


def test_headquarters_set_one_for_the_whole_chain(chain: Chain) -> None:
    boss = chain.hire("headquarters")
    boss.says("/goals 2 dormant")
    assert "Dormant back: 3 of 2" in boss.heard
    manager = chain.hire("manager", chain.north, name="Ming")
    manager.says("/goals")
    assert "There is none yet" in manager.heard


def test_an_ended_goal_says_whether_it_was_reached(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("bring back 4 dormant this month")
    manager.says("sell 50 litres this month")
    chain.town.passes(days=20)
    manager.says("/goals")
    assert "Dormant back: 2 of 4" in manager.heard
    assert "Not reached, 1 Jun 2026 to 30 Jun 2026" in manager.heard
    assert "✓ Reached" in manager.heard
    chain.town.passes(days=100)
    manager.says("/goals")
    assert "There is none yet" in manager.heard


def test_who_set_it_gives_it_up_once(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("bring back 4 dormant this month")
    tap = manager.buttons["Give it up"]
    colleague = chain.hire("manager", chain.north, name="Colleague")
    other = chain.hire("manager", chain.south, name="Other")
    for chat in (colleague, other):
        chat.forges(tap)
        assert chat.toast == "This goal is not there any more"
    colleague.says("/goals")
    assert "Dormant back" in colleague.heard
    assert "Give it up" not in colleague.buttons
    manager.forges(tap)
    assert "Given up" in manager.heard
    manager.forges(tap)
    assert manager.toast == "This goal is not there any more"
    manager.says("/goals")
    assert "There is none yet" in manager.heard


def test_what_is_no_goal_is_explained_by_the_command_and_a_question_stays_one(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("/goals <b>zorblax")
    assert "“&lt;b&gt;zorblax”" in manager.heard
    manager.says("dormant customers")
    assert manager.said[0]["template"] == "replies/ask_people"
    manager.says("/goals " + "x" * 4000)
    assert manager.said[0]["template"] == "replies/goal_how"
    nobody = chain.hire("manager", name="New")
    nobody.says("bring back 4 dormant this month")
    assert "not entered at any" in nobody.heard
    for data in ("goals.drop", "goals.drop:x", "goals.drop:99", "goals.drop:99999999999999999999"):
        manager.forges(data)
        assert manager.toast == "This goal is not there any more"
