"""The outreach sender's voice: one message through a Bot, and what may have happened when it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.config import Settings
from bot.telegram import AioRequest
from handlers.voice import NO_PREVIEW, TEXT_LIMIT, NotSent, fit, plain, seconds
from outreach.messenger import Buttons
from outreach.outcome import Outcome, SendFailed, no_answer, not_sent, of_answer


class TelegramMessenger:
    """Outreach's Messenger on PTB's Bot."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def send(self, chat_id: int, text: str, buttons: Buttons) -> int:
        try:
            return await self._send(chat_id, text, buttons, ParseMode.HTML)
        except BadRequest as error:
            if "can't parse entities" not in str(error).lower():
                raise failure(error) from error
        except TelegramError as error:
            raise failure(error) from error
        try:  # a definite refusal of the markup: the words alone are safe to send
            return await self._send(chat_id, plain(text), buttons, None)
        except TelegramError as error:
            raise failure(error) from error

    async def _send(self, chat_id: int, text: str, buttons: Buttons, mode: ParseMode | None) -> int:
        rows = [
            [InlineKeyboardButton(each.label, callback_data=each.data) for each in row] for row in buttons
        ]
        message = await self._bot.send_message(
            chat_id,
            fit(text, TEXT_LIMIT),
            parse_mode=mode,
            reply_markup=InlineKeyboardMarkup(rows) if rows else None,
            link_preview_options=NO_PREVIEW,
        )
        return message.message_id


def failure(error: TelegramError) -> SendFailed:
    """PTB's error as an outcome. BadRequest and TimedOut are NetworkErrors to PTB, so the order counts."""
    match error:
        case RetryAfter():
            return SendFailed(Outcome.RETRY_AFTER, error.message, seconds(error))
        case Forbidden():
            return of_answer(403, error.message)
        case InvalidToken():
            return of_answer(401, error.message)
        case Conflict():
            return of_answer(409, error.message)
        case BadRequest() | ChatMigrated():
            return of_answer(400, error.message)
        case NotSent():
            return not_sent(error.message)
    return no_answer(f"{type(error).__name__}: {error.message}")


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
