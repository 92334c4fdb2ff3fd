"""Edits, deletions and reactions."""

from __future__ import annotations

from typing import Any

from sandbox.methods_edit import NOT_MODIFIED
from tests.sandbox.conftest import PNG, World
from tests.sandbox.parts import inline, post, upload

CANNOT = "Bad Request: message can't be edited"


async def sent(world: World, li: int, **more: Any) -> dict[str, int]:
    message = await world.result("sendMessage", chat_id=li, text="one", **more)
    return {"chat_id": li, "message_id": message["message_id"]}


async def test_an_edit_changes_what_the_person_sees(world: World) -> None:
    li = await world.person()
    place = await sent(world, li, reply_markup=inline("A"))
    edited = await world.result("editMessageText", **place, text="<i>two</i>", parse_mode="HTML")
    assert edited["edit_date"] == int(world.clock.now)
    seen = (await world.see(li))[-1]
    assert (seen["text"], seen["edited"]) == ("two", True)
    assert "reply_markup" not in seen


async def test_the_same_again_is_refused(world: World) -> None:
    li = await world.person()
    place = await sent(world, li, reply_markup=inline("A"))
    same = {"text": "one", "reply_markup": inline("A")}
    assert await world.error("editMessageText", **place, **same) == f"Bad Request: {NOT_MODIFIED}"
    assert await world.result("editMessageText", **place, text="one", reply_markup=inline("B"))
    assert await world.error("editMessageReplyMarkup", **place, reply_markup=inline("B"))
    assert await world.result("editMessageReplyMarkup", **place)


async def test_what_cannot_be_edited(world: World) -> None:
    li = await world.person()
    own = {"chat_id": li, "message_id": 1}
    assert await world.error("editMessageText", **own, text="x") == CANNOT
    keyed = await sent(world, li, reply_markup={"keyboard": [["A"]]})
    assert await world.error("editMessageText", **keyed, text="x") == CANNOT
    gone = {"chat_id": li, "message_id": 99}
    assert await world.error("editMessageText", **gone, text="x") == "Bad Request: message to edit not found"
    plain = await sent(world, li)
    complaint = await world.error("editMessageCaption", **plain, caption="x")
    assert complaint == "Bad Request: there is no caption in the message to edit"
    complaint = await world.error("editMessageText", **plain, text="x", reply_markup={"keyboard": [["A"]]})
    assert complaint == "Bad Request: inline keyboard expected"


async def test_captions_and_media_can_be_edited(world: World) -> None:
    li = await world.person()
    photo = (await post(world, "sendPhoto", upload(chat_id=li, photo=PNG, caption="one")))["result"]
    place = {"chat_id": li, "message_id": photo["message_id"]}
    complaint = await world.error("editMessageText", **place, text="x")
    assert complaint == "Bad Request: there is no text in the message to edit"
    assert (await world.result("editMessageCaption", **place, caption="two"))["caption"] == "two"
    media = {"type": "document", "media": "attach://new"}
    form = upload(**place, media=media, new=b"a,b\n1,2\n")
    edited = (await post(world, "editMessageMedia", form))["result"]
    assert edited["document"]["file_size"] == 8
    assert "photo" not in edited
    assert "caption" not in edited


async def test_a_deleted_message_is_gone(world: World) -> None:
    li = await world.person()
    place = await sent(world, li)
    assert await world.result("deleteMessage", **place) is True
    assert await world.error("deleteMessage", **place) == "Bad Request: message to delete not found"
    assert await world.error("editMessageText", **place, text="x") == "Bad Request: message to edit not found"
    assert [m["message_id"] for m in await world.see(li)] == [1]


async def test_messages_older_than_48_hours_cannot_be_deleted(world: World) -> None:
    li = await world.person()
    place = await sent(world, li)
    world.clock.now += 48 * 3600 + 1
    complaint = await world.error("deleteMessage", **place)
    assert complaint == "Bad Request: message can't be deleted for everyone"


async def test_reactions_are_standard_emoji(world: World) -> None:
    li = await world.person()
    place = {"chat_id": li, "message_id": 1}
    thumb = [{"type": "emoji", "emoji": "👍"}]
    assert await world.result("setMessageReaction", **place, reaction=thumb) is True
    assert (await world.see(li))[0]["reactions"] == thumb
    wrong = [{"type": "emoji", "emoji": "⛽"}]
    assert await world.error("setMessageReaction", **place, reaction=wrong) == "Bad Request: REACTION_INVALID"
