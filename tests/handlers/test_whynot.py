"""Staff ask in chat why somebody hears of a campaign, within their own stations."""

from __future__ import annotations

import pytest

from tests.handlers.chain import Chain

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    for name, member, place, consent in (
        ("Zhang Wei", "71", chain.north, False),
        ("Li Na", "72", chain.south, True),
    ):
        chat = chain.town.person(name, "zh")
        number = chain.customer(name, place, chat=chat, member=member, marketing_consent=consent)
        chain.visits(number, place, *range(80, 330, 10))
    chain.segment()
    return chain


def test_the_reason_in_words(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    for wanted in ("71 win_back", "zhang wei Win-back", "71 客户召回"):
        manager.says(f"/whynot {wanted}")
        assert "without consent" in manager.heard, wanted
        assert "away for long" in manager.heard
    manager.says("/whynot 71 vip")
    assert "Not due now" in manager.heard
    assert len(chain.audit("look_up")) == 4


def test_the_campaign_by_button(chain: Chain) -> None:
    marketing = chain.hire("marketing", language="zh")
    marketing.says("/whynot 72")
    marketing.taps("客户召回")
    assert "✅" in marketing.heard


def test_someone_else_s_customer_is_nobody(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    nobody = manager.says("/whynot nosuchperson win_back")
    assert manager.says("/whynot 72 win_back") == nobody
    assert manager.forges("whynot.ask:2:win_back") == nobody
    assert chain.audit("look_up") == []


@pytest.mark.parametrize("data", ["whynot.ask", "whynot.ask:1", "whynot.ask:1:nothing", "whynot.ask:x:vip"])
def test_forged_buttons_and_nothing_at_all(chain: Chain, data: str) -> None:
    manager = chain.hire("manager", chain.north)
    which = manager.says("/whynot")
    assert manager.forges(data) == which
    assert manager.says("/whynot " + "z" * 500) == which


def test_a_campaign_that_somebody_switched_off(chain: Chain) -> None:
    marketing = chain.hire("marketing")
    marketing.forges("campaigns.switch:win_back:off")
    assert "off" in marketing.says("/whynot 72 win_back")
    assert "✅" not in marketing.heard
