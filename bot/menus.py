"""The command menus that Telegram shows, made from the routes: for everyone, and per member of staff."""

from __future__ import annotations

from collections.abc import Sequence

from telegram import Bot, BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat

from handlers.route import Command, Route
from templates import LOCALES, label


def commands(routes: Sequence[Route], roles: frozenset[str], locale: str) -> list[BotCommand]:
    """What somebody with these roles sees, in the order of the routes."""
    return [
        BotCommand(route.on.name, label(f"command.{route.on.name}", locale))
        for route in routes
        if isinstance(route.on, Command) and route.help and route.role & roles
    ]


async def publish(bot: Bot, routes: Sequence[Route], default: str) -> None:
    """The drivers' menu: one per language, and one for every other language in the chain's own."""
    everyone = frozenset({"anyone", "driver"})
    scope = BotCommandScopeAllPrivateChats()
    await bot.set_my_commands(commands(routes, everyone, default), scope=scope)
    for locale in LOCALES:
        await bot.set_my_commands(commands(routes, everyone, locale), scope=scope, language_code=locale)


async def publish_for(
    bot: Bot, routes: Sequence[Route], chat_id: int, roles: frozenset[str], locale: str
) -> None:
    """One person's menu, in their chat: staff see their commands beside a driver's."""
    scope = BotCommandScopeChat(chat_id)
    await bot.set_my_commands(commands(routes, roles, locale), scope=scope)
