"""Headquarters read who looked at whom; they stand in it themselves; nobody else may."""

from __future__ import annotations

import pytest

from tests.handlers.chain import Chain
from tests.handlers.chat import Chat


@pytest.fixture
def boss(chain: Chain) -> Chat:
    return chain.hire("headquarters", name="Boss")


def test_each_look_has_its_person_door_and_moment(chain: Chain, boss: Chat) -> None:
    ming = chain.hire("manager", chain.north, name="<Ming>")
    lin = chain.hire("service", name="Lin")
    chain.customer("Wei", chain.north, member="77")
    chain.customer("Zoe", chain.north, member="78")
    ming.says("/customer 77")
    lin.says("/customer 78")
    lin.taps("Why")
    everything = boss.says("/audit")
    assert "15 Jun, 12:00 · &lt;Ming&gt; · looked at (card) · Wei 77" in everything
    assert "Lin · looked at (card, why) · Zoe 78" in everything
    of_lin = boss.says("/audit lin")
    assert "Zoe" in of_lin
    assert "Wei" not in of_lin
    of_wei = boss.says("/audit 77")
    assert "customer Wei" in of_wei
    assert "Lin" not in of_wei
    assert chain.audit("audit")[0].detail == "all"
    assert [row.customer_id for row in chain.audit("audit")] == [None, None, 1]
    assert "Boss · read the audit (everything)" in boss.says("/audit boss")


def test_it_has_pages_and_their_end(chain: Chain, boss: Chat) -> None:
    chain.customer("Wei", chain.north, member="77")
    for _ in range(30):
        boss.forges("customer.open:1")
    boss.says("/audit")
    pages = 1
    while "More ›" in boss.buttons:
        boss.taps("More ›")
        pages += 1
    assert pages == 3
    boss.forges("audit.page:customer:1:999999999")
    assert "page 3" in boss.heard


def test_nonsense_is_answered_in_a_sentence(chain: Chain, boss: Chat) -> None:
    assert "Nobody is called “nosuch”" in boss.says("/audit nosuch")
    for data in ("audit.page", "audit.page:x:1:1", "audit.page:customer:x:1", "audit.page:staff:99:0",
                 "audit.page:customer:99:0"):  # fmt: skip
        boss.forges(data)
        assert boss.heard


@pytest.mark.parametrize("role", ["attendant", "manager", "service", "marketing"])
def test_others_are_refused_and_noted(chain: Chain, role: str) -> None:
    chat = chain.hire(role, chain.north)
    chat.says("/audit")
    assert [part["template"] for part in chat.said] == ["replies/not_for_you"]
    chat.forges("audit.page:all:0:0")
    assert len(chain.audit("refused")) == 2
