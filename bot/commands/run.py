"""`forecourt run`: the bot, from the settings of the environment."""

from __future__ import annotations

import asyncio
import signal

import uvloop
from telegram.error import Conflict, InvalidToken, TelegramError

from bot import logs
from bot.app import Forecourt, builder
from bot.commands.common import console, fail, load_settings, open_database
from bot.config import Settings
from bot.demo.store import MARK
from crm import meta
from crm.db import Database

UNKNOWN_BOT = "Telegram does not know this token; copy FORECOURT_TOKEN again from @BotFather"
SECOND_POLLER = "another program is polling with this token; stop it first, then start again"


def run() -> None:
    """Run the bot: receive and answer, compute segments, send what is due. Ctrl-C stops it cleanly."""
    settings = load_settings()
    if not settings.token.get_secret_value():
        fail("FORECOURT_TOKEN is empty; set it to the token that @BotFather gave you")
    logs.set_up(settings.log_level)
    uvloop.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. A wrong token or a second poller ends with one plain line."""
    database = await asyncio.to_thread(open_database, settings)
    if await asyncio.to_thread(_holds_a_demo, database):
        fail("this folder holds the demo, which the next demo deletes; set FORECOURT_DATA_DIR to another")
    house = Forecourt(settings, database)
    stop, started = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    ready = asyncio.create_task(_say_ready(started))
    try:
        await house.run(house.application(builder(settings)), started, stop)
    except InvalidToken:
        fail(UNKNOWN_BOT)
    except Conflict:
        fail(SECOND_POLLER)
    except TelegramError as error:
        fail(f"Telegram cannot be reached at FORECOURT_API_URL: {error}")
    finally:
        ready.cancel()
        await asyncio.to_thread(house.close)


def _holds_a_demo(database: Database) -> bool:
    with database.read() as session:
        return meta.get(session, MARK) is not None


async def _say_ready(started: asyncio.Event) -> None:
    await started.wait()
    console.print("Forecourt is running. Ctrl-C stops it.")
