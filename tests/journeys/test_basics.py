"""The shortest conversations: a stranger, a command that does not exist, somebody who leaves and returns."""

from __future__ import annotations

import pytest

from tests.journeys.conftest import Town

pytestmark = pytest.mark.slow


async def test_a_stranger_hears_what_the_bot_can_do(town: Town) -> None:
    wang = await town.person("王芳", language_code="zh-hans")
    assert "/help" in (await wang.says("/help"))["text"]
    assert "/help" in (await wang.says("何时开门"))["text"]


async def test_each_person_hears_their_own_language(town: Town) -> None:
    ann = await town.person("Ann", language_code="en")
    assert "What I can do" in (await ann.says("/help"))["text"]


async def test_cancel_with_nothing_to_cancel(town: Town) -> None:
    ann = await town.person("Ann", language_code="en")
    assert "nothing to cancel" in (await ann.says("/cancel"))["text"]
