"""The outreach sender's voice: one message to the Bot API, and what may have happened when it fails.

It speaks through our transport without PTB's objects: making and reading them costs more than the message.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telegram import Bot
from telegram.constants import ParseMode
from telegram.error import TelegramError

from bot.config import Settings
from bot.telegram import AioRequest
from handlers.leave import NotSent
from handlers.markup import CAPTION_LIMIT, TEXT_LIMIT, fit, plain
from outreach.messenger import Buttons
from outreach.outcome import Outcome, SendFailed, no_answer, not_sent, of_answer


class TelegramMessenger:
    """Outreach's Messenger on a bot's own transport. Raises TypeError for a bot on another one."""

    def __init__(self, bot: Bot) -> None:
        if not isinstance(bot.request, AioRequest):
            raise TypeError(f"campaigns are sent over AioRequest, not {type(bot.request).__name__}")
        self._request = bot.request
        self._url = f"{bot.base_url}/sendMessage"
        self._photo_url = f"{bot.base_url}/sendPhoto"

    async def send(
        self, chat_id: int, text: str, buttons: Buttons, *, photo: str | None = None, paid: bool = False
    ) -> int:
        url = self._photo_url if photo else self._url
        body = _address(chat_id, buttons) | ({"allow_paid_broadcast": True} if paid else {})
        try:
            return await self._post(url, body | _content(text, photo) | {"parse_mode": ParseMode.HTML})
        except SendFailed as failure:
            if failure.outcome is not Outcome.FAILED or not broken(failure.detail):
                raise
        # A definite refusal of the markup: the words alone are safe to send.
        return await self._post(url, body | _content(plain(text), photo))

    async def _post(self, url: str, body: dict[str, Any]) -> int:
        try:
            status, answer = await self._request.call(url, body)
        except NotSent as error:
            raise not_sent(error.message) from error
        except TelegramError as error:
            raise no_answer(f"{type(error).__name__}: {error.message}") from error
        return message_id(status, answer)


def _address(chat_id: int, buttons: Buttons) -> dict[str, Any]:
    rows = [[{"text": each.label, "callback_data": each.data} for each in row] for row in buttons]
    return {"chat_id": chat_id} | ({"reply_markup": {"inline_keyboard": rows}} if rows else {})


def _content(text: str, photo: str | None) -> dict[str, Any]:
    if photo:
        return {"photo": photo, "caption": fit(text, CAPTION_LIMIT)}
    return {"text": fit(text, TEXT_LIMIT), "link_preview_options": {"is_disabled": True}}


def broken(description: str) -> bool:
    return "can't parse entities" in description.lower()


def message_id(status: int, answer: dict[str, Any]) -> int:
    """The id in a Bot API's answer. Raises SendFailed for what is not a message taken."""
    match answer:
        case {"ok": True, "result": {"message_id": int(number)}}:
            return number
        case {"ok": True}:
            raise no_answer("an answer without a message")
    parameters = answer.get("parameters") or {}
    raise of_answer(status, str(answer.get("description", "")), parameters.get("retry_after"))


@asynccontextmanager
async def messenger(settings: Settings) -> AsyncIterator[TelegramMessenger]:
    """A messenger with a bot of its own, for commands of the terminal. Raises TelegramError at the start."""
    bot = Bot(
        settings.token.get_secret_value(),
        base_url=f"{settings.api_url.rstrip('/')}/bot",
        base_file_url=f"{settings.api_url.rstrip('/')}/file/bot",
        request=AioRequest(),
        get_updates_request=AioRequest(1),
    )
    await bot.initialize()
    try:
        yield TelegramMessenger(bot)
    finally:
        await bot.shutdown()
