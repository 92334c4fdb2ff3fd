"""getUpdates: what is delivered, once or again, and to whom."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sandbox.methods_updates import OTHER_POLLER, WEBHOOK_ACTIVE
from sandbox.updates import DAY
from tests.sandbox import spec
from tests.sandbox.conftest import World


async def ids(world: World, **params: object) -> list[int]:
    return [u["update_id"] for u in await world.result("getUpdates", **params)]


async def test_updates_stay_until_confirmed(world: World) -> None:
    li = await world.person()
    for text in "abc":
        await world.say(li, text)
    first = await ids(world)
    assert await ids(world) == first
    assert await ids(world, limit=2) == first[:2]
    assert await ids(world, offset=first[1]) == first[1:]
    assert await ids(world) == first[1:]
    assert await ids(world, offset=-1) == first[2:]
    assert await ids(world, offset=first[2] + 1) == []


async def test_updates_are_kept_for_a_day(world: World) -> None:
    li = await world.person()
    await world.say(li, "old")
    world.clock.now += DAY + 1
    await world.say(li, "new")
    assert [u["message"]["text"] for u in await world.result("getUpdates")] == ["new"]


async def test_a_long_poll_ends_with_the_first_update(world: World) -> None:
    li = await world.person()
    poll = asyncio.create_task(world.result("getUpdates", timeout=30))
    await world.until_polling()
    await world.say(li, "now")
    assert [u["message"]["text"] for u in await poll] == ["now"]


async def test_the_older_of_two_pollers_gets_409(world: World) -> None:
    await world.result("getMe")
    older = asyncio.create_task(world.error("getUpdates", timeout=30))
    await world.until_polling()
    assert await world.result("getUpdates") == []
    assert await older == OTHER_POLLER


async def test_no_polling_beside_a_webhook(world: World) -> None:
    waiting = asyncio.create_task(world.error("getUpdates", timeout=30))
    await world.until_polling()
    await world.result("setWebhook", url="http://127.0.0.1:9/hook")
    assert await waiting == WEBHOOK_ACTIVE
    assert await world.error("getUpdates") == WEBHOOK_ACTIVE
    await world.result("deleteWebhook")
    assert await world.result("getUpdates") == []


async def test_a_poller_that_hangs_up_loses_nothing(world: World) -> None:
    li = await world.person()
    poll = asyncio.create_task(world.result("getUpdates", timeout=30))
    await world.until_polling()
    poll.cancel()
    while world.sandbox.state.first_bot.updates.poller is not None:
        await asyncio.sleep(0.005)
    await world.say(li, "kept")
    assert [u["message"]["text"] for u in await world.result("getUpdates")] == ["kept"]


async def test_allowed_updates_are_remembered(world: World) -> None:
    li = await world.person()
    await world.result("getUpdates", allowed_updates=["callback_query"])
    await world.say(li, "unheard")
    assert await ids(world) == []
    await world.result("getUpdates", allowed_updates=[])
    await world.say(li, "heard")
    assert len(await ids(world)) == 1


async def test_chat_member_updates_come_only_when_asked_for(world: World) -> None:
    group = {"id": -100, "type": "group", "title": "G"}
    change = {"chat": group, "from": {"id": 5, "is_bot": False, "first_name": "X"}, "date": 1_780_000_000}
    body = {"update": {"chat_member": change}}
    assert (await world.ok("POST", "/updates", body))["update_id"] is None
    await world.result("getUpdates", allowed_updates=["chat_member"])
    assert (await world.ok("POST", "/updates", body))["update_id"] is not None


async def test_raw_updates_go_to_the_bot_as_they_are(world: World) -> None:
    group = {"id": -100123, "type": "supergroup", "title": "Staff"}
    sender = {"id": 77, "is_bot": False, "first_name": "Zhao"}
    voice = {"file_id": "x", "file_unique_id": "y", "duration": 3}
    message = {"message_id": 40, "from": sender, "chat": group, "date": 1_780_000_000, "voice": voice}
    named, bare = {"update_id": 7, "message": message}, {"update_id": 8, "message": message}
    assert (await world.ok("POST", "/updates", {"update": named}))["update_id"] == 7
    assert (await world.ok("POST", "/updates", bare))["update_id"] == 8
    assert await world.updates() == [named, bare]
    reply = await world.result("sendMessage", chat_id=-100123, text="only in private")
    assert (reply["chat"]["id"], reply["message_id"]) == (-100123, 41)


async def test_an_update_can_be_delivered_again(world: World) -> None:
    li = await world.person()
    message = await world.say(li, "once")
    update = (await world.updates())[0]
    assert update["message"] == message
    await world.ok("POST", "/updates", {"update": update})
    offset = update["update_id"] + 1
    assert await world.result("getUpdates", offset=offset) == [update]
    assert await world.result("getUpdates", offset=offset) == []


async def test_an_edited_message_changes_what_is_seen(world: World) -> None:
    li = await world.person()
    message = await world.say(li, "40L")
    edited = message | {"text": "41L", "edit_date": message["date"] + 5}
    await world.ok("POST", "/updates", {"update": {"edited_message": edited}})
    assert (await world.see(li))[-1] == edited | {"edited": True}


async def test_a_raw_private_message_brings_its_person(world: World) -> None:
    stranger = {"id": 555, "is_bot": False, "first_name": "New", "language_code": "zh"}
    chat = {"id": 555, "type": "private", "first_name": "New"}
    message = {"message_id": 9, "from": stranger, "chat": chat, "date": 1_780_000_000, "text": "hi"}
    await world.ok("POST", "/updates", {"update": {"message": message}})
    assert (await world.ok("GET", "/people"))[-1]["language_code"] == "zh"
    assert (await world.result("sendMessage", chat_id=555, text="hi"))["message_id"] == 10


async def test_an_inline_query_can_be_answered(world: World) -> None:
    li = await world.person()
    sender = {"id": li, "is_bot": False, "first_name": "Li"}
    query = {"id": "q1", "from": sender, "query": "95", "offset": ""}
    await world.ok("POST", "/updates", {"update": {"inline_query": query}})
    content = {"message_text": "x"}
    results = [{"type": "article", "id": "1", "title": "T", "input_message_content": content}]
    assert await world.result("answerInlineQuery", inline_query_id="q1", results=results) is True
    assert (await world.ok("GET", f"/people/{li}/answers"))[0]["results"] == results


ARTICLE = {
    "type": "article",
    "id": "1",
    "title": "Li",
    "input_message_content": {"message_text": "<b>Li</b>"},
}
TEXT = {"message_text": "<b>Li", "parse_mode": "HTML"}
UNANSWERABLE = [
    ([ARTICLE, ARTICLE], "RESULT_ID_DUPLICATE"),
    ([ARTICLE | {"id": str(n)} for n in range(51)], "too many inline query results specified"),
    ([ARTICLE | {"id": ""}], "RESULT_ID_EMPTY"),
    ([ARTICLE | {"id": "x" * 65}], "RESULT_ID_INVALID"),
    ([ARTICLE | {"id": 5}], "RESULT_ID_INVALID"),
    ([ARTICLE | {"title": " "}], "ARTICLE_TITLE_EMPTY"),
    (["x"], "can't parse InlineQueryResult: expected an Object"),
    ([ARTICLE | {"type": "postcard"}], "can't parse InlineQueryResult: can't find a known field \"type\""),
    (
        [ARTICLE | {"input_message_content": None}],
        "can't parse InlineQueryResult: can't find field \"input_message_content\"",
    ),
    ([ARTICLE | {"input_message_content": {"message_text": ""}}], "message text is empty"),
    ([ARTICLE | {"input_message_content": {"message_text": "x" * 4097}}], "message is too long"),
    ("{}", "can't parse results: expected an Array"),
]


@pytest.mark.parametrize(("results", "complaint"), UNANSWERABLE, ids=[words for _, words in UNANSWERABLE])
async def test_results_that_telegram_would_refuse(world: World, results: Any, complaint: str) -> None:
    await asks_inline(world, "q1")
    said = await world.error("answerInlineQuery", inline_query_id="q1", results=results)
    assert said == f"Bad Request: {complaint}"
    assert await world.result("answerInlineQuery", inline_query_id="q1", results=[ARTICLE]) is True


async def test_the_markup_of_a_result_is_read(world: World) -> None:
    await asks_inline(world, "q1")
    broken = ARTICLE | {"input_message_content": TEXT}
    said = await world.error("answerInlineQuery", inline_query_id="q1", results=[broken])
    assert "can't parse entities" in said


async def test_who_may_keep_the_answer_is_shown(world: World) -> None:
    await asks_inline(world, "q1")
    await world.result(
        "answerInlineQuery", inline_query_id="q1", results=[ARTICLE], is_personal=True, cache_time=1
    )
    (answer,) = await world.ok("GET", "/people/77/answers")
    assert (answer["is_personal"], answer["cache_time"]) == (True, 1)
    spec.require()
    spec.check_call("answerInlineQuery", {"inline_query_id": "q1", "results": [ARTICLE], "is_personal": True})


async def asks_inline(world: World, number: str) -> None:
    await world.ok("POST", "/people", {"first_name": "Li", "id": 77})
    query = {
        "id": number,
        "from": {"id": 77, "is_bot": False, "first_name": "Li"},
        "query": "zhang",
        "offset": "",
    }
    await world.ok("POST", "/updates", {"update": {"inline_query": query}})


async def test_bad_raw_updates_are_refused_with_a_sentence(world: World) -> None:
    for update in [{}, {"nonsense": {}}, {"message": 1}, {"message": {}, "poll": {}}, {"inline_query": {}}]:
        status, answer = await world.control("POST", "/updates", {"update": update})
        assert (status, answer["error"][:6]) == (400, "update")
