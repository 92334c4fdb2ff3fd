"""What a bot may send, and what Telegram says when it may not."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from tests.sandbox.conftest import PNG, TOKEN, World
from tests.sandbox.parts import inline, post, upload


async def test_a_message_reaches_the_person(world: World) -> None:
    li = await world.person()
    sent = await world.result("sendMessage", chat_id=li, text="<b>hi</b>", parse_mode="HTML")
    assert sent["text"] == "hi"
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert (await world.see(li))[-1] == sent | {"edited": False}


@pytest.mark.parametrize("how", ["json", "form", "multipart", "query"])
async def test_every_kind_of_body_is_understood(world: World, how: str) -> None:
    li = await world.person()
    params = {"chat_id": str(li), "text": "hi", "reply_markup": json.dumps(inline("A"))}
    more: dict[str, Any] = {"json": params} if how == "json" else {"data": params}
    if how == "multipart":
        parts = aiohttp.MultipartWriter("form-data")
        for name, value in params.items():
            parts.append(value).set_content_disposition("form-data", name=name)
        more = {"data": parts}
    if how == "query":
        more = {"params": params}
    verb = "GET" if how == "query" else "POST"
    async with world.http.request(verb, f"/bot{TOKEN}/sendMessage", **more) as response:
        assert (await response.json())["result"]["reply_markup"] == inline("A")


REFUSED = [
    ({"text": "x"}, "chat_id is empty"),
    ({"chat_id": "@nobody", "text": "x"}, "chat not found"),
    ({"chat_id": 77, "text": "x"}, "chat not found"),
    ({"text": ""}, "message text is empty"),
    ({"text": " \n"}, "text must be non-empty"),
    ({"text": "<b> </b>", "parse_mode": "HTML"}, "text must be non-empty"),
    ({"text": "x" * 4097}, "message is too long"),
    ({"text": "x" * 32769}, "text is too long"),
    ({"text": "x", "parse_mode": "RTF"}, "unsupported parse_mode"),
    ({"text": "x", "reply_markup": "{"}, "can't parse reply_markup JSON object"),
    ({"text": "x", "reply_markup": [1]}, "object expected as reply markup"),
    ({"text": "x", "reply_markup": inline("x" * 65)}, "BUTTON_DATA_INVALID"),
    ({"text": "x", "reply_markup": inline("好" * 22)}, "BUTTON_DATA_INVALID"),
    (
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": ""}]]}},
        "BUTTON_DATA_INVALID",
    ),
    (
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "A"}]]}},
        "text buttons are unallowed in the inline keyboard",
    ),
    (
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "A", "url": "http://localhost/"}]]}},
        "inline keyboard button URL 'http://localhost/' is invalid: Wrong HTTP URL",
    ),
    ({"text": "x", "reply_parameters": {"message_id": 999}}, "message to be replied not found"),
]


@pytest.mark.parametrize(("params", "complaint"), REFUSED)
async def test_refusals(world: World, params: dict[str, Any], complaint: str) -> None:
    li = await world.person()
    if "chat_id" not in params and complaint != "chat_id is empty":
        params = {"chat_id": li, **params}
    assert await world.error("sendMessage", **params) == f"Bad Request: {complaint}"


async def test_limits_count_after_parsing(world: World) -> None:
    li = await world.person()
    long = "<b>" + "x" * 4096 + "</b>"
    assert len((await world.result("sendMessage", chat_id=li, text=long, parse_mode="HTML"))["text"]) == 4096
    data = "好" * 21 + "x"
    assert await world.result("sendMessage", chat_id=li, text="x", reply_markup=inline(data))


async def test_who_never_started_the_bot_cannot_be_written_to(world: World) -> None:
    li = await world.person(start=False)
    assert await world.error("sendMessage", chat_id=li, text="x") == "Bad Request: chat not found"
    assert await world.error("sendChatAction", chat_id=li, action="typing") == "Bad Request: chat not found"


async def test_large_ids_work(world: World) -> None:
    li = await world.person(id=2**40)
    assert (await world.result("sendMessage", chat_id=li, text="x"))["chat"]["id"] == 2**40


async def test_reply_keyboards_are_shown_to_the_person_only(world: World) -> None:
    li = await world.person()
    keyboard = {"keyboard": [["Yes", {"text": "Phone", "request_contact": True}]], "resize_keyboard": True}
    sent = await world.result("sendMessage", chat_id=li, text="x", reply_markup=keyboard)
    assert "reply_markup" not in sent
    seen = (await world.see(li))[-1]
    assert seen["reply_keyboard"]["keyboard"][0][0] == {"text": "Yes"}
    assert "reply_markup" not in seen
    await world.result("sendMessage", chat_id=li, text="x", reply_markup={"remove_keyboard": True})
    assert (await world.see(li))[-1]["reply_keyboard"] == {"remove_keyboard": True}


async def test_a_reply_quotes_its_message(world: World) -> None:
    li = await world.person()
    first = (await world.see(li))[0]
    sent = await world.result(
        "sendMessage", chat_id=li, text="x", reply_parameters={"message_id": first["message_id"]}
    )
    assert sent["reply_to_message"]["text"] == "/start"


async def test_a_photo_can_be_sent_again_and_fetched_by_both_sides(world: World) -> None:
    li = await world.person()
    answer = await post(world, "sendPhoto", upload(chat_id=li, photo=PNG, caption="a <chart"))
    photo = answer["result"]["photo"][-1]
    assert (photo["width"], photo["height"], photo["file_size"]) == (1, 1, len(PNG))
    again = await world.result("sendPhoto", chat_id=li, photo=photo["file_id"])
    assert again["photo"][-1]["file_id"] == photo["file_id"]
    path = (await world.result("getFile", file_id=photo["file_id"]))["file_path"]
    async with world.http.get(f"/file/bot{TOKEN}/{path}") as response:
        assert await response.read() == PNG
    async with world.http.get(f"/sandbox/files/{photo['file_id']}") as response:
        assert response.content_type == "image/png"
        assert await response.read() == PNG


async def test_files_that_telegram_refuses(world: World) -> None:
    li = await world.person()
    big = b"\x89PNG\r\n\x1a\n" + b"\0" * (10 * 1024 * 1024)
    for form, code, complaint in [
        (upload(chat_id=li, photo=b"no picture"), 400, "Bad Request: IMAGE_PROCESS_FAILED"),
        (upload(chat_id=li, photo=b""), 400, "Bad Request: file must be non-empty"),
        (upload(chat_id=li, photo=big), 413, "Request Entity Too Large"),
        (upload(chat_id=li), 400, "Bad Request: there is no photo in the request"),
        (upload(chat_id=li, photo=PNG, caption="x" * 1025), 400, "Bad Request: message caption is too long"),
    ]:
        answer = await post(world, "sendPhoto", form)
        assert (answer["error_code"], answer["description"]) == (code, complaint)
    huge = await post(world, "sendDocument", upload(chat_id=li, document=b"x" * (50 * 1024 * 1024 + 1)))
    assert huge["error_code"] == 413
    assert await world.error("getFile", file_id="nothing") == "Bad Request: invalid file_id"


async def test_an_album_has_2_to_10_items_of_one_kind(world: World) -> None:
    li = await world.person()
    photo = {"type": "photo", "media": "attach://a"}

    async def album(items: list[Any]) -> dict[str, Any]:
        return await post(world, "sendMediaGroup", upload(chat_id=li, media=items, a=PNG))

    sent = (await album([photo | {"caption": "<b>x</b>", "parse_mode": "HTML"}, photo]))["result"]
    assert len(sent) == 2
    assert len({m["media_group_id"] for m in sent}) == 1
    assert sent[0]["caption"] == "x"
    assert (await album([photo] * 11))["description"] == "Bad Request: too many messages to send as an album"
    assert not (await album([photo]))["ok"]
    assert not (await album([photo, {"type": "document", "media": "attach://a"}]))["ok"]


async def test_chat_actions_are_checked(world: World) -> None:
    li = await world.person()
    assert await world.result("sendChatAction", chat_id=li, action="typing") is True
    complaint = await world.error("sendChatAction", chat_id=li, action="dancing")
    assert complaint == "Bad Request: wrong parameter action in request"


async def test_locations_copies_and_forwards(world: World) -> None:
    li = await world.person()
    place = await world.result("sendLocation", chat_id=li, latitude=31.2, longitude="121.5")
    assert place["location"] == {"latitude": 31.2, "longitude": 121.5}
    assert not (await world.api("sendLocation", chat_id=li, latitude=91, longitude=0))["ok"]
    source = {"chat_id": li, "from_chat_id": li, "message_id": 1}
    copied = await world.result("copyMessage", **source)
    assert (await world.see(li))[-1]["message_id"] == copied["message_id"]
    assert (await world.result("forwardMessage", **source))["forward_origin"]["sender_user"]["id"] == li


async def test_unknown_tokens_and_methods(world: World) -> None:
    async with world.http.get("/bot1:short/getMe") as response:
        assert (response.status, await response.json()) == (
            401,
            {"ok": False, "error_code": 401, "description": "Unauthorized"},
        )
    assert await world.error("sendDice") == "Not Found: method not found"
    assert (await world.result("GETME"))["id"] == 123456


async def test_each_token_is_a_bot_of_its_own(world: World) -> None:
    li = await world.person()
    other = "99:" + "B" * 35
    assert (await world.api("getMe", token=other))["result"]["id"] == 99
    assert (await world.api("sendMessage", token=other, chat_id=li, text="x"))["error_code"] == 400
    await world.ok("POST", f"/people/{li}/text?bot=99", {"text": "/start"})
    assert (await world.api("sendMessage", token=other, chat_id=li, text="x"))["ok"]
    assert len(await world.see(li)) == 1
