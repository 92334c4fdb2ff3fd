"""Staff write to one customer: confirmed, once, and only where consent and the clock allow it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.customers import Customer
from crm.outbox import Outbound
from tests.conftest import NOON
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat


@pytest.fixture
def wei(chain: Chain) -> int:
    who = chain.town.person("Wei", "en")
    return chain.customer("Wei", chain.north, chat=who, member="77", service_consent=True)


def ledger(chain: Chain) -> list[Outbound]:
    return chain.town.look(lambda s: list(s.scalars(select(Outbound).order_by(Outbound.id))))


def test_a_message_is_shown_confirmed_and_stands_in_the_ledger_once(
    chain: Chain, manager: Chat, wei: int
) -> None:
    manager.says("/customer 77")
    manager.taps("✉️ Message")
    assert "no offers" in manager.heard
    manager.says("draft")
    sure = manager.says("Your <rim> is fixed")
    assert "now:" in sure
    assert "A word from <b>North Gate</b>" in sure
    assert "Your &lt;rim&gt; is fixed" in sure
    assert ledger(chain) == []
    send = manager.buttons["✓ Send"]
    manager.taps("✓ Send")
    assert "On its way" in manager.heard
    manager.forges(send)
    assert manager.toast == "This button is too old"
    (row,) = ledger(chain)
    assert (row.campaign, row.kind, row.state, row.customer_id) == ("personal", "service", "queued", wei)
    said = {"text": "Your <rim> is fixed", "station": "North Gate", "by": "Ming"}
    assert row.facts == {**said, "zone": "Asia/Shanghai"}
    assert row.not_before == NOON
    assert [one.customer_id for one in chain.audit("message")] == [wei]
    manager.taps("‹ Card")
    assert "Message from staff: <b>waits</b>" in manager.taps("Messages")


def test_the_button_of_an_older_text_sends_nothing(chain: Chain, manager: Chat, wei: int) -> None:
    manager.forges(f"write.to:{wei}")
    manager.says("first")
    old = manager.buttons["✓ Send"]
    manager.says("second")
    manager.forges(old)
    assert (manager.toast, ledger(chain)) == ("This button is too old", [])
    assert "Not sent" in manager.taps("Don't send")
    for data in (old, "write.send", "write.send:", "write.drop"):
        manager.forges(data)
    assert ledger(chain) == []


def test_at_night_it_says_when_it_goes(chain: Chain, manager: Chat, wei: int) -> None:
    chain.town.passes(hours=11)  # 23:00
    manager.forges(f"write.to:{wei}")
    assert "It is night for them: it goes at 16 Jun, 09:00" in manager.heard
    assert "at 16 Jun, 09:00, when their night is over" in manager.says("Good morning")
    manager.taps("✓ Send")
    (row,) = ledger(chain)
    assert (row.reason, row.not_before) == ("quiet_hours", NOON + timedelta(hours=21))


def test_two_messages_in_a_week_are_enough(chain: Chain, manager: Chat, wei: int) -> None:
    for n in range(2):
        chain.town.keep(
            Outbound(
                campaign="win_back", occurrence=f"lapsing:{n}", customer_id=wei, state="sent",
                kind="marketing", priority=1, template="outreach/welcome", facts={}, planned_at=NOON,
                not_before=NOON, expires_at=NOON, claimed_at=NOON - timedelta(days=3 - n),
            )
        )  # fmt: skip
    manager.forges(f"write.to:{wei}")
    assert "has had two messages this week. From 19 Jun, 12:00 on" in manager.heard
    chain.town.passes(days=3, hours=1)
    manager.forges(f"write.to:{wei}")
    assert "had two messages this week: it goes at 19 Jun, 12:00" in manager.heard


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"service_consent": False}, "has not agreed"),
        ({"reachable": False}, "has blocked the bot"),
        ({"chat_id": None}, "is not in chat"),
    ],
)
def test_who_withdraws_before_the_last_tap_hears_nothing(
    chain: Chain, manager: Chat, wei: int, change: dict[str, object], words: str
) -> None:
    manager.forges(f"write.to:{wei}")
    manager.says("Hello")
    with chain.town.database.write() as session:
        for name, value in change.items():
            setattr(session.get_one(Customer, wei), name, value)
    manager.taps("✓ Send")
    assert words in manager.heard
    assert ledger(chain) == []
    manager.says("/customer 77")
    assert "✉️ Message" not in manager.buttons


def test_too_long_and_no_text_are_asked_for_again(chain: Chain, manager: Chat, wei: int) -> None:
    manager.forges(f"write.to:{wei}")
    assert "600 is the most" in manager.says("x" * 601)
    assert "What would you like to tell" in manager.sends_voice()
    assert "Send it?" in manager.says("x" * 600)
