"""Follow-ups in the chat: made by hand, listed, closed, put off, handed over, each within the stations."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from bot.config import Settings
from bot.jobs import follow_up
from crm.tasks import Task
from tests.conftest import NOON
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat

pytestmark = pytest.mark.slow


@pytest.fixture
def wei(chain: Chain) -> int:
    return chain.customer("Wei", chain.north, member="77", phone="+8613800138000")


def tasks_of(chain: Chain) -> list[Task]:
    return chain.town.look(lambda s: list(s.scalars(select(Task).order_by(Task.id))))


def make(chat: Chat, customer: int, words: str = "call about the car", days: int = 1) -> None:
    chat.forges(f"task.add:{customer}")
    chat.says(words)
    chat.taps(f"task.in:{days}")


def test_made_listed_closed_and_told_of_on_the_card(chain: Chain, manager: Chat, wei: int) -> None:
    manager.says("/customer 77")
    manager.taps("📌 Follow-up")
    manager.taps("A problem to solve")
    manager.taps("Tomorrow")
    assert manager.toast == "Follow-up kept"
    assert "📞 +8613800138000" in manager.heard
    assert "Ming calls by 16 Jun" in manager.says("/customer 77")
    listed = manager.says("/tasks")
    assert "Your follow-ups</b> · 1" in listed
    assert "A problem to solve · by 16 Jun · Ming" in listed
    manager.taps("Wei")
    close = manager.buttons["Will come"]
    assert "Will come" in manager.taps("Will come")
    assert "Kept" in manager.says("<b>on Friday</b>")
    manager.forges(close)
    assert manager.toast == "Closed already"
    assert "Nobody to call" in manager.says("/tasks")
    manager.says("/customer 77")
    assert "<b>Will come</b>, &lt;b&gt;on Friday&lt;/b&gt;" in manager.taps("Notes")
    (task,) = tasks_of(chain)
    assert (task.outcome, task.said, task.reason) == ("will_come", "<b>on Friday</b>", "problem")
    assert [row.detail for row in chain.audit("task")] == ["made", "will_come"]


def test_overdue_ones_come_first_and_say_so(chain: Chain, manager: Chat, wei: int) -> None:
    other = chain.customer("Zoe", chain.north, member="78")
    make(manager, wei, days=0)
    make(manager, other, days=7)
    chain.town.passes(days=3)
    listed = manager.says("/tasks")
    assert "<b>overdue by 3 days</b>" in listed
    assert listed.index("Wei") < listed.index("Zoe")
    manager.taps("Wei")
    manager.taps("⏰ Later")
    assert "by 21 Jun" in manager.taps("In 3 days")
    assert tasks_of(chain)[0].due == date(2026, 6, 18) + timedelta(days=3)


def test_handed_over_to_a_colleague_of_the_station_who_hears_of_it(
    chain: Chain, manager: Chat, wei: int
) -> None:
    lin = chain.hire("manager", chain.north, name="Lin")
    chain.hire("manager", chain.south, name="Canary")
    chain.hire("attendant", chain.north, name="Pump")
    make(manager, wei)
    manager.taps("🤝 Hand over")
    assert {"Lin · Station manager"} == {name for name in manager.buttons if "·" in name}
    manager.taps("Lin · Station manager")
    assert "Ming hands you a follow-up" in lin.heard
    assert "Wei" in lin.says("/tasks")
    assert "Wei" not in manager.says("/tasks")
    assert "Wei" in manager.taps("Everyone's")
    foreign = chain.staff(lin)
    assert foreign is not None
    manager.forges("task.given:1:99")
    assert "no such follow-up" in manager.heard


def test_one_is_open_for_a_reason_and_no_word_is_lost(chain: Chain, manager: Chat, wei: int) -> None:
    make(manager, wei, "first")
    make(manager, wei, "second")
    assert "join" in manager.toast
    assert "second; first" in manager.heard
    assert len(tasks_of(chain)) == 1


def test_a_button_tapped_twice_or_too_late_makes_nothing(chain: Chain, manager: Chat, wei: int) -> None:
    manager.forges("task.in:1")
    assert manager.toast == "This button is too old"
    manager.forges(f"task.why:{wei}:at_risk_vip")  # makes itself, nobody by hand
    assert "nobody" in manager.heard
    make(manager, wei)
    manager.forges("task.in:1")
    manager.forges("task.in:5")
    assert len(tasks_of(chain)) == 1


def test_of_another_stations_customer_there_is_no_task(chain: Chain, manager: Chat) -> None:
    foreign = chain.customer("Canary", chain.south, member="666", phone="+8613900000666")
    lin = chain.hire("manager", chain.south, name="Lin")
    make(lin, foreign)
    chain.town.passes(days=9)
    for data in ("task.open:1", "task.done:1:reached", "task.later:1", "task.until:1:1", "task.give:1",
                 "task.given:1:1"):  # fmt: skip
        manager.forges(data)
        assert "no such follow-up" in manager.heard, data
    for data in ("task.list:all:0", "task.list:all:99", "task.list"):
        manager.forges(data)
        assert "Nobody to call" in manager.heard
    assert "anary" not in str(manager.said)
    (task,) = tasks_of(chain)
    assert task.outcome is None


def test_who_may_not_call_sees_no_number(chain: Chain, manager: Chat, wei: int) -> None:
    make(manager, wei)
    for role, shown in (("marketing", False), ("service", True), ("headquarters", True)):
        chat = chain.hire(role)
        chat.forges("task.open:1")
        assert "Wei" in chat.heard
        assert ("13800138000" in str(chat.said)) == shown, role


def test_each_person_in_the_list_is_a_row_of_the_audit(chain: Chain, manager: Chat, wei: int) -> None:
    make(manager, wei)
    before = len(chain.audit("look_up"))
    manager.says("/tasks")
    assert [row.detail for row in chain.audit("look_up")[before:]] == ["tasks"]


def test_what_is_no_answer_is_asked_for_again(chain: Chain, manager: Chat, wei: int) -> None:
    manager.forges(f"task.add:{wei}")
    assert "What is the follow-up" in manager.sends_photo()
    assert "300 is the most" in manager.says("x" * 301)
    manager.sends_photo()
    manager.taps("Say thanks")
    assert "by when" in manager.says("soon")
    manager.taps("Today")
    manager.taps("Reached")
    assert "Anything to add" in manager.sends_photo()
    assert "300 is the most" in manager.says("x" * 301)


def test_a_vip_who_stays_away_is_on_the_list_the_morning_after(chain: Chain, manager: Chat) -> None:
    number = chain.customer("Gold", chain.north, member="79")
    chain.visits(number, chain.north, *range(40, 360, 6), amount=90_000)
    for n in range(30):
        chain.visits(chain.customer(f"Other {n}", chain.south), chain.south, *range(3, 340, 12), amount=8_000)
    chain.segment()
    settings = Settings(database_url=chain.town.database.url, timezone="Asia/Shanghai")
    for _night in range(2):
        follow_up(settings, chain.town.database, NOON)
    listed = manager.says("/tasks")
    assert "· 1\n" in listed
    assert "VIP at risk, 40 days away · by 17 Jun · Ming" in listed
    assert "Ming calls by 17 Jun" in manager.says("/customer 79")
    chain.visits(number, chain.north, 0)
    chain.town.passes(days=1)
    chain.segment(date(2026, 6, 16))
    assert "VIP at risk, came since" in manager.says("/tasks")
    follow_up(settings, chain.town.database, chain.town.now)
    assert "Nobody to call" in manager.says("/tasks")
    manager.says("/customer 79")
    assert "Came by themselves" in manager.taps("Notes")


def test_for_nobody_in_particular_is_for_those_of_the_home_station(chain: Chain, manager: Chat) -> None:
    """A customer of two stations, whose home is the other one: that one's managers call."""
    both = chain.customer("Both", chain.south, member="80")
    chain.visits(both, chain.north, 3)
    mine, foreign = (
        Task(customer_id=both, reason=reason, due=date(2026, 6, 16), station_id=place.id, made_at=NOON,
             made_on=date(2026, 6, 15))
        for reason, place in (("thanks", chain.north), ("problem", chain.south))
    )  # fmt: skip
    chain.town.keep(mine, foreign)
    listed = manager.says("/tasks")
    assert "Say thanks" in listed
    assert "A problem" not in listed
    assert "A problem" in manager.taps("Everyone's")
