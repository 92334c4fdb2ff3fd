"""Two judges that did not write the sandbox: aiogram as a client, and the Bot API specification."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError, TelegramForbiddenError
from aiogram.types import (
    BotCommand,
    BotCommandScopeChat,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    Message,
    ReactionTypeEmoji,
    Update,
)

from tests.sandbox import spec
from tests.sandbox.conftest import PNG, TOKEN, World

MARKUP = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="A", callback_data="a")]])


@pytest.fixture
async def aiogram(world: World) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(world.sandbox.url))
    bot = Bot(TOKEN, session=session)
    yield bot
    await session.close()


async def test_aiogram_understands_every_answer(world: World, aiogram: Bot) -> None:
    li = await world.person()
    photo = BufferedInputFile(PNG, "chart.png")
    assert (await aiogram.get_me()).is_bot
    text = await aiogram.send_message(li, "<b>hi</b>", parse_mode="HTML", reply_markup=MARKUP)
    assert text.html_text == "<b>hi</b>"
    assert (await aiogram.send_photo(li, photo, caption="c")).photo
    assert (await aiogram.send_document(li, photo)).document
    album = await aiogram.send_media_group(li, [InputMediaPhoto(media=photo), InputMediaPhoto(media=photo)])
    assert len(album) == 2
    assert (await aiogram.send_location(li, 31.2, 121.4)).location
    assert await aiogram.send_chat_action(li, "typing")
    edited = await aiogram.edit_message_text("two", chat_id=li, message_id=text.message_id)
    assert isinstance(edited, Message)
    assert edited.edit_date
    assert await aiogram.set_message_reaction(li, 1, [ReactionTypeEmoji(emoji="👍")])
    scope = BotCommandScopeChat(chat_id=li)
    assert await aiogram.set_my_commands([BotCommand(command="me", description="You")], scope)
    assert (await aiogram.get_my_commands(scope))[0].command == "me"
    assert (await aiogram.get_chat(li)).type == "private"
    assert await aiogram.get_webhook_info()
    assert await aiogram.delete_message(li, text.message_id)


async def test_aiogram_understands_every_update(world: World, aiogram: Bot) -> None:
    li = await world.person(phone="13800138000")
    sent = await aiogram.send_message(li, "x", reply_markup=MARKUP)
    await world.ok("POST", f"/people/{li}/contact", {})
    await world.ok("POST", f"/people/{li}/location", {"latitude": 31, "longitude": 121})
    tapped = await world.tap(li, message_id=sent.message_id, data="a")
    await world.ok("POST", f"/people/{li}/block", {})
    contact, place, tap, blocked = await aiogram.get_updates()
    assert contact.message is not None
    assert contact.message.contact is not None
    assert contact.message.contact.user_id == li
    assert place.message is not None
    assert place.message.location is not None
    assert tap.callback_query is not None
    assert tap.callback_query.message is not None
    assert tap.callback_query.message.message_id == sent.message_id
    assert await aiogram.answer_callback_query(tapped["callback_query_id"])
    assert blocked.my_chat_member is not None
    assert blocked.my_chat_member.new_chat_member.status == "kicked"


async def test_aiogram_sees_the_right_errors(world: World, aiogram: Bot) -> None:
    li = await world.person()
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await aiogram.send_message(404, "x")
    poll = asyncio.create_task(aiogram.get_updates(timeout=20))
    await world.until_polling()
    await world.result("getUpdates")
    with pytest.raises(TelegramConflictError):
        await poll
    await world.ok("POST", f"/people/{li}/block", {})
    with pytest.raises(TelegramForbiddenError):
        await aiogram.send_message(li, "x")


# --- the specification ------------------------------------------------------------------------------


async def test_aiograms_requests_and_our_answers_fit_the_specification(world: World, aiogram: Bot) -> None:
    spec.require()
    await test_aiogram_understands_every_answer(world, aiogram)
    calls = await world.ok("GET", "/calls")
    assert len(calls) > 12
    for call in calls:
        spec.check_call(call["method"], call["params"])


async def test_answers_fit_the_specification(world: World) -> None:
    spec.require()
    li = await world.person(last_name="Wang", phone="13800138000")
    markup = MARKUP.model_dump(exclude_none=True)
    html = "<b>x</b> <a href='a.bc'>y</a> <blockquote expandable>z</blockquote> /start a@b.co https://a.bc"
    sent = await world.result("sendMessage", chat_id=li, text=html, parse_mode="HTML", reply_markup=markup)
    place = {"chat_id": li, "message_id": sent["message_id"]}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("getMe", {}),
        ("sendMessage", {"chat_id": li, "text": "x", "reply_parameters": {"message_id": 1}}),
        ("sendLocation", {"chat_id": li, "latitude": 1, "longitude": 2}),
        ("editMessageText", place | {"text": "y", "link_preview_options": {"is_disabled": True}}),
        ("forwardMessage", {"chat_id": li, "from_chat_id": li, "message_id": 1}),
        ("copyMessage", {"chat_id": li, "from_chat_id": li, "message_id": 1}),
        ("getChat", {"chat_id": li}),
        ("getWebhookInfo", {}),
        ("getMyCommands", {}),
        ("getMyName", {}),
        ("getMyDescription", {}),
        ("getMyShortDescription", {}),
        ("getChatMenuButton", {}),
        ("deleteMessage", place),
    ]
    spec.check_answer("sendMessage", sent)
    for method, params in calls:
        spec.check_call(method, params)
        spec.check_answer(method, await world.result(method, **params))


async def test_updates_fit_the_specification(world: World) -> None:
    spec.require()
    li = await world.person(phone="13800138000")
    markup = MARKUP.model_dump(exclude_none=True)
    sent = await world.result("sendMessage", chat_id=li, text="x", reply_markup=markup)
    await world.say(li, "/start st_1")
    await world.ok("POST", f"/people/{li}/contact", {})
    await world.ok("POST", f"/people/{li}/location", {"latitude": 31, "longitude": 121})
    await world.tap(li, message_id=sent["message_id"], data="a")
    await world.ok("POST", f"/people/{li}/block", {})
    await world.ok("POST", f"/people/{li}/unblock", {})
    updates = await world.updates()
    assert len(updates) == 6
    for update in updates:
        spec.check_type("Update", update)
        Update.model_validate(update)


CHAT = {"id": 1, "type": "private", "first_name": "Li"}
MESSAGE = {"message_id": 1, "date": 1_780_000_000, "chat": CHAT, "text": "x"}
BROKEN = [
    MESSAGE | {"date": 1_780_000_000_000},
    MESSAGE | {"date": "1780000000"},
    MESSAGE | {"chat": CHAT | {"type": "dm"}},
    MESSAGE | {"chat": {"id": 1}},
    MESSAGE | {"message_id": "1"},
    MESSAGE | {"entities": [{"type": "bold", "offset": 0}]},
    MESSAGE | {"entities": [{"type": "fat", "offset": 0, "length": 1}]},
    MESSAGE | {"reply_markup": {"keyboard": [[{"text": "A"}]]}},
    MESSAGE | {"photo": {"file_id": "x"}},
    MESSAGE | {"txt": "x"},
    {k: v for k, v in MESSAGE.items() if k != "chat"},
    None,
]


@pytest.mark.parametrize("broken", BROKEN)
def test_the_judge_sees_broken_answers(broken: Any) -> None:
    spec.require()
    spec.check_type("Message", MESSAGE)
    with pytest.raises(AssertionError):
        spec.check_type("Message", broken)


@pytest.mark.parametrize(
    ("method", "params", "problem"),
    [
        ("sendMessage", {"chat_id": 1}, "text: missing"),
        ("sendMessage", {"chat_id": 1, "text": 5}, "no String"),
        ("sendMessage", {"chat_id": 1, "text": "x", "silent": True}, "silent: unknown"),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": '{"inline_keyboard": [[{}]]}'}, "text"),
        ("sendMessage", {"chat_id": 1, "text": "x", "reply_markup": "nonsense"}, "no JSON"),
        ("sendMessage", {"chat_id": 1, "text": "x", "disable_notification": "maybe"}, "no Boolean"),
        ("sendPhoto", {"chat_id": 1, "photo": 5}, "photo"),
        ("sendMessages", {}, "no such method"),
    ],
)
def test_the_judge_sees_broken_requests(method: str, params: dict[str, Any], problem: str) -> None:
    spec.require()
    assert problem in "; ".join(spec.call_problems(method, params))


def test_the_judge_accepts_forms() -> None:
    spec.require()
    media = '[{"type": "photo", "media": "attach://a"}, {"type": "photo", "media": "attach://b"}]'
    file = {"file_name": "a.png", "file_size": 3}
    spec.check_call("sendMediaGroup", {"chat_id": "1", "media": media, "a": file, "b": file})
    spec.check_call("sendMessage", {"chat_id": "1", "text": "x", "disable_notification": "true"})
    spec.check_call("sendPhoto", {"chat_id": "1", "photo": file})
