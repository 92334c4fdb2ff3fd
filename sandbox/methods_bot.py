"""Methods about the bot itself: who it is, its commands, names and menu button; and what a chat is."""

from __future__ import annotations

import re
from typing import Any

from sandbox.call import Call
from sandbox.errors import bad
from sandbox.registry import method

COMMAND = re.compile(r"[a-z0-9_]{1,32}")
LANGUAGE = re.compile(r"[a-z]{2}")
SCOPES = (
    "default",
    "all_private_chats",
    "all_group_chats",
    "all_chat_administrators",
    "chat",
    "chat_administrators",
    "chat_member",
)
CAN = {
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": True,
    "can_connect_to_business": False,
    "has_main_web_app": False,
    "has_topics_enabled": False,
    "allows_users_to_create_topics": False,
    "supports_guest_queries": False,
    "can_manage_bots": False,
    "supports_join_request_queries": False,
}
NAMES = {
    "Name": ("name", 64),
    "Description": ("description", 512),
    "ShortDescription": ("short_description", 120),
}


@method("getMe")
def get_me(call: Call) -> dict[str, Any]:
    return call.bot.user | CAN


@method("getChat")
def get_chat(call: Call) -> dict[str, Any]:
    gifts = (
        "unlimited_gifts",
        "limited_gifts",
        "unique_gifts",
        "premium_subscription",
        "gifts_from_channels",
    )
    chat = call.bot.chats.get(chat_id) if isinstance(chat_id := call.chat_id(), int) else None
    if chat is None or not chat.started:
        raise bad("chat not found")
    return chat.info | {
        "accent_color_id": abs(chat.info["id"]) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }


# --- commands ---------------------------------------------------------------------------------------


def _language(call: Call) -> str:
    language = call.text("language_code")
    if language and not LANGUAGE.fullmatch(language):
        raise bad("LANG_CODE_INVALID")
    return language


def _scope(call: Call) -> tuple[str, str]:
    """The key under which a menu is kept: (scope with its ids, language)."""
    scope = call.json("scope")
    language = _language(call)
    if scope is None:
        return "default", language
    kind = scope.get("type") if isinstance(scope, dict) else None
    if kind not in SCOPES:
        raise bad("can't parse BotCommandScope: unsupported type specified")
    if not kind.startswith("chat"):
        return kind, language
    chat_id = str(scope.get("chat_id", ""))
    number = int(chat_id) if chat_id.removeprefix("-").isdecimal() else chat_id
    call.state.open_chat(call.bot, number)
    user = f":{scope.get('user_id')}" if kind == "chat_member" else ""
    return f"{kind}:{number}{user}", language


@method("setMyCommands")
def set_my_commands(call: Call) -> bool:
    key = _scope(call)
    commands = call.array("commands")
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    call.bot.commands[key] = [_command(c) for c in commands]
    call.state.event("menu", 0)
    return True


def _command(command: object) -> dict[str, str]:
    if not isinstance(command, dict):
        raise bad("can't parse BotCommand: expected an Object")
    name, description = command.get("command"), command.get("description")
    if not isinstance(name, str) or not isinstance(description, str):
        raise bad("can't parse BotCommand: fields command and description must be of type String")
    name = name.removeprefix("/")
    if not COMMAND.fullmatch(name):
        raise bad("BOT_COMMAND_INVALID")
    if not 1 <= len(description.strip()) <= 256:
        raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description.strip()}


@method("getMyCommands")
def get_my_commands(call: Call) -> list[dict[str, str]]:
    return call.bot.commands.get(_scope(call), [])


@method("deleteMyCommands")
def delete_my_commands(call: Call) -> bool:
    call.bot.commands.pop(_scope(call), None)
    call.state.event("menu", 0)
    return True


# --- names ------------------------------------------------------------------------------------------


def _register_name(title: str, field: str, limit: int) -> None:
    @method(f"setMy{title}")
    def set_name(call: Call) -> bool:
        value = call.text(field)
        if len(value) > limit:
            raise bad(f"{field} must be at most {limit} characters long")
        call.bot.names[field, _language(call)] = value
        if field == "name" and value and not call.text("language_code"):
            call.bot.user["first_name"] = value
        return True

    @method(f"getMy{title}")
    def get_name(call: Call) -> dict[str, str]:
        names = call.bot.names
        default = names.get((field, ""), call.bot.user["first_name"] if field == "name" else "")
        return {field: names.get((field, _language(call))) or default}


for _title, (_field, _limit) in NAMES.items():
    _register_name(_title, _field, _limit)


# --- menu button ------------------------------------------------------------------------------------


@method("setChatMenuButton")
def set_chat_menu_button(call: Call) -> bool:
    button = call.json("menu_button") or {"type": "default"}
    kind = button.get("type") if isinstance(button, dict) else None
    if kind not in ("commands", "web_app", "default"):
        raise bad("can't parse menu button: unsupported type specified")
    if kind == "web_app" and not (button.get("text") and isinstance(button.get("web_app"), dict)):
        raise bad("MENU_BUTTON_TEXT_INVALID" if not button.get("text") else "MENU_BUTTON_URL_INVALID")
    if call.text("chat_id"):
        call.chat().menu_button = button
    else:
        call.bot.menu_button = button
    call.state.event("menu", call.integer("chat_id"))
    return True


@method("getChatMenuButton")
def get_chat_menu_button(call: Call) -> dict[str, Any]:
    own = call.chat().menu_button if call.text("chat_id") else None
    return own or call.bot.menu_button
