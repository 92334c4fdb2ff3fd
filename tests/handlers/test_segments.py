"""Managers ask about segments: counts, lists, pages; only their stations' customers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crm.customers import Customer
from handlers.pictures import PICTURES
from tests.handlers.chain import TODAY, Chain
from tests.handlers.chat import Chat

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    """Thirty regulars at the north, five at the south, one known to both, two who never came."""
    chain.crowd(30, "North", chain.north, range(5, 200, 10), amount=10_000, more=100)
    chain.crowd(5, "Southcanary", chain.south, range(5, 200, 10), first="2")
    both = chain.customer("Both", chain.south)
    chain.visits(both, chain.north, 300)
    chain.visits(both, chain.south, 4)
    chain.customer("Prospect", chain.north)
    chain.customer("Nowhere")
    return chain


def facts_of(chat: Chat) -> dict[str, Any]:
    facts: dict[str, Any] = chat.said[0]["facts"]
    return facts


def test_counts_shares_and_a_picture(chain: Chain) -> None:
    chain.segment()
    manager = chain.hire("manager", chain.north)
    manager.says("/segments")
    facts = facts_of(manager)
    counts = {row["segment"]: row["count"] for row in facts["rows"]}
    assert facts["total"] == sum(counts.values()) == 32
    assert counts["prospect"] == 1
    assert sum(row["share"] for row in facts["rows"]) == pytest.approx(1)
    assert all(row["change"] is None for row in facts["rows"])
    assert manager.said[0]["picture"]["name"] == "segments"
    assert PICTURES["segments"](facts, "zh").startswith(b"\x89PNG")
    assert len(manager.heard) <= 1024
    assert "in brackets" not in manager.heard


def test_changes_since_the_day_before_in_both_languages(chain: Chain) -> None:
    chain.segment(TODAY.replace(day=14))
    number = chain.customer("Newcomer", chain.north)
    chain.visits(number, chain.north, 0)
    for _ in range(3):  # the bot segments every minute
        chain.town.passes(minutes=1)
        chain.segment()
    manager = chain.hire("manager", chain.north, language="zh")
    manager.says("/segments")
    changes = {row["segment"]: row["change"] for row in facts_of(manager)["rows"]}
    assert changes["new"] == 1
    assert "与 2026年6月14日相比" in manager.heard
    assert "新客户：<b>1</b>" in manager.heard
    assert "（+1）" in manager.heard


def test_the_whole_chain_and_nobody(chain: Chain) -> None:
    chain.segment()
    for role, total in (("headquarters", 38), ("marketing", 38), ("service", 38), ("admin", 38)):
        chat = chain.hire(role)
        chat.says("/segments")
        assert facts_of(chat)["total"] == total
    nobody = chain.hire("manager")
    nobody.says("/segments")
    assert "no customers of your stations" in nobody.heard
    for ask in ("/segment regular", "/customer North 01", "/customer 100001"):
        nobody.says(ask)
        assert "North 0" not in nobody.heard


def test_before_the_first_run_it_says_so(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("/segments")
    assert "not been computed" in manager.heard
    manager.says("/segment vip")
    assert "Nobody at your stations" in manager.heard


def test_a_list_in_pages_each_row_a_way_to_the_card(chain: Chain) -> None:
    chain.segment()
    manager = chain.hire("manager", chain.north)
    manager.says("/segments")
    tap = next(data for data in manager.buttons.values() if data.startswith("segments.list:vip"))
    seen: list[str] = []
    manager.forges(tap)
    assert manager.said[0]["edits"] is None, "the button stands under a picture, whose text is a caption"
    while True:
        seen += re.findall(r"<b>((?:North|Both|South)[^<]*)</b>", manager.heard)
        forward = manager.buttons.get("More ›")
        if forward is None:
            break
        manager.taps("More ›")
        assert manager.said[0]["edits"]
    assert len(seen) == len(set(seen)) == facts_of(manager)["total"] > 8
    spends = [row["spend"] for row in facts_of(manager)["rows"]]
    assert spends == sorted(spends, reverse=True)
    assert not [name for name in seen if "canary" in name]
    manager.taps("customer.open")
    assert "R " in manager.heard


def test_each_person_on_the_page_is_one_row_of_the_audit(chain: Chain) -> None:
    chain.segment()
    manager = chain.hire("manager", chain.north)
    manager.says("/segment prospect")
    assert [row.detail for row in chain.audit("look_up")] == ["list"]
    manager.taps("customer.open")
    assert [row.detail for row in chain.audit("look_up")] == ["list", "card"]
    assert {row.actor for row in chain.audit("look_up")} == {manager.user_id}


FORGED = """
segments.list segments.list:vip segments.list:vip:-3 segments.list:vip:99999999999999999999
segments.page:vip:x segments.page:vip:4000000000 segments.list:nosuch:0 segments.list:vip:0:1:2
customer.open customer.open:0 customer.open:-1 customer.open:x customer.open:9223372036854775808
"""


@pytest.mark.parametrize("data", FORGED.split())
def test_forged_buttons_do_no_harm(chain: Chain, data: str) -> None:
    chain.segment()
    manager = chain.hire("manager", chain.north)
    manager.forges(data)
    assert manager.heard
    assert "canary" not in manager.heard


def test_a_list_that_shrank_while_paging_shows_its_last_page(chain: Chain) -> None:
    chain.segment()
    manager = chain.hire("manager", chain.north)
    manager.says("/segment vip")
    forward = manager.buttons["More ›"]
    with chain.town.database.write() as session:
        for customer in session.query(Customer).where(Customer.name.like("North 0%")):
            customer.merged_into = 1
        for customer in session.query(Customer).where(Customer.name.like("North 2%")):
            customer.home_station_id = chain.south.id
    manager.forges(forward.replace(":1", ":3"))
    assert "page" in manager.heard or facts_of(manager)["pages"] == 1


@pytest.mark.parametrize("typed", ["vip", "VIP客户", "贵宾", "ＶＩＰ", "vips", "the vip customers"])
def test_words_of_both_languages(chain: Chain, typed: str) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says(f"/segment {typed}")
    assert manager.said[0]["facts"]["segment"] == "vip"


def test_an_unknown_word_is_named_with_the_nearest_known(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    manager.says("/segment vpi")
    assert manager.heard.startswith("I do not know “vpi”. Did you mean VIP?")
    manager.taps("VIP")
    assert facts_of(manager)["segment"] == "vip"
    for hostile in (
        "<b>",
        "' OR 1=1 --",
        "%",
        "_",
        "x" * 4000,
        "😀" * 2000,
        "{{7*7}}",
        "segment:vip segment:churned",
    ):
        manager.says(f"/segment {hostile}")
        assert "I do not know" in manager.heard
        assert "49" not in manager.heard
    manager.says("/segment")
    assert "Churned" in manager.buttons
