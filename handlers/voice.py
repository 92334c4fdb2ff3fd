"""How the bot speaks: from names and facts to a Telegram message.

A refusal by Telegram is final; a flood limit is waited out; a send that surely did not leave is tried
again; one that may have arrived is not, because a second copy is worse than a note in the log.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any

import segno
from telegram import Bot, InputFile, InputMediaPhoto, Message
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from crm import customers, errands
from crm.writer import Writer, patiently, until_it_is_back
from handlers.documents import DOCUMENTS, File
from handlers.leave import Leave, NotSent
from handlers.markup import (
    CAPTION_LIMIT,
    NO_PREVIEW,
    TEXT_LIMIT,
    Spoken,
    article,
    fit,
    inline,
    keyboard,
    plain,
)
from handlers.pictures import PICTURES
from templates import label, render

log = logging.getLogger(__name__)
UPLOAD_SECONDS = 120
INLINE_SECONDS = 1  # that Telegram may answer the same words of the same person by itself: scopes change
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, *([30.0] * 8))  # seconds between tries: four and a half minutes
STALE = ("message is not modified", "query is too old")
NO_EDIT = ("message to edit not found", "message can't be edited", "there is no text in the message")


class Voice:
    """Speaks laid-out replies through a bot."""

    def __init__(
        self,
        bot: Bot,
        writer: Writer,
        clock: Callable[[], datetime],
        publish_menu: Callable[[int, int], Awaitable[None]],
        leave: Leave,
        errand_waits: Callable[[], None] = lambda: None,
    ) -> None:
        self._bot = bot
        self._writer = writer
        self._clock = clock
        self._publish_menu = publish_menu
        self._leave = leave
        self._errand_waits = errand_waits

    async def say(self, spoken: list[Spoken]) -> None:
        """Say each part in order. Nothing that Telegram refuses stops the rest."""
        for part in spoken:
            await self._part(part)

    async def _part(self, part: Spoken) -> None:
        if part["kind"] == "menu":
            await self._aside(part["chat_id"], lambda: self._publish_menu(part["chat_id"], part["user_id"]))
        elif part["kind"] == "inline":
            await self._found(part)
        elif part["kind"] == "toast":
            await self._aside(0, lambda: self._toast(part))
        else:
            await self._message(part)

    async def _toast(self, part: Spoken) -> None:
        words = label(part["label"], part["locale"]) if part["label"] else None
        await self._bot.answer_callback_query(part["query"], text=words)

    async def _found(self, part: Spoken) -> None:
        """Answer an inline query at once or not at all: who typed on has asked anew meanwhile."""
        results = [article(one, part["locale"]) for one in part["results"]]
        answer = partial(
            self._bot.answer_inline_query, part["query"], results, cache_time=INLINE_SECONDS, is_personal=True
        )
        try:
            await self._leave.aside(answer)
        except TelegramError as error:
            if not any(phrase in str(error).lower() for phrase in STALE):
                log.warning("an inline query was not answered: %s", type(error).__name__)

    async def _message(self, part: Spoken) -> None:
        text = render(part["template"], part["locale"], part["facts"])
        if made := part.get("document"):
            file = await asyncio.to_thread(DOCUMENTS[made["maker"]], made["facts"], part["locale"])
            await self.hand_over(part["chat_id"], text, file, keyboard(part))
            return
        picture = await _picture(part)
        try:
            sent = await self._say(part, text, ParseMode.HTML, picture)
        except BadRequest as error:
            if "can't parse entities" not in str(error).lower():
                raise
            log.error("template %s is not valid for Telegram: sent as plain text", part["template"])
            sent = await self._say(part, plain(text), None, picture)
        if number := part.get("errand"):
            shown = sent.message_id if isinstance(sent, Message) else 0
            await patiently(
                lambda: self._writer.run(lambda session: errands.shown(session, number, shown)),
                until_it_is_back(),
            )
            self._errand_waits()

    async def show(self, part: Spoken) -> int | None:
        """Say one message, or edit it; its id, where Telegram told it."""
        text = render(part["template"], part["locale"], part["facts"])
        send = self._edit if part["edits"] else self._send
        sent = await self._guarded(part["chat_id"], lambda: send(part, text, ParseMode.HTML, None))
        return sent.message_id if isinstance(sent, Message) else None

    async def hand_over(self, chat_id: int, caption: str, file: File, markup: Any = None) -> None:
        """Send a file with these words (Telegram HTML) under it."""
        send = partial(
            self._bot.send_document,
            chat_id,
            InputFile(file.content, file.name),
            caption=fit(caption, CAPTION_LIMIT),
            parse_mode=ParseMode.HTML,
            reply_markup=markup,
            disable_content_type_detection=True,
            write_timeout=UPLOAD_SECONDS,
            read_timeout=UPLOAD_SECONDS,
        )
        await self._guarded(chat_id, lambda: self._leave.message(chat_id, send))

    async def _say(self, part: Spoken, text: str, mode: str | None, picture: bytes | str | None) -> Any:
        chat_id = part["chat_id"]
        if part["edits"]:
            edit = partial(self._edit, part, text, mode, picture)
            return await self._guarded(chat_id, lambda: self._leave.edit(edit))
        send = partial(self._send, part, text, mode, picture)
        return await self._guarded(chat_id, lambda: self._leave.message(chat_id, send))

    async def _aside(self, chat_id: int, send: Callable[[], Awaitable[Any]]) -> None:
        await self._guarded(chat_id, lambda: self._leave.aside(send))

    async def _send(self, part: Spoken, text: str, mode: str | None, picture: bytes | str | None) -> Message:
        markup = keyboard(part)
        if picture is not None:
            return await self._bot.send_photo(
                part["chat_id"],
                picture,
                caption=fit(text, CAPTION_LIMIT),
                parse_mode=mode,
                reply_markup=markup,
            )
        return await self._bot.send_message(
            part["chat_id"],
            fit(text, TEXT_LIMIT),
            parse_mode=mode,
            reply_markup=markup,
            link_preview_options=NO_PREVIEW,
        )

    async def _edit(
        self, part: Spoken, text: str, mode: str | None, picture: bytes | str | None
    ) -> Message | bool:
        """Put the words in the place of the tapped message; where that cannot be, say them anew."""
        try:
            return await self._replace(part, text, mode, picture)
        except BadRequest as error:
            if not any(phrase in str(error).lower() for phrase in NO_EDIT):
                raise
            return await self._send(part, text, mode, picture)

    async def _replace(
        self, part: Spoken, text: str, mode: str | None, picture: bytes | str | None
    ) -> Message | bool:
        markup = inline(part)
        if picture is not None:
            media = InputMediaPhoto(picture, caption=fit(text, CAPTION_LIMIT), parse_mode=mode)
            return await self._bot.edit_message_media(
                media, chat_id=part["chat_id"], message_id=part["edits"], reply_markup=markup
            )
        return await self._bot.edit_message_text(
            fit(text, TEXT_LIMIT),
            chat_id=part["chat_id"],
            message_id=part["edits"],
            parse_mode=mode,
            reply_markup=markup,
            link_preview_options=NO_PREVIEW,
        )

    async def _guarded(self, chat_id: int, send: Callable[[], Awaitable[Any]]) -> Any:
        """What Telegram answered; None where it refused, or where the words may not have arrived."""
        for pause in PAUSES:
            try:
                return await send()
            except RetryAfter:
                continue  # the pace knows for how long
            except Forbidden:
                await self._writer.run(lambda session: customers.set_reachable(session, chat_id, False))
                return None
            except NotSent:
                await asyncio.sleep(pause)
            except BadRequest as error:
                if "can't parse entities" in str(error).lower():
                    raise
                return _note_refusal(error)
            except TelegramError as error:
                log.warning("a reply may not have arrived: %s", type(error).__name__)
                return None
        log.error("a reply could not be sent after %d tries", len(PAUSES))
        return None


def _note_refusal(error: BadRequest) -> None:
    if not any(phrase in str(error).lower() for phrase in STALE):
        log.warning("Telegram refused a reply: %s", error)


async def _picture(part: Spoken) -> bytes | str | None:
    """A picture that is drawn, or the file_id of one that Telegram has."""
    if part.get("photo"):
        return str(part["photo"])
    if part["qr"]:
        image = io.BytesIO()
        segno.make(part["qr"], error="m").save(image, kind="png", scale=8, border=3)
        return image.getvalue()
    if part["picture"]:
        draw = PICTURES[part["picture"]["name"]]
        return await asyncio.to_thread(draw, part["picture"]["facts"], part["locale"])
    return None
