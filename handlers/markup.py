"""A laid-out reply in Telegram's own types: its keyboard, the results of an inline query, its length."""

from __future__ import annotations

import html
import re
from typing import Any

from telegram import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    KeyboardButton,
    LinkPreviewOptions,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from telegram.constants import ParseMode

from handlers.text import cut
from templates import label, render

Spoken = dict[str, Any]
TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024  # characters
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def keyboard(part: Spoken) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | None:
    """The reply keyboard, its removal, or the inline buttons; None leaves all as it is."""
    if part["keys"] is None:
        return inline(part)
    if not part["keys"]:
        return ReplyKeyboardRemove()
    rows = [
        [
            KeyboardButton(
                label(key["label"], part["locale"]),
                request_contact=key["asks"] == "contact" or None,
                request_location=key["asks"] == "location" or None,
            )
            for key in row
        ]
        for row in part["keys"]
    ]
    return ReplyKeyboardMarkup(rows, resize_keyboard=True, one_time_keyboard=True)


def article(one: dict[str, Any], locale: str) -> InlineQueryResultArticle:
    """One result of an inline query; what is posted when it is chosen is its template's text."""
    text = render(one["template"], locale, one["facts"])
    return InlineQueryResultArticle(
        one["id"],
        label("inline.title", locale, one["facts"]),
        InputTextMessageContent(fit(text, TEXT_LIMIT), ParseMode.HTML, link_preview_options=NO_PREVIEW),
        description=label("inline.about", locale, one["facts"]),
    )


def inline(part: Spoken) -> InlineKeyboardMarkup | None:
    """The buttons under the message, each label in the language of the part."""
    if not part["buttons"]:
        return None
    return InlineKeyboardMarkup(
        [[_button(button, part["locale"]) for button in row] for row in part["buttons"]]
    )


def _button(button: dict[str, Any], locale: str) -> InlineKeyboardButton:
    words = label(button["label"], locale, button["facts"])
    if button["url"]:
        return InlineKeyboardButton(words, url=button["url"])
    if button["copy"]:
        return InlineKeyboardButton(words, copy_text=CopyTextButton(button["copy"]))
    return InlineKeyboardButton(words, callback_data=button["data"])


def plain(text: str) -> str:
    """The words of a text without its markup."""
    return html.unescape(re.sub(r"</?[a-z][^<>]*>", "", text))


def fit(text: str, limit: int) -> str:
    """The text itself when Telegram takes it; else its words, cut."""
    if len(plain(text).encode("utf-16-le")) // 2 <= limit:
        return text
    return html.escape(cut(plain(text), limit - 1), quote=False) + "…"
