"""Carries out errands, one after another, and brings what was fetched; begun again after a stop."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm import audit, errands
from crm.errands import Errand
from crm.writer import patiently, until_it_is_back
from handlers.ask import Who
from handlers.errands import Brought, Fetching, under_way
from handlers.people import known
from handlers.route import Reply
from handlers.speak import said
from handlers.voice import Voice
from handlers.work import WORK
from templates import render

if TYPE_CHECKING:
    from bot.app import Forecourt

log = logging.getLogger(__name__)
T = TypeVar("T")
LOOKED_FOR_EVERY = 30.0  # seconds, should nobody say that one waits
SHOWN_EVERY = 3.0  # seconds between two tellings of how far it is
AUDITED_AT_ONCE = 2000


class Stopped(Exception):
    """The bot stops; the errand is begun again at the next start."""


class Errands:
    """The errands of one bot. ``poke`` says that one waits."""

    def __init__(self, house: Forecourt, voice: Voice) -> None:
        self._house = house
        self._voice = voice
        self._wake = asyncio.Event()
        self._stopping = threading.Event()

    def poke(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """For ever, or until cancelled."""
        try:
            while True:
                self._wake.clear()
                try:
                    while (errand := await asyncio.to_thread(self._next)) is not None:
                        await self._carry_out(errand)
                except OperationalError as error:
                    log.warning("no errands for now: %s", type(error).__name__)
                except Stopped:
                    raise
                except Exception:
                    log.exception("an errand was not carried out; it is begun again")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), LOOKED_FOR_EVERY)
        finally:
            self._stopping.set()

    def _next(self) -> Errand | None:
        with self._house.database.read() as session:
            found = errands.next_one(session)
            session.expunge_all()  # the row stays readable after the session
            return found

    async def _carry_out(self, errand: Errand) -> None:
        work, who = WORK[errand.kind], await asyncio.to_thread(self._who, errand)
        if not work.role & who.roles:
            await self._write(lambda session: audit.note(
                session, errand.user_id, "refused", now=self._house.clock(), detail=errand.kind
            ))  # fmt: skip
            return await self._settle(errand, who, Reply("replies/not_for_you"), "refused")
        try:
            brought = await self._fetched(errand, who)
        except Stopped:
            raise
        except Exception:
            reference = secrets.token_hex(3).upper()
            log.exception("errand %d failed, reference %s", errand.id, reference)
            return await self._settle(errand, who, Reply("replies/sorry", {"reference": reference}), "failed")
        await self._audited(errand, brought)
        if brought.file is None:
            return await self._settle(errand, who, brought.reply, "brought")
        words = render(brought.reply.template, who.locale, brought.reply.facts)
        await self._voice.hand_over(errand.chat_id, words, brought.file)
        return await self._settle(errand, who, Reply("replies/errand_brought"), "brought")

    def _who(self, errand: Errand) -> Who:
        with self._house.database.read() as session:
            who = known(session, errand.user_id, errand.chat_id, self._house.house)
            session.expunge_all()
            return who

    async def _fetched(self, errand: Errand, who: Who) -> Brought:
        """Fetch it in a thread, and meanwhile say how far it is."""
        house, so_far = self._house, [0]

        def tell(done: int) -> None:
            if self._stopping.is_set():
                raise Stopped
            so_far[0] = done

        asked = Fetching(house.database, who, house.house, house.clock(), errand.facts, tell)
        task = asyncio.create_task(asyncio.to_thread(WORK[errand.kind].fetch, asked))
        told = 0
        while not (await asyncio.wait([task], timeout=SHOWN_EVERY))[0]:
            if so_far[0] != told:
                told = so_far[0]
                facts = under_way(errand.kind, told, errand.facts["total"])
                await self._say(errand, who, Reply("replies/errand_under_way", facts))
        return task.result()

    async def _audited(self, errand: Errand, brought: Brought) -> None:
        """One row per person, before anything is shown; in pieces, so that nobody waits for it."""
        note: Callable[[Session, Sequence[int]], None] = lambda session, these: (  # noqa: E731
            audit.exported if brought.action == "export" else audit.viewed
        )(session, errand.user_id, these, now=self._house.clock(), how=brought.how)
        for start in range(0, len(brought.customers), AUDITED_AT_ONCE):
            these = brought.customers[start : start + AUDITED_AT_ONCE]
            await self._write(lambda session, these=these: note(session, these))  # type: ignore[misc]

    async def _settle(self, errand: Errand, who: Who, reply: Reply, outcome: str) -> None:
        await self._say(errand, who, reply)
        now = self._house.clock()
        await self._write(lambda session: errands.done(session, errand.id, outcome, now=now))

    async def _say(self, errand: Errand, who: Who, reply: Reply) -> None:
        """In the place of the message that says how far it is."""
        await self._voice.say([said(reply, errand.chat_id, who.locale, errand.message_id or None)])

    async def _write(self, action: Callable[[Session], T]) -> T:
        return await patiently(lambda: self._house.writer.run(action), until_it_is_back())
