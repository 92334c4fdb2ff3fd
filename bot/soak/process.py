"""A bot in a process of its own, for those who want to kill it."""

from __future__ import annotations

import asyncio
import signal
import threading
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Literal, get_args

from pydantic import SecretStr
from sqlalchemy.orm import Session

from bot.app import Forecourt, builder
from bot.commands.common import open_database
from bot.config import Settings
from bot.soak.life import Life
from crm import inbox
from crm.writer import Writer
from handlers.ask import House, Incoming
from handlers.looking import Looked
from handlers.markup import Spoken
from handlers.route import Route
from handlers.speak import Clock, Says, Speaker

READY, HELD = b"r", b"h"
Place = Literal["before", "inside", "after"]
PLACES: tuple[Place, ...] = get_args(Place)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the child runs: against which sandbox, on which database, how wrongly, and where it stands still.

    In its action number ``stops_in`` it goes no further than ``place`` and waits there to be killed: before
    the effect, with the effect in an open transaction, or with the effect committed and nothing said. 0: it
    stops in none. ``mark_first`` is the wrong design on purpose: the update is marked done in a transaction
    of its own before its effect.
    """

    api_url: str
    database_url: str
    token: str
    stops_in: int = 0
    place: Place = "before"
    mark_first: bool = False


class Held(Speaker):
    """A speaker that stands still inside one of its actions, and tells its parent that it does."""

    def __init__(
        self, plan: Plan, pipe: Connection, house: House, writer: Writer, voice: Says, clock: Clock
    ) -> None:
        super().__init__(house, writer, voice, clock)
        self._plan = plan
        self._pipe = pipe
        self._acted = 0

    async def speak(self, route: Route, incoming: Incoming) -> None:
        if self._plan.mark_first and not await self._writer.run(
            lambda session: inbox.done(session, incoming.update_id, [], now=self._clock())
        ):
            return
        await super().speak(route, incoming)

    async def say(self, update_id: int, spoken: list[Spoken]) -> None:
        self._come_to("after")
        await super().say(update_id, spoken)

    def _act(
        self, session: Session, route: Route, incoming: Incoming, looked: Looked | None
    ) -> list[Spoken] | None:
        if self._plan.mark_first:
            session.connection().exec_driver_sql(
                f"UPDATE inbox SET state = 'new' WHERE update_id = {incoming.update_id}"
            )
        self._acted += 1
        self._come_to("before")
        spoken = super()._act(session, route, incoming, looked)
        session.flush()
        self._come_to("inside")
        return spoken

    def _come_to(self, place: Place) -> None:
        if place == self._plan.place and 0 < self._plan.stops_in <= self._acted:
            self._pipe.send_bytes(HELD)
            threading.Event().wait()  # for the end of the process


class Child(Life):
    """One life of the bot."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(_live, plan)

    async def ready(self) -> None:
        """Return when the bot polls. Raises EOFError when it died first."""
        while not await self.told(READY, 1.0):
            continue

    async def held(self) -> None:
        """Return when the bot stands still inside an action. Raises EOFError when it died first."""
        while not await self.told(HELD, 1.0):
            continue

    async def told(self, mark: bytes, seconds: float) -> bool:
        """Whether the bot has told this mark within the time. Raises EOFError when it died first."""
        while await asyncio.to_thread(self.ear.poll, seconds):
            if self.ear.recv_bytes() == mark:
                return True
        return False


def _live(plan: Plan, mouth: Connection) -> None:
    asyncio.run(_serve(plan, mouth))


async def _serve(plan: Plan, mouth: Connection) -> None:
    settings = Settings(
        token=SecretStr(plan.token),
        api_url=plan.api_url,
        database_url=plan.database_url,
        lease_seconds=1,
        send_rate=1000,  # the server of the soak has no limits
        chat_seconds=0,
        round_every=86_400,
        round_delay=86_400,
    )
    house = Forecourt(settings, open_database(settings), speaker=partial(Held, plan, mouth))
    application = house.application(builder(settings))
    started, stop = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    running = asyncio.create_task(house.run(application, started, stop))
    await asyncio.wait([running, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
    mouth.send_bytes(READY)
    await running
    house.close()
