"""A manager's day: the numbers, the people, one card, and nothing of the station next door."""

from __future__ import annotations

import pytest

from tests.journeys.chain import hire, open_chain
from tests.journeys.conftest import Person, Town
from tests.journeys.people import picture_of

pytestmark = pytest.mark.slow


async def everything_heard(person: Person) -> str:
    return str(await person.messages())


async def test_a_manager_asks_and_is_answered(town: Town) -> None:
    await open_chain(town)
    ming = await hire(town, "manager", "Ming", "N1")

    counts = await ming.says("/segments")
    assert "Together 10" in counts["caption"]
    assert "Canary" not in counts["caption"]
    assert (await picture_of(town, counts)).startswith(b"\x89PNG")

    regulars = await ming.taps("Regular")
    assert "North" in regulars["text"]
    assert "Canary" not in str(regulars)

    card = await ming.taps("North")
    assert "North Gate" in card["text"]

    card = await ming.says("/customer 138 0013 8029")
    assert "Zhang Wei" in card["text"]
    assert "Last visit 60 days ago" in card["text"]
    assert card["text"].count("North Gate · Petrol 95") == 5
    assert (await ming.says("/customer zhang"))["text"] == card["text"]
    assert (await ming.says("/customer 沪A00029"))["text"] == card["text"]


async def test_a_manager_learns_nothing_of_another_station(town: Town) -> None:
    await open_chain(town)
    ming = await hire(town, "manager", "Ming", "N1")
    nobody = (await ming.says("/customer nosuch"))["text"]
    for wanted in ("13800138010", "10000010", "沪A00010", "Canary"):
        assert (await ming.says(f"/customer {wanted}"))["text"] == nobody
    for segment in ("vip", "regular", "lapsing", "dormant", "churned", "new"):
        await ming.says(f"/segment {segment}")
    heard = await everything_heard(ming)
    assert "Canary 1" not in heard
    assert "South Gate" not in heard


async def test_headquarters_sees_the_whole_chain_in_chinese(town: Town) -> None:
    await open_chain(town)
    boss = await hire(town, "headquarters", "总部", language="zh-hans")
    counts = await boss.says("/segments")
    assert "共 30 位" in counts["caption"]
    unknown = await boss.says("/segment 沉睡客护")
    assert "没有“沉睡客护”这一类" in unknown["text"]
    await boss.taps("沉睡客户")


async def test_a_driver_is_told_politely(town: Town) -> None:
    await open_chain(town)
    ann = await town.person("Ann", language_code="en")
    for command in (
        "/segments",
        "/segment vip",
        "/customer 10000001",
        "/staff",
        "/invite admin",
        "/fill 10000001",
    ):
        assert "rights" in (await ann.says(command))["text"]


async def test_the_menu_follows_the_role(town: Town) -> None:
    await open_chain(town)
    ming = await hire(town, "manager", "Ming", "N1")
    menus = [
        call["params"]
        for call in await town.calls()
        if call["method"] == "setMyCommands"
        and f'"chat_id": {ming.id}' in str(call["params"]).replace("'", '"')
    ]
    assert "segments" in str(menus[-1])
