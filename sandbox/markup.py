"""Keyboards: what is accepted, and which of the two places it lives in (message or chat)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox.errors import bad
from sandbox.links import checked_link

Markup = dict[str, Any]

ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
STYLES = ("danger", "success", "primary")
MAX_BUTTONS = 100


def check_markup(markup: object, *, inline_only: bool = False) -> tuple[Markup | None, Markup | None]:
    """`(inline keyboard, reply keyboard)` of a reply_markup parameter; an empty inline keyboard is none."""
    if markup is None or markup == "":
        return None, None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if not markup:
        return None, None
    if "inline_keyboard" in markup:
        rows = [[_inline(b) for b in row] for row in _rows(markup, "inline_keyboard")]
        rows = [row for row in rows if row]
        return ({"inline_keyboard": rows} if rows else None), None
    if inline_only:
        raise bad("inline keyboard expected")
    if "keyboard" in markup:
        rows = [[_button(b) for b in row] for row in _rows(markup, "keyboard")]
        return None, markup | {"keyboard": rows}
    for name in ("remove_keyboard", "force_reply"):
        if name in markup:
            return (None, markup) if markup[name] is True else (None, None)
    raise bad("can't parse reply keyboard markup: unknown kind of markup")


def _rows(markup: Markup, name: str) -> list[list[Any]]:
    rows = markup[name]
    if not isinstance(rows, list):
        raise bad(f'field "{name}" must be of type Array')
    if not all(isinstance(row, list) for row in rows):
        raise bad(f'field "{name}" must be an Array of Arrays')
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise bad("reply markup is too long")
    return rows


def _label(button: Markup, kind: str) -> None:
    text = button.get("text")
    if not isinstance(text, str):
        raise bad(f'can\'t parse {kind} button: field "text" must be of type String')
    if not text.strip():
        raise bad(f"{kind} button text must be non-empty")
    if (style := button.get("style")) is not None and style not in STYLES:
        raise bad(f"can't parse {kind} button: unsupported style specified")


def _inline(button: object) -> Markup:
    if not isinstance(button, dict):
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    _label(button, "inline keyboard")
    actions = [a for a in ACTIONS if a in button and button[a] is not None]
    if not actions:
        raise bad("text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad("can't parse inline keyboard button: exactly one optional field must be used")
    action, value = actions[0], button[actions[0]]
    if action == "callback_data":
        _callback_data(value)
    elif action == "url":
        value = _url(value)
    elif action == "web_app":
        _web_app(value, "inline keyboard")
    elif action == "copy_text":
        text = value.get("text") if isinstance(value, dict) else None
        if not isinstance(text, str) or not 1 <= len(text) <= 256:
            raise bad("BUTTON_COPY_TEXT_INVALID")
    return {k: v for k, v in button.items() if v is not None} | {action: value}


def _callback_data(data: object) -> None:
    if not isinstance(data, str):
        raise bad('can\'t parse inline keyboard button: field "callback_data" must be of type String')
    if not 1 <= len(data.encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")


def _url(url: object) -> str:
    if not isinstance(url, str):
        raise bad('can\'t parse inline keyboard button: field "url" must be of type String')
    checked = url if url.startswith("tg://user?id=") else checked_link(url)
    if checked is None:
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    return checked


def _web_app(value: object, kind: str) -> None:
    """HTTPS, or plain HTTP on this machine, as Telegram's test servers allow it."""
    url = value.get("url") if isinstance(value, dict) else None
    if not isinstance(url, str):
        raise bad(f'can\'t parse {kind} button: field "url" of web_app must be of type String')
    parts = urlsplit(url)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise bad(f"{kind} button Web App URL '{url}' is invalid: Only HTTPS links are allowed")


def _button(button: object) -> Markup:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict):
        raise bad("can't parse keyboard button: KeyboardButton must be a String or an Object")
    _label(button, "keyboard")
    for name in ("request_contact", "request_location"):
        if not isinstance(button.get(name, False), bool):
            raise bad(f'can\'t parse keyboard button: field "{name}" must be of type Boolean')
    if "web_app" in button:
        _web_app(button["web_app"], "keyboard")
    return button


def buttons(markup: Markup | None) -> list[Markup]:
    """Every button of either kind of keyboard, row after row."""
    if not markup:
        return []
    rows: list[list[Markup]] = markup.get("inline_keyboard") or markup.get("keyboard") or []
    return [button for row in rows for button in row]
