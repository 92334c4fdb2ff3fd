"""A small bot for the page tests: long polling over plain HTTP, a fixed answer to each thing said."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

TOKEN = "4242:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
KEYBOARD = {
    "keyboard": [[{"text": "Share my phone", "request_contact": True}], [{"text": "Not now"}]],
    "resize_keyboard": True,
}
FORMATTED = (
    "Hi \U0001f389 <b>bold <i>both</i></b> <u>under</u> <s>gone</s> <code>x = 1</code> "
    "<tg-spoiler>secret</tg-spoiler> <a href='https://example.org/a?b=1'>site</a>\n"
    "<blockquote>quoted</blockquote>\n<pre>two\nlines</pre>"
)
QUOTED = "<blockquote expandable>" + "\n".join(f"line {n}" for n in range(12)) + "</blockquote>"
BUTTONS = {
    "inline_keyboard": [
        [{"text": "Quiet", "callback_data": "quiet"}, {"text": "Loud", "callback_data": "loud"}],
        [{"text": "Poster", "url": "https://t.me/some_bot?start=st_012"}],
        [{"text": "Code", "copy_text": {"text": "SAVE-10"}}],
    ]
}


class PageBot:
    """Echoes texts; /format, /buttons, /keys and /photo show what the page must be able to draw."""

    def __init__(self, address: str, session: aiohttp.ClientSession, photo: bytes) -> None:
        self.root = f"{address}/bot{TOKEN}"
        self.session = session
        self.photo = photo

    async def call(self, method: str, **parameters: Any) -> Any:
        """The result of a method; raises ValueError with the server's description after a refusal."""
        async with self.session.post(f"{self.root}/{method}", json=parameters) as response:
            return _result(await response.json())

    async def run(self) -> None:
        commands = [{"command": "format", "description": "Every format"}]
        commands.append({"command": "buttons", "description": "Inline buttons"})
        await self.call("setMyCommands", commands=commands)
        offset = 0
        while True:
            for update in await self.call("getUpdates", offset=offset, timeout=20):
                offset = update["update_id"] + 1
                await self.answer(update)

    async def answer(self, update: dict[str, Any]) -> None:
        if query := update.get("callback_query"):
            await self.tapped(query)
        elif message := update.get("message"):
            await self.heard(message["chat"]["id"], message)

    async def tapped(self, query: dict[str, Any]) -> None:
        loud = query["data"] == "loud"
        await self.call(
            "answerCallbackQuery",
            callback_query_id=query["id"],
            text=f"You took {query['data']}",
            show_alert=loud,
        )
        message = query["message"]
        await self.call(
            "editMessageText",
            chat_id=message["chat"]["id"],
            message_id=message["message_id"],
            text=f"Taken: {query['data']}",
        )

    async def heard(self, chat: int, message: dict[str, Any]) -> None:
        text = message.get("text", "")
        if text == "/format":
            await self.call("sendMessage", chat_id=chat, text=FORMATTED, parse_mode="HTML")
        elif text == "/quote":
            await self.call("sendMessage", chat_id=chat, text=QUOTED, parse_mode="HTML")
        elif text == "/buttons":
            await self.call("sendMessage", chat_id=chat, text="Choose", reply_markup=BUTTONS)
        elif text == "/keys":
            await self.call("sendMessage", chat_id=chat, text="Your phone?", reply_markup=KEYBOARD)
        elif text == "/photo":
            await self.send_photo(chat)
        else:
            await self.call("sendMessage", chat_id=chat, text=_echo(message), reply_markup=_after(message))

    async def send_photo(self, chat: int) -> None:
        form = aiohttp.FormData()
        form.add_field("chat_id", str(chat))
        form.add_field("caption", "A chart")
        form.add_field("photo", self.photo, filename="chart.png", content_type="image/png")
        async with self.session.post(f"{self.root}/sendPhoto", data=form) as response:
            _result(await response.json())


def _result(answer: dict[str, Any]) -> Any:
    if not answer["ok"]:
        raise ValueError(json.dumps(answer))
    return answer["result"]


def _after(message: dict[str, Any]) -> dict[str, Any]:
    return {"remove_keyboard": True} if "contact" in message else {"inline_keyboard": []}


def _echo(message: dict[str, Any]) -> str:
    sender = message["from"]
    if contact := message.get("contact"):
        whose = "own" if contact.get("user_id") == sender["id"] else "other"
        return f"{whose} contact {contact['phone_number']}"
    if place := message.get("location"):
        return f"at {place['latitude']:.2f} {place['longitude']:.2f}"
    if document := message.get("document"):
        return f"document {document['file_name']} of {document['file_size']} bytes"
    if photo := message.get("photo"):
        return f"photo {photo[-1]['width']}x{photo[-1]['height']}"
    return f"{sender['first_name']} said {message.get('text')}"


@contextlib.asynccontextmanager
async def running_bot(address: str, photo: bytes) -> AsyncIterator[PageBot]:
    """The bot polls while the block lasts; if it broke meanwhile, the block ends with its error."""
    async with aiohttp.ClientSession() as session:
        bot = PageBot(address, session, photo)
        task = asyncio.create_task(bot.run())
        try:
            yield bot
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
