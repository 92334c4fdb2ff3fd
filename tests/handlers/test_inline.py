"""`@bot zhang` in any chat: the staff's own customers, few words, and nothing for anybody else."""

from __future__ import annotations

import pytest

from tests.handlers.chain import Chain

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    zhang = chain.customer("张伟", chain.north, member="100001", phone="+8613900000001")
    chain.vehicle(zhang, "沪A12345")
    chain.visits(zhang, chain.north, 4, 14, 24)
    chain.customer("<b>Zhang</b> & 'Li'", chain.north, member="100002")
    chain.customer("Zhang Canary", chain.south, member="200001", phone="+8613900000002")
    for n in range(12):
        chain.customer(f"Many {n}", chain.north, member=f"3{n:05}")
    chain.segment()
    return chain


def test_a_customer_by_name_pinyin_number_and_plate(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    for words in ("张伟", "zhangwei", "100001", "沪A12345", "13900000001"):
        (found,) = manager.looks_for(words)
        assert found.startswith("张伟 | 100001 · New"), words
        assert "last visit 4 days ago" in found
        for secret in ("139", "12345", "¥", "North Gate"):
            assert secret not in found
    assert "4 天前来过" in chain.hire("service", language="zh").looks_for("张伟")[0]


def test_each_person_shown_is_noted(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    assert len(manager.looks_for("many")) == 8
    noted = chain.audit("look_up")
    assert len(noted) == len({row.customer_id for row in noted}) == 8
    assert {(row.actor, row.detail) for row in noted} == {(manager.user_id, "inline")}


def test_only_ones_own_customers(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    for words in ("Zhang Canary", "canary", "200001", "13900000002"):
        assert manager.looks_for(words) == [], words
    assert len(chain.hire("headquarters").looks_for("zhang")) == 2
    assert chain.hire("manager").looks_for("zhang") == [], "a manager without a station sees nobody"


@pytest.mark.parametrize("role", ["anyone", "driver", "attendant"])
def test_others_find_nothing_and_hear_nothing(chain: Chain, role: str) -> None:
    chat = chain.town.person("Driver", "en")
    if role == "driver":
        chain.customer("Driver", chain.north, chat=chat)
    elif role == "attendant":
        chat = chain.hire(role, chain.north)
    for words in ("张伟", "zhang", "100001", "/segments", ""):
        assert chat.looks_for(words) == []
        assert chat.said == []
    assert chain.audit("look_up") == chain.audit("refused") == []


@pytest.mark.parametrize(
    "words",
    ["", " ", "z", "\u202e", "%", "_", "x" * 256, "😀" * 64, "how many VIPs", "/start", "' or 1=1 --"],
)
def test_words_that_find_nobody(chain: Chain, words: str) -> None:
    assert chain.hire("admin").looks_for(words) == []


def test_names_are_written_as_they_are(chain: Chain) -> None:
    (found,) = chain.hire("manager", chain.north).looks_for("100002")
    title, _, posted = found.split(" | ")
    assert title == "<b>Zhang</b> & 'Li'", "a title has no markup"
    assert "&lt;b&gt;Zhang&lt;/b&gt;" in posted


def test_a_command_after_the_bots_name_is_no_command(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    assert manager.looks_for("/segments") == []
    assert manager.said == []
