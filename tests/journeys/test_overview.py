"""A manager looks ahead: the pages behind /segments, the funnel, a goal, the digest; in both languages."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm.segments import SegmentRun
from segmentation.refresh import refresh
from tests.journeys.chain import ZONE, hire, open_chain
from tests.journeys.conftest import Person, Town
from tests.journeys.people import picture_of

pytestmark = pytest.mark.slow

WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "pages": {
            "Who moved": "Who moved this month",
            "Do new ones": "Do new customers keep coming?",
            "Products": "Products in 30 days",
            "Value pyramid": "Value pyramid",
            "Next 7 days": "The next 7 days",
        },
        "week": ("All 7 days", "due"),
        "funnel": ("/funnel this month", "registered 1"),
        "goal": ("bring back 4 dormant this month", "of 4", "All goals"),
        "digest": ("/digest", "Show it now", "against the same weekdays before"),
    },
    "zh": {
        "pages": {
            "谁变了": "本月谁变了",
            "新客留存": "新客会继续来吗",
            "产品结构": "近30天产品结构",
            "价值金字塔": "价值金字塔",
            "未来7天": "未来7天",
        },
        "week": ("7天全部", "该来"),
        "funnel": ("/funnel 本月", "注册 1"),
        "goal": ("本月召回4个沉睡客户", "4 位", "全部目标"),
        "digest": ("/digest", "现在看一份", "与上一周同期相比"),
    },
}


async def drive_in(town: Town) -> None:
    """Somebody opens the north's poster and registers."""
    ann = await town.person("Ann", language_code="en", phone="+8613800139999")
    await ann.says("/start st_N1")
    await ann.taps("both")
    await ann.shares_contact()


def segment_again(town: Town) -> None:
    """Ann is segmented too, and there was a run before this month, when nobody was known yet."""
    now = town.now()
    today: date = now.astimezone(ZONE).date()
    before = today.replace(day=1) - timedelta(days=1)
    with town.database.write() as session:
        session.add(SegmentRun(id=0, as_of=before, started_at=now, ended_at=now, criteria="1", cutoffs={}))
    refresh(town.database, as_of=today, now=now, zone=ZONE)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_manager_looks_ahead(town: Town, language: str) -> None:
    await open_chain(town)
    await drive_in(town)
    segment_again(town)
    words = WORDS[language]
    ming: Person = await hire(town, "manager", "Ming", "N1", language=language)
    for button, title in words["pages"].items():
        await ming.says("/segments")
        page = await ming.taps(button)
        assert title in page["caption"]
        assert (await picture_of(town, page)).startswith(b"\x89PNG")
    every = await ming.taps(words["week"][0])
    assert words["week"][1] in every["text"]

    typed, button = words["funnel"]
    funnel = await ming.says(typed)
    assert button in str(funnel["reply_markup"])
    assert "Ann" in (await ming.taps(button))["text"]

    typed, told, button = words["goal"]
    assert told in (await ming.says(typed))["text"]
    goals = await ming.taps(button)
    assert (await picture_of(town, goals)).startswith(b"\x89PNG")

    typed, button, told = words["digest"]
    await ming.says(typed)
    digest = await ming.taps(button)
    assert told in digest["caption"]
    assert sum(len(row) for row in digest["reply_markup"]["inline_keyboard"]) == 3
    assert "Canary" not in str(await ming.messages())
    assert "South Gate" not in str(await ming.messages())
