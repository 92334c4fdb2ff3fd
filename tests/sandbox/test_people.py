"""The control API: people, what they do and what they see."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.sandbox.conftest import PNG, World
from tests.sandbox.parts import inline

pytestmark = pytest.mark.slow


async def test_people_are_created_and_listed(world: World) -> None:
    fields = {"first_name": "Li", "phone": "+8613800138000", "role": "vip", "hint": "try /me", "id": 7}
    created = await world.ok("POST", "/people", fields)
    assert fields.items() <= created.items()
    assert (created["started"], created["blocked"]) == (False, False)
    assert await world.ok("GET", "/people") == [created]
    status, answer = await world.control("POST", "/people", fields)
    assert (status, "7" in answer["error"]) == (409, True)


async def test_a_hint_may_be_given_per_language(world: World) -> None:
    hint = {"en": "try /me", "zh": "试试 /me"}
    created = await world.ok("POST", "/people", {"first_name": "Li", "hint": hint})
    assert created["hint"] == "try /me · 试试 /me"
    assert created["hints"] == hint


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("/people", {}, 400, "first_name"),
        ("/people", {"first_name": 1}, 400, "first_name"),
        ("/people", {"first_name": " "}, 400, "first_name"),
        ("/people", {"first_name": "A", "age": 3}, 400, "age"),
        ("/people", {"first_name": "A", "id": -5}, 400, "id"),
        ("/people", {"first_name": "A", "id": True}, 400, "id"),
        ("/people", {"first_name": "A", "phone": "call me"}, 400, "phone"),
        ("/people", {"first_name": "A", "hint": {}}, 400, "hint"),
        ("/people", {"first_name": "A", "hint": {"en": 1}}, 400, "hint"),
        ("/people", {"first_name": "A", "hint": {"en": "x" * 1001}}, 400, "hint"),
        ("/people/12345/text", {"text": "x"}, 404, "id"),
        ("/people/x/text", {"text": "x"}, 404, "id"),
        ("/people/1/text", {"text": ""}, 400, "text"),
        ("/people/1/text", {}, 400, "text"),
        ("/people/1/contact", {}, 400, "phone"),
        ("/people/1/contact", {"of": 999}, 404, "id"),
        ("/people/1/contact", {"phone": "123456"}, 400, "first_name"),
        ("/people/1/location", {"latitude": 91, "longitude": 0}, 400, "latitude"),
        ("/people/1/location", {"latitude": "x", "longitude": 0}, 400, "latitude"),
        ("/people/1/tap", {"message_id": 1}, 400, "text"),
        ("/people/1/tap", {"message_id": 99, "text": "x"}, 404, "message_id"),
        ("/people/1/tap", {"message_id": 1, "data": "x"}, 404, "data"),
        ("/people/1/tap", {"text": "x"}, 404, "message_id"),
        ("/people/1/document", {"file": "x"}, 400, "file"),
        ("/people/2/block", {}, 409, "id"),
        ("/nowhere", {}, 404, "/sandbox/nowhere"),
        ("/calls", {}, 405, "/sandbox/calls"),
    ],
)
async def test_refusals_name_the_field(world: World, path: str, body: Any, status: int, word: str) -> None:
    await world.person(id=1)
    await world.person(id=2, start=False)
    got, answer = await world.control("POST", path, body)
    assert got == status
    assert answer["error"].startswith(word)


async def test_bad_json_is_refused(world: World) -> None:
    for raw in (b"{", b"[1]", b"\xff"):
        status, answer = await world.control("POST", "/people", data=raw)
        assert (status, answer["error"][:4]) == (400, "body")


async def test_acts_become_updates(world: World) -> None:
    li = await world.person(phone="+8613800138000")
    zhao = await world.person(phone="13900139000")
    await world.say(li, "/fillup 40L")
    await world.ok("POST", f"/people/{li}/contact", {})
    await world.ok("POST", f"/people/{li}/contact", {"of": zhao})
    await world.ok("POST", f"/people/{li}/contact", {"phone": "55555", "first_name": "X"})
    await world.ok("POST", f"/people/{li}/location", {"latitude": 31, "longitude": 121.5})
    text, own, other, raw, place = [u["message"] for u in await world.updates()]
    assert text["entities"] == [{"type": "bot_command", "offset": 0, "length": 7}]
    assert own["contact"] == {"phone_number": "+8613800138000", "first_name": "Li", "user_id": li}
    assert (other["from"]["id"], other["contact"]["user_id"]) == (li, zhao)
    assert raw["contact"] == {"phone_number": "55555", "first_name": "X"}
    assert place["location"] == {"latitude": 31, "longitude": 121.5}
    numbers = [m["message_id"] for m in (text, own, other, raw, place)]
    assert numbers == sorted(set(numbers))


async def test_files_from_people_reach_the_bot(world: World) -> None:
    li = await world.person()
    for door, content in (("document", b"a,b\n"), ("photo", PNG)):
        form = aiohttp.FormData()
        form.add_field("file", content, filename="x.csv")
        form.add_field("caption", "look")
        message = await world.ok("POST", f"/people/{li}/{door}", data=form)
        assert message["caption"] == "look"
        media = message[door] if door == "document" else message[door][-1]
        assert (await world.result("getFile", file_id=media["file_id"]))["file_size"] == len(content)
    form = aiohttp.FormData()
    form.add_field("file", b"no picture", filename="x.png")
    status, answer = await world.control("POST", f"/people/{li}/photo", data=form)
    assert (status, answer["error"][:4]) == (400, "file")


async def test_bots_cannot_fetch_more_than_20_mb(world: World) -> None:
    li = await world.person()
    form = aiohttp.FormData()
    form.add_field("file", b"x" * (20 * 1024 * 1024 + 1), filename="x.bin")
    message = await world.ok("POST", f"/people/{li}/document", data=form)
    complaint = await world.error("getFile", file_id=message["document"]["file_id"])
    assert complaint == "Bad Request: file is too big"


@pytest.mark.parametrize("how", [{"text": "A"}, {"data": "A"}])
async def test_a_tap_asks_and_its_answer_is_shown(world: World, how: dict[str, str]) -> None:
    li = await world.person()
    sent = await world.result("sendMessage", chat_id=li, text="x", reply_markup=inline("A", "B"))
    tapped = await world.tap(li, message_id=sent["message_id"], **how)
    query = (await world.updates())[0]["callback_query"]
    assert (query["id"], query["data"]) == (tapped["callback_query_id"], "A")
    assert query["message"] == sent
    await world.result("answerCallbackQuery", callback_query_id=query["id"], text="ok", show_alert=True)
    answer = (await world.ok("GET", f"/people/{li}/answers"))[0]
    assert (answer["text"], answer["show_alert"], answer["callback_query_id"]) == ("ok", True, query["id"])


async def test_a_tap_can_wait_for_its_answer(world: World) -> None:
    li = await world.person()
    sent = await world.result("sendMessage", chat_id=li, text="x", reply_markup=inline("A"))
    body = {"message_id": sent["message_id"], "text": "A"}
    tapping = asyncio.create_task(world.ok("POST", f"/people/{li}/tap?wait=60", body))
    query = (await world.result("getUpdates", timeout=50))[0]["callback_query"]
    await world.result("answerCallbackQuery", callback_query_id=query["id"], text="done")
    assert (await tapping)["answer"] == {"text": "done", "show_alert": False}


async def test_old_and_invented_queries_cannot_be_answered(world: World) -> None:
    li = await world.person()
    sent = await world.result("sendMessage", chat_id=li, text="x", reply_markup=inline("A"))
    query = (await world.tap(li, message_id=sent["message_id"], text="A"))["callback_query_id"]
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert await world.error("answerCallbackQuery", callback_query_id="1") == too_old
    assert await world.error("answerCallbackQuery", callback_query_id=query, text="x" * 201)
    world.clock.now += 15 * 60 + 1
    assert await world.error("answerCallbackQuery", callback_query_id=query) == too_old


async def test_reply_keyboards_can_be_tapped(world: World) -> None:
    li = await world.person(phone="13800138000")
    rows = [
        [{"text": "Share", "request_contact": True}],
        ["Other", {"text": "Where", "request_location": True}],
    ]
    await world.result("sendMessage", chat_id=li, text="x", reply_markup={"keyboard": rows})
    await world.tap(li, text="Share")
    await world.tap(li, text="Other")
    status, answer = await world.control("POST", f"/people/{li}/tap", {"text": "Where"})
    assert (status, answer["error"][:8]) == (400, "latitude")
    await world.tap(li, text="Where", latitude=31, longitude=121)
    share, other, where = [u["message"] for u in await world.updates()]
    assert share["contact"]["user_id"] == li
    assert (other["text"], where["location"]["latitude"]) == ("Other", 31)


async def test_blocking_is_told_and_felt(world: World) -> None:
    li = await world.person()
    blocked = await world.ok("POST", f"/people/{li}/block", {})
    assert blocked["blocked"] is True
    answer = await world.api("sendMessage", chat_id=li, text="x")
    assert (answer["error_code"], answer["description"]) == (403, "Forbidden: bot was blocked by the user")
    status, _ = await world.control("POST", f"/people/{li}/text", {"text": "x"})
    assert status == 409
    await world.ok("POST", f"/people/{li}/block", {})
    await world.ok("POST", f"/people/{li}/unblock", {})
    changes = [u["my_chat_member"] for u in await world.updates()]
    assert [c["new_chat_member"]["status"] for c in changes] == ["kicked", "member"]
    assert await world.result("sendMessage", chat_id=li, text="x")


async def test_messages_can_be_waited_for(world: World) -> None:
    li = await world.person()
    waiting = asyncio.create_task(world.see(li, after=1, wait=30))
    chat = world.sandbox.state.first_bot.chats[li]
    while not chat.bell.waited_for:
        await asyncio.sleep(0.005)
    sent = await world.result("sendMessage", chat_id=li, text="x")
    assert await waiting == [sent | {"edited": False}]
    waiting = asyncio.create_task(world.see(li, after=sent["message_id"], wait=30))
    while not chat.bell.waited_for:
        await asyncio.sleep(0.005)
    await world.result("editMessageText", chat_id=li, message_id=sent["message_id"], text="y")
    assert [(m["text"], m["edited"]) for m in await waiting] == [("y", True)]
    assert await world.see(li, after=sent["message_id"], wait=0.05) == []


async def test_changes_can_be_followed_without_gaps(world: World) -> None:
    li = await world.person()
    sent = await world.result("sendMessage", chat_id=li, text="x")
    seen = await world.ok("GET", f"/people/{li}/messages?since=0")
    version = seen[-1]["version"]
    place = {"chat_id": li, "message_id": sent["message_id"]}
    await world.result("editMessageText", **place, text="y")
    changed = await world.ok("GET", f"/people/{li}/messages?since={version}")
    assert [m["text"] for m in changed] == ["y"]
    await world.result("deleteMessage", **place)
    changed = await world.ok("GET", f"/people/{li}/messages?since={changed[-1]['version']}&wait=1")
    assert [(m["message_id"], m["deleted"]) for m in changed] == [(sent["message_id"], True)]


async def test_events_are_streamed(world: World) -> None:
    async with world.http.get("/sandbox/events") as stream:
        assert await stream.content.readline() == b": open\n"
        await world.person(id=5)
        await world.result("sendChatAction", chat_id=5, action="typing")
        kinds: list[str] = []
        while "action" not in kinds:
            line = (await stream.content.readline()).decode()
            if line.startswith("data: "):
                kinds.append(json.loads(line[6:])["kind"])
    assert kinds == ["person", "message", "action"]
