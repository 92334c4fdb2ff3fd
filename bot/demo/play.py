"""The demo's life: the sandbox first, then the chain, then the bot, until somebody ends it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from sqlalchemy import make_url

from bot.app import Forecourt, builder
from bot.commands.common import load_settings, open_database
from bot.config import Settings
from bot.demo.chain import Chain, invent
from bot.demo.data import CURRENCY, brand
from bot.demo.folder import clear
from bot.demo.register import Chatter
from bot.demo.store import mark, store
from bot.demo.written import write_down
from crm.db import Database
from sandbox.run import Sandbox, running
from sandbox.state import State
from segmentation.refitting import refit
from segmentation.refresh import refresh

TOKEN = "7000000001:forecourt-demo-forecourt-demo-forecourt"  # noqa: S105 - the sandbox takes any
ROUND_EVERY = 8.0  # seconds
LAST_NIGHT = timedelta(hours=12)

Tell = Callable[[str, int, int], None]  # step, how far, of how much (0: nobody knows)
STEPS = ("Opening the data folder", "Inventing the chain", "Storing its fill-ups", "Computing segments")


class Stopped(Exception):
    """Somebody ended the demo while it was loading."""


@dataclass(frozen=True)
class Demo:
    """What to play with: ``tell`` hears of every step, ``ready`` of the page's address.

    ``wait`` seconds pass between the bot's start and the first round of messages: time to change something.
    """

    port: int
    customers: int
    seed: int
    tell: Tell
    ready: Callable[[str], None]
    wait: float
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Serve until ``stop``. Raises OSError when the port is taken, folder.NotOurs.

        A thread may still compute when it returns; what it does is nobody's concern any more.
        """
        async with running(port=self.port) as sandbox:
            now = datetime.now(UTC)
            settings = load_settings(**_overrides(sandbox.url, self.wait))
            loaded = await self._load(settings, now)
            if loaded is None:
                return
            database, chain = loaded
            place = settings.model_copy(update={"timezone": chain.calendar.zone})
            house = Forecourt(place, database)
            try:
                seat(sandbox.state, chain.register.chatters)
                await self._serve(house, place, sandbox)
            finally:
                await asyncio.to_thread(house.close)

    async def _load(self, settings: Settings, now: datetime) -> tuple[Database, Chain] | None:
        """Load in a thread. It looks up at every step, but a step of a large chain takes many seconds: the
        end of the demo does not wait for it."""
        ending = threading.Event()
        loading = asyncio.create_task(asyncio.to_thread(self._loaded, settings, now, ending))
        stopping = asyncio.create_task(self.stop.wait())
        await asyncio.wait([loading, stopping], return_when=asyncio.FIRST_COMPLETED)
        ending.set()
        stopping.cancel()
        if self.stop.is_set():
            loading.add_done_callback(_left_alone)
            return None
        return await loading

    def _loaded(self, settings: Settings, now: datetime, ending: threading.Event) -> tuple[Database, Chain]:
        def step(number: int, done: int = 0, total: int = 0) -> None:
            if ending.is_set():
                raise Stopped
            self.tell(STEPS[number], done, total)

        step(0)
        clear(Path(str(make_url(settings.database).database)), now)
        database = open_database(settings)
        try:
            mark(database, self.seed)
            step(1)
            chain = invent(self.seed, now, self.customers)
            store(database, chain, lambda done, total: step(2, done, total))
            _segment(database, chain, lambda: step(3))
            write_down(database, chain.calendar)
            step(3, 1, 1)
        except BaseException:
            database.close()
            raise
        return database, chain

    async def _serve(self, house: Forecourt, settings: Settings, sandbox: Sandbox) -> None:
        started = asyncio.Event()
        application = house.application(builder(settings))
        bot = asyncio.create_task(house.run(application, started, self.stop))
        polling = asyncio.create_task(_polling(started, sandbox.state))
        await asyncio.wait([bot, polling], return_when=asyncio.FIRST_COMPLETED)
        polling.cancel()
        if not bot.done() and not self.stop.is_set():
            sandbox.ready = True
            self.ready(f"{sandbox.url}/")
        await bot


def _left_alone(loading: asyncio.Task[tuple[Database, Chain]]) -> None:
    """Nobody asks any more what came of it."""
    if not loading.cancelled():
        loading.exception()


async def _polling(started: asyncio.Event, state: State) -> None:
    await started.wait()
    while state.first_bot.updates.poller is None:
        await asyncio.sleep(0.02)


def _overrides(url: str, wait: float) -> dict[str, Any]:
    return {
        "token": SecretStr(TOKEN),
        "api_url": url,
        "admin_id": None,
        "chain_name": brand(),
        "currency": CURRENCY,
        "country": "CN",
        "locale": "zh",
        "trust_self_reported": True,
        "round_every": ROUND_EVERY,
        "round_delay": wait,
        "send_rate": 30,
    }


def _segment(database: Database, chain: Chain, look_up: Callable[[], None]) -> None:
    """The fit of last month's end, and the runs of that day, to compare with, and of last night: what
    happened today is news."""
    yesterday = chain.calendar.today - timedelta(days=1)
    refit(database, as_of=yesterday, now=chain.calendar.now - LAST_NIGHT, trust=True)
    look_up()
    for as_of in (yesterday.replace(day=1) - timedelta(days=1), yesterday):
        refresh(
            database,
            as_of=as_of,
            now=chain.calendar.now - LAST_NIGHT - (yesterday - as_of),
            trust_self_reported=True,
            zone=ZoneInfo(chain.calendar.zone),
            progress=lambda _stage, _rows: look_up(),
        )


def seat(state: State, chatters: list[Chatter]) -> None:
    """Put people into the sandbox as if they had talked to the bot before."""
    for who in chatters:
        fields = {
            name: getattr(who, name)
            for name in ("id", "first_name", "last_name", "language_code", "phone", "role", "hint")
        }
        person = state.add_person({name: value for name, value in fields.items() if value})
        chat = state.chat_of(state.first_bot, person)
        chat.started, chat.blocked = True, who.blocked
