"""A manager looks after one customer: card, note, tag, follow-up, a message; in both languages."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from crm.customers import Customer
from crm.notes import Note
from crm.tags import Tag
from crm.tasks import Task
from tests.journeys.chain import hire, open_chain
from tests.journeys.conftest import Person, Town
from tests.journeys.people import everything_heard, registers

pytestmark = pytest.mark.slow

WORDS = {
    "en": (
        *("📝 Write a note", "🏷 Tag", "📌 Follow-up", "Long away", "Tomorrow", "Will come"),
        *("✉️ Message", "✓ Send", "‹ Card", "📈 Spend", "Why"),
    ),
    "zh-hans": (
        *("📝 写备注", "🏷 标签", "📌 跟进", "很久没来", "明天", "会再来"),
        *("✉️ 发消息", "✓ 发送", "‹ 卡片", "📈 消费", "为什么"),
    ),
}


async def _registered(town: Town) -> Person:
    """Zhang Wei, whom the till knows, joins the chat."""
    wei = await town.person("Wei", language_code="en", phone="+8613800138029")
    await registers(wei, "Agree to both", "How it works")
    with town.database.write() as session:
        known = session.scalars(select(Customer).where(Customer.chat_id == wei.id)).one()
        assert known.name == "Zhang Wei"
    return wei


@pytest.mark.parametrize("language", ["en", "zh-hans"])
async def test_a_manager_looks_after_a_customer(town: Town, language: str) -> None:
    note, tag, follow_up, away, tomorrow, will_come, message, send, card, spend, why = WORDS[language]
    await open_chain(town)
    wei = await _registered(town)
    ming = await hire(town, "manager", "Ming", "N1", language=language)

    shown = await ming.says("/customer zhang")
    assert "Zhang Wei" in shown["text"]
    assert "<" not in shown["text"]
    assert "RFM" in (await ming.taps(why))["text"]
    assert "North Gate · " in (await ming.taps(card))["text"]
    assert (await ming.taps(spend))["photo"]

    await ming.taps(note)
    await ming.says("Likes <tea>")
    await ming.taps(tag)
    await ming.says("#Night Shift")
    await ming.taps(follow_up)
    await ming.taps(away)
    kept = await ming.taps(tomorrow)
    assert "+8613800138029" in kept["text"]

    shown = await ming.says("/customer zhang")
    for words in ("Likes <tea>", "night-shift", away):
        assert words in shown["text"]
    assert "Zhang Wei" in (await ming.says("tag:night-shift"))["text"]

    await ming.says("/tasks")
    await ming.taps("Zhang Wei")
    await ming.taps(will_come)
    await ming.says("on Friday")
    with town.database.read() as session:
        (task,) = session.scalars(select(Task)).all()
        assert (task.outcome, task.said) == ("will_come", "on Friday")
        assert session.scalars(select(Note.text)).all() == ["Likes <tea>"]
        assert session.scalars(select(Tag.tag)).all() == ["night-shift"]

    await ming.says("/customer zhang")
    await ming.taps(message)
    await ming.says("Your car is ready")
    await ming.taps(send)
    assert "North Gate" in await everything_heard(wei, "Your car is ready")
    told = [each for each in await wei.messages() if "Your car is ready" in each.get("text", "")]
    assert len(told) == 1
