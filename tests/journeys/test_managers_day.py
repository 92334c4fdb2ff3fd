"""The whole day of a manager, from the digest in the morning to a question too far, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from crm.audit import Audit
from crm.notes import Note
from crm.tasks import Task
from tests.journeys.chain import hire, open_chain
from tests.journeys.conftest import Person, Town
from tests.journeys.people import picture_of, settled, sheet, types_in_any_chat

pytestmark = pytest.mark.slow

WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "digest": ("Show it now", "against the same weekdays before"),
        "page": ("Value pyramid", "10 customers, "),
        "question": ("how many customers", "10 people", "By segment", "Dormant: 1"),
        "narrow": ("Dormant", "1 person", "As a list", "1. Zhang Wei"),
        "card": ("Spend", "Why", "dormant beyond 45", "‹ Card"),
        "note": ("📝 Write a note", "Drives for a school"),
        "follow_up": ("📌 Follow-up", "Long away", "Today", "+8613800138029"),
        "done": ("Will come", "on Friday", "Nobody to call"),
        "what_if": ("what if dormant after 90 days", "1 of your 10 customers", "Zhang Wei"),
        "unknown": ("how many loyaltyness customers", "“loyaltyness”", "loyalty"),
        "foreign": ("station:S1", "You have no station “S1”"),
        "who": "who is zhang wei",
        "column": "Name",
    },
    "zh": {
        "digest": ("现在看一份", "与上一周同期相比"),
        "page": ("价值金字塔", "10 位客户"),
        "question": ("有多少客户", "10 位客户", "按分群", "沉睡客户：1"),
        "narrow": ("沉睡客户", "1 位客户", "看名单", "1. Zhang Wei"),
        "card": ("📈 消费", "为什么", "超过 45 天为沉睡", "‹ 卡片"),
        "note": ("📝 写备注", "给学校开车"),
        "follow_up": ("📌 跟进", "很久没来", "今天", "+8613800138029"),
        "done": ("会再来", "周五来", "没有要联系的客户"),
        "what_if": ("如果沉睡改成90天", "10 位客户", "Zhang Wei"),
        "unknown": ("有多少忠臣度客户", "“忠臣度”", "忠诚度"),
        "foreign": ("station:S1", "您没有“S1”这个油站"),
        "who": "谁是Zhang Wei",
        "column": "姓名",
    },
}


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_managers_day(town: Town, language: str) -> None:
    await open_chain(town)
    words = WORDS[language]
    ming = await hire(town, "manager", "Ming", "N1", language=language)
    await _morning(town, ming, words)
    await _looks_after_somebody(town, ming, words)
    await _desk(town, ming, words)
    await _too_far(ming, words)
    assert "Canary" not in str([said for said in await ming.messages() if said["from"]["is_bot"]])
    with town.database.read() as session:
        seen = set(session.scalars(select(Audit.action).where(Audit.actor == ming.id)))
    assert {"look_up", "export"} <= seen


async def _morning(town: Town, ming: Person, words: dict[str, Any]) -> None:
    """The digest, the segments, a question, narrower twice, down to one person."""
    show, told = words["digest"]
    await ming.says("/digest")
    digest = await ming.taps(show)
    assert told in digest["caption"]
    page, told = words["page"]
    await ming.says("/segments")
    pyramid = await ming.taps(page)
    assert told in pyramid["caption"]
    for shown in (digest, pyramid):
        assert (await picture_of(town, shown)).startswith(b"\x89PNG")

    asked, number, by_segment, one = words["question"]
    assert number in (await ming.says(asked))["text"]
    parts = await ming.taps(by_segment)
    assert one in parts["caption"]
    segment, number, as_list, first = words["narrow"]
    narrowed = await ming.taps(segment, parts)
    assert number in narrowed["text"]
    assert first in (narrowed if first in narrowed["text"] else await ming.taps(as_list, narrowed))["text"]


async def _looks_after_somebody(town: Town, ming: Person, words: dict[str, Any]) -> None:
    """The card behind the row, why, what was spent, a note, a follow-up, and what came of it."""
    spend, why, told, card = words["card"]
    assert words["note"][1] not in (await ming.taps("Zhang Wei"))["text"]
    assert told in (await ming.taps(why))["text"]
    await ming.taps(card)
    assert (await picture_of(town, await ming.taps(spend))).startswith(b"\x89PNG")
    button, note = words["note"]
    await ming.taps(button)
    await ming.says(note)
    button, reason, due, phone = words["follow_up"]
    await ming.taps(button)
    await ming.taps(reason)
    assert phone in (await ming.taps(due))["text"]

    outcome, said, none_left = words["done"]
    await ming.says("/tasks")
    await ming.taps("Zhang Wei")
    await ming.taps(outcome)
    await ming.says(said)
    assert none_left in (await ming.says("/tasks"))["text"]
    assert note in (await ming.says(words["who"]))["text"]
    with town.database.read() as session:
        (task,) = session.scalars(select(Task)).all()
        assert (task.outcome, task.said) == ("will_come", said)
        assert session.scalars(select(Note.text)).all() == [note]


async def _desk(town: Town, ming: Person, words: dict[str, Any]) -> None:
    """Other thresholds tried, the list as a file, a customer found from another chat."""
    await ming.says("/criteria")
    typed, told, name = words["what_if"]
    tried = await settled(ming, await ming.says(typed))
    assert told in tried["text"]
    assert name in tried["text"]
    await ming.says("sort:-spend")
    rows = await sheet(town, await ming.taps("XLSX"))
    assert len(rows) == 11
    assert rows[0][1] == words["column"]
    (found,) = await types_in_any_chat(ming, "zhang wei")
    assert found["title"] == "Zhang Wei"


async def _too_far(ming: Person, words: dict[str, Any]) -> None:
    """A word that nobody knows is named, another's station is none of theirs, nor are its customers."""
    typed, word, nearest = words["unknown"]
    answer = (await ming.says(typed))["text"]
    assert word in answer
    assert nearest in answer
    typed, told = words["foreign"]
    assert told in (await ming.says(typed))["text"]
    await ming.says("/customer Canary 1")
    assert await types_in_any_chat(ming, "Canary 1") == []
