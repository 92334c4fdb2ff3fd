"""The bot about itself: command menus, names, menu button."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import World

START = {"command": "start", "description": "Begin"}


async def test_the_narrowest_menu_in_the_persons_language_is_shown(world: World) -> None:
    li = await world.person(language_code="zh-hans")
    chat = {"type": "chat", "chat_id": li}
    ladder: list[dict[str, Any]] = [
        {},
        {"language_code": "zh"},
        {"scope": {"type": "all_private_chats"}},
        {"scope": {"type": "all_private_chats"}, "language_code": "zh"},
        {"scope": chat},
        {"scope": chat, "language_code": "zh"},
    ]
    for step, place in enumerate(ladder):
        command = {"command": f"c{step}", "description": "x"}
        assert await world.result("setMyCommands", commands=[command], **place) is True
        assert await world.result("getMyCommands", **place) == [command]
        assert (await world.ok("GET", f"/people/{li}/menu"))["commands"] == [command]
    for step, place in reversed(list(enumerate(ladder))):
        await world.result("deleteMyCommands", **place)
        left = [c["command"] for c in (await world.ok("GET", f"/people/{li}/menu"))["commands"]]
        assert left == ([f"c{step - 1}"] if step else [])


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ({"command": "Bad Name", "description": "x"}, "BOT_COMMAND_INVALID"),
        ({"command": "x" * 33, "description": "x"}, "BOT_COMMAND_INVALID"),
        ({"command": "x", "description": ""}, "BOT_COMMAND_DESCRIPTION_INVALID"),
    ],
)
async def test_bad_commands_are_refused(world: World, command: dict[str, str], complaint: str) -> None:
    assert await world.error("setMyCommands", commands=[command]) == f"Bad Request: {complaint}"


async def test_a_menu_of_an_unknown_chat_is_refused(world: World) -> None:
    scope = {"type": "chat", "chat_id": 404}
    assert await world.error("setMyCommands", commands=[START], scope=scope) == "Bad Request: chat not found"


async def test_names_per_language(world: World) -> None:
    await world.result("setMyName", name="Station")
    await world.result("setMyName", name="加油站", language_code="zh")
    assert await world.result("getMyName", language_code="zh") == {"name": "加油站"}
    assert await world.result("getMyName", language_code="de") == {"name": "Station"}
    assert (await world.result("getMe"))["first_name"] == "Station"
    assert await world.error("setMyShortDescription", short_description="x" * 121)
    assert await world.result("setMyDescription", description="x" * 512) is True


async def test_menu_buttons(world: World) -> None:
    li = await world.person()
    button = {"type": "web_app", "text": "Open", "web_app": {"url": "https://example.org/"}}
    await world.result("setChatMenuButton", chat_id=li, menu_button=button)
    assert await world.result("getChatMenuButton", chat_id=li) == button
    assert (await world.ok("GET", f"/people/{li}/menu"))["menu_button"] == button
    assert await world.result("getChatMenuButton") == {"type": "commands"}
