"""The life of broadcasts in the running bot: what is due is done, and who watches sees how far it is."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.standing import Standstill
from crm.broadcasts import Broadcast, Screen
from handlers.broadcast_card import limits, live, terms, waits_again
from handlers.route import Reply
from handlers.speak import said
from handlers.voice import Voice
from outreach.running import advance
from templates import render

if TYPE_CHECKING:
    from bot.app import Forecourt

log = logging.getLogger(__name__)
LOOKS_EVERY = 0.5  # seconds
SHOWN_EVERY = 3.0  # seconds between two edits of one message, unless the broadcast moved on
COUNTED_SHARE = 20  # of a large ledger: counting it takes at most a twentieth of the time
LIVE = ("running", "paused")
OVER = ("stopped", "done")
ALOUD = ("errors", "stars", "grown", "drafter")  # a new message, which rings
AGAIN = and_(Broadcast.stands == "waiting", Broadcast.why.is_not(None))  # approved, and yet it waits


@dataclass(frozen=True, slots=True)
class Due:
    """A message to bring up to date."""

    broadcast: int
    chat_id: int
    message_id: int | None
    locale: str
    stands: str
    reply: Reply


class Board:
    """Looks twice a second, edits gently. What was shown stands here alone: a start shows all anew."""

    def __init__(self, house: Forecourt, voice: Voice) -> None:
        self._house = house
        self._voice = voice
        self._shown: dict[tuple[int, int], tuple[float, str, str]] = {}  # when, stands, words
        self._rest = SHOWN_EVERY
        self._stopping = threading.Event()
        self._standstill = Standstill(house, voice)

    async def run(self) -> None:
        """For ever, or until cancelled. A database that is away is waited for."""
        try:
            while True:
                try:
                    await self.look()
                except SQLAlchemyError as error:
                    log.warning("broadcasts are not looked at for now: %s", type(error).__name__)
                except Exception:
                    log.exception("a broadcast could not be seen to; it is tried again")
                await asyncio.sleep(LOOKS_EVERY)
        finally:
            self._stopping.set()

    async def look(self) -> None:
        """Do what is due, unless the database looks restored; wake the sender, and show what began."""
        if not await self._standstill.holds() and await asyncio.to_thread(self._advance):
            self._house.wake_sender()
        for due in await asyncio.to_thread(self._due):
            await self._show(due)

    def _advance(self) -> bool:
        house = self._house
        with house.database.read() as session:
            known = terms(session, house.house)
        return bool(advance(house.database, known, limits(house.house), house.clock(), self._stopping.is_set))

    def _due(self) -> list[Due]:
        house, now = self._house, time.monotonic()
        found = []
        with house.database.read() as session:
            rows = session.execute(
                select(Screen, Broadcast)
                .join(Broadcast, Broadcast.id == Screen.broadcast_id)
                .where(Screen.over.is_(False), or_(Broadcast.stands.in_((*LIVE, *OVER)), AGAIN))
            ).all()
            for screen, broadcast in rows:
                at, stands, _ = self._shown.get((broadcast.id, screen.chat_id), (0.0, "", ""))
                if stands == broadcast.stands and now - at < self._rest:
                    continue
                reply = self._reply(session, broadcast)
                found.append(
                    Due(
                        broadcast.id,
                        screen.chat_id,
                        screen.message_id,
                        screen.locale,
                        broadcast.stands,
                        reply,
                    )
                )
        self._rest = max(SHOWN_EVERY, COUNTED_SHARE * (time.monotonic() - now))
        return found

    def _reply(self, session: Session, broadcast: Broadcast) -> Reply:
        if broadcast.stands == "waiting":
            return waits_again(broadcast)
        return live(session, broadcast, self._house.house, self._house.clock())

    async def _show(self, due: Due) -> None:
        key = (due.broadcast, due.chat_id)
        words = render(due.reply.template, due.locale, due.reply.facts)
        _, stands, before = self._shown.get(key, (0.0, "", ""))
        message = due.message_id
        if (stands, words) != (due.stands, before):
            aloud = stands != due.stands and due.reply.facts["why"] in ALOUD
            edits = None if aloud else due.message_id
            told = await self._voice.show(said(due.reply, due.chat_id, due.locale, edits))
            message = edits or told
        self._shown[key] = (time.monotonic(), due.stands, words)
        over = due.stands in OVER and not due.reply.facts["states"].get("queued")
        if message != due.message_id or over:
            await self._house.writer.run(lambda session: _keep(session.get(Screen, key), message, over))
        if over:
            del self._shown[key]


def _keep(screen: Screen | None, message: int | None, over: bool) -> None:
    if screen is not None:
        screen.message_id = message
        screen.over = over
