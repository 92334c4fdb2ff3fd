"""Notes and tags in the chat: kept, listed, taken back by whoever wrote them; never said to a driver."""

from __future__ import annotations

import pytest

from crm import notes, tags
from crm.customers import Customer
from tests.conftest import NOON
from tests.handlers.chain import Chain
from tests.handlers.chat import Chat
from tests.handlers.people import customer_of, driver


@pytest.fixture
def wei(chain: Chain) -> int:
    return chain.customer("Wei", chain.north, member="77")


def test_a_note_is_on_the_card_and_only_its_writer_can_take_it_back(
    chain: Chain, manager: Chat, wei: int
) -> None:
    lin = chain.hire("manager", chain.north, name="Lin")
    manager.says("/customer 77")
    assert "500" in manager.taps("📝 Write a note")
    manager.says("Brings <b>flowers</b> & smiles")
    manager.taps("‹ Card")
    assert "📝 Brings &lt;b&gt;flowers&lt;/b&gt; &amp; smiles <i>(Ming," in manager.heard
    lin.says("/customer 77")
    lin.taps("Notes (1)")
    assert "flowers" in lin.heard
    assert "✕ Note 1" not in lin.buttons
    lin.forges(f"note.drop:{wei}:1")
    assert lin.toast == "Only whoever wrote it can take it back"
    manager.taps("Notes (1)")
    assert "No notes yet" in manager.taps("✕ Note 1")
    manager.forges(f"note.drop:{wei}:1")
    assert manager.toast == "Only whoever wrote it can take it back"
    assert [row.detail for row in chain.audit("note")] == [None, "removed"]


def test_a_note_too_long_or_no_text_is_asked_for_again(chain: Chain, manager: Chat, wei: int) -> None:
    manager.forges(f"note.add:{wei}")
    assert "501 characters; 500 is the most" in manager.says("x" * 501)
    assert "Your note" in manager.sends_photo()
    assert "Noted" in manager.says("x" * 500)
    assert chain.town.look(lambda s: notes.count(s, wei)) == 1
    assert "No notes yet" in manager.taps("✕ Take it back")
    assert chain.town.look(lambda s: notes.count(s, wei)) == 0
    manager.forges(f"note.add:{wei}")
    manager.says("/cancel")
    manager.says("not a note")
    assert chain.town.look(lambda s: notes.count(s, wei)) == 0


def test_tags_are_written_chosen_and_taken_back(chain: Chain, manager: Chat, wei: int) -> None:
    other = chain.customer("Other", chain.north, member="78")
    manager.forges(f"tag.add:{wei}")
    manager.says("#Night Shift，出租车, night shift")
    assert "night-shift · 出租车" in manager.heard
    manager.forges(f"tag.add:{other}")
    manager.taps("出租车")
    assert "Other</b>: 出租车" in manager.heard
    manager.forges(f"customer.more:{wei}:notes")
    manager.taps("✕ night-shift")
    assert "🏷 出租车" in manager.heard
    assert "night" not in manager.heard
    manager.forges(f"tag.add:{wei}")
    for wrong in ("😀", "x" * 25, ",,,"):
        assert "letters or digits" in manager.says(wrong), wrong


def test_a_tag_of_another_stations_customers_is_offered_to_nobody(
    chain: Chain, manager: Chat, wei: int
) -> None:
    foreign = chain.customer("Canary", chain.south)
    lin = chain.hire("manager", chain.south, name="Lin")
    lin.forges(f"tag.add:{foreign}")
    lin.says("canarytag")
    manager.forges(f"tag.add:{wei}")
    assert "canarytag" not in str(manager.said)
    lin.forges(f"tag.add:{foreign}")
    manager.forges(f"tag.put:{wei}:{tags.short('canarytag')}")
    assert "nobody" in manager.heard


@pytest.mark.parametrize(
    "asked", ["tag:night-shift", "tag:Night_Shift", "tagged night shift", "打了标签night-shift的"]
)
def test_whom_a_tag_is_on_can_be_asked_for(chain: Chain, manager: Chat, wei: int, asked: str) -> None:
    foreign = chain.customer("Canary", chain.south)
    chain.customer("Zoe", chain.north)
    for number in (wei, foreign):
        with chain.town.database.write() as session:
            tags.add(session, number, 1, "night-shift", now=NOON)
            tags.add(session, number, 1, "canarytag" if number == foreign else "mine", now=NOON)
    manager.says(asked)
    assert "Wei" in manager.heard
    assert "Zoe" not in manager.heard
    assert "Canary" not in manager.heard
    unknown = manager.says("tag:nosuchtag").replace("nosuchtag", "…")
    assert manager.says("tag:canarytag").replace("canarytag", "…") == unknown
    boss = chain.hire("headquarters")
    assert "Canary" in boss.says("tag:canarytag")


def test_rights_lost_in_the_middle_keep_nothing(chain: Chain, manager: Chat) -> None:
    """The customer of the talk is no longer theirs when the text comes."""
    wei = chain.customer("Wei", chain.north, member="77")
    manager.forges(f"note.add:{wei}")
    with chain.town.database.write() as session:
        session.get_one(Customer, wei).home_station_id = chain.south.id
    assert "nobody" in manager.says("too late")
    assert chain.town.look(lambda s: notes.count(s, wei)) == 0


def test_a_driver_never_reads_what_staff_write(chain: Chain) -> None:
    fang = driver(chain.town, "Fang", "en")
    number = customer_of(chain.town, fang).id
    boss = chain.hire("admin", name="Boss")
    for begin, words in (("note.add", "CANARY note"), ("tag.add", "canarytag"), ("task.add", "CANARY task")):
        boss.forges(f"{begin}:{number}")
        boss.says(words)
    boss.taps("task.in:1")
    assert "CANARY task" in boss.heard
    for said in ("/me", "/privacy", "/help", "/start"):
        fang.says(said)
        assert "canary" not in str(fang.said).lower(), said
    for data in (
        f"customer.more:{number}:notes",
        f"note.add:{number}",
        "task.list:all:0",
        "audit.page:all:0:0",
    ):
        fang.forges(data)
        assert [part["template"] for part in fang.said] == ["replies/not_for_you"]
