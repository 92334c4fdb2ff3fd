"""A manager asks, narrows, turns pages and takes the list home as a file, in both languages."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select

from crm.audit import Audit
from handlers import files
from tests.journeys.chain import hire, open_chain
from tests.journeys.conftest import Town
from tests.journeys.people import as_sent, settled, sheet, types_in_any_chat

pytestmark = pytest.mark.slow

WORDS = {
    "en": ("how many customers", "10 people", "As a list", "1. ", "More ›", "page 2 of 2", "Any visits"),
    "zh": ("有多少客户", "10 位客户", "看名单", "1. ", "›", "第 2/2 页", "不限来访次数"),
}


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_from_a_question_to_a_file(town: Town, language: str) -> None:
    await open_chain(town)
    ming = await hire(town, "manager", "Ming", "N1", language=language)
    question, number, as_list, first, more, second, wider = WORDS[language]

    assert number in (await ming.says(question))["text"]
    people = await ming.taps(as_list)
    assert first in people["text"]
    assert second in (await ming.taps(more, people))["text"]

    narrowed = await ming.says("visits>25 sort:-visits")
    rows = await sheet(town, await ming.taps("XLSX", narrowed))
    assert len(rows) > 1
    assert all(row[5] > 25 for row in rows[1:])
    assert all(isinstance(row[3], datetime) for row in rows[1:])
    assert rows[0][1] == {"en": "Name", "zh": "姓名"}[language]

    every = await ming.taps(wider, narrowed)
    rows = await sheet(town, await ming.taps("XLSX", every))
    assert len(rows) == 11
    assert "Canary" not in str(rows)
    with town.database.read() as session:
        exported = session.scalar(
            select(func.count()).where(Audit.action == "export", Audit.actor == ming.id)
        )
    assert exported is not None
    assert exported > 10


async def test_a_long_list_is_brought_when_it_is_ready(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "AT_ONCE", 5)
    await open_chain(town)
    boss = await hire(town, "headquarters", "Boss")
    await boss.says("list customers")
    waiting = await boss.taps("XLSX")
    assert "Preparing your file: 30 rows" in await as_sent(boss)
    brought = await boss.hears()
    assert len(await sheet(town, brought)) == 31
    assert "30 rows" in brought["caption"]
    assert (await settled(boss, waiting))["text"] == "Your file is ready."
    with town.database.read() as session:
        assert session.scalar(select(func.count()).where(Audit.action == "export")) == 30


async def test_a_what_if_takes_the_place_of_its_promise(town: Town) -> None:
    await open_chain(town)
    ming = await hire(town, "manager", "Ming", "N1")
    promise = await ming.says("what if VIP needs 100")
    said = await settled(ming, promise)
    assert "of your 10 customers would be called something else" in said["text"]
    assert "Canary" not in said["text"]


async def test_a_customer_is_found_in_any_chat(town: Town) -> None:
    await open_chain(town)
    ming = await hire(town, "manager", "Ming", "N1")
    ann = await town.person("Ann", language_code="en")

    (zhang,) = await types_in_any_chat(ming, "zhang wei")
    assert zhang["title"] == "Zhang Wei"
    posted = zhang["input_message_content"]["message_text"]
    assert posted.startswith("<b>Zhang Wei</b> · 10000029")
    assert "138" not in str(zhang)
    assert await types_in_any_chat(ming, "Canary 1") == []
    assert len(await types_in_any_chat(ming, "north")) == 8
    assert await types_in_any_chat(ann, "zhang wei") == []
