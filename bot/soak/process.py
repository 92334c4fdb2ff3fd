"""A bot in a process of its own, for those who want to kill it."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

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

BEGIN, END, READY = b"b", b"e", b"r"


@dataclass(frozen=True, slots=True)
class Plan:
    """How the child runs: against which sandbox, on which database, how slowly, how wrongly.

    ``slow`` seconds pass inside each transaction, before and after the effect. ``mark_first`` is the
    wrong design on purpose: the update is marked done in a transaction of its own before its effect.
    """

    api_url: str
    database_url: str
    token: str
    slow: float = 0.0
    mark_first: bool = False


class Marked(Speaker):
    """A speaker that tells its parent when it is inside an action, and takes its time there."""

    def __init__(
        self, plan: Plan, pipe: Connection, house: House, writer: Writer, voice: Says, clock: Clock
    ) -> None:
        super().__init__(house, writer, voice, clock)
        self._plan = plan
        self._pipe = pipe

    async def speak(self, route: Route, incoming: Incoming) -> None:
        if self._plan.mark_first and not await self._writer.run(
            lambda session: inbox.done(session, incoming.update_id, [], now=self._clock())
        ):
            return
        await super().speak(route, incoming)
        self._pipe.send_bytes(END)

    def _act(
        self, session: Session, route: Route, incoming: Incoming, looked: Looked | None
    ) -> list[Spoken] | None:
        if self._plan.mark_first:
            session.connection().exec_driver_sql(
                f"UPDATE inbox SET state = 'new' WHERE update_id = {incoming.update_id}"
            )
        self._pipe.send_bytes(BEGIN)
        time.sleep(self._plan.slow)
        spoken = super()._act(session, route, incoming, looked)
        session.flush()
        time.sleep(self._plan.slow)
        return spoken


class Child(Life):
    """One life of the bot."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(_live, plan)

    async def ready(self, seconds: float = 60) -> None:
        """Return when the bot polls. Raises TimeoutError, or EOFError when it died first."""
        async with asyncio.timeout(seconds):
            while await self.next_mark() != READY:
                continue

    async def next_mark(self) -> bytes:
        return await asyncio.to_thread(self.ear.recv_bytes)


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
    house = Forecourt(settings, open_database(settings), speaker=partial(Marked, plan, mouth))
    application = house.application(builder(settings))
    started, stop = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    running = asyncio.create_task(house.run(application, started, stop))
    await asyncio.wait([running, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
    mouth.send_bytes(READY)
    await running
    house.close()
