"""A restored database in the running bot: nothing is planned, headquarters hears of it, and may say go on."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.jobs import plan_now
from crm import audit, meta
from crm.db import Database
from crm.staff import Staff
from handlers.restored import told as restored
from handlers.route import HEADQUARTERS, Reply
from handlers.speak import said
from handlers.voice import Voice
from outreach import standstill
from outreach.standstill import Mark, Still

if TYPE_CHECKING:
    from bot.app import Forecourt
    from bot.config import Settings


def go_on(settings: Settings, database: Database, now: datetime) -> int:
    """Confirm the restored database: whatever was due or waiting may have gone out, and does not again.
    Returns how many waited."""
    close = partial(plan_now, settings, database, now, instead=standstill.REASON)
    return standstill.confirm(database, Mark(settings.marks), now, close=close)


class Standstill:
    """Looked at with every look at the broadcasts."""

    def __init__(self, house: Forecourt, voice: Voice) -> None:
        self._house = house
        self._voice = voice

    async def holds(self) -> bool:
        """Whether nothing may be planned; those who may confirm are told once, and what they say is done."""
        still, found, agreed, told = await asyncio.to_thread(self._look)
        if still is None:
            return False
        if agreed:
            await self._go_on(int(agreed))
            return False
        if found and found != told:
            for person, locale in await asyncio.to_thread(self._deciders):
                await self._say(person, locale, restored(still, self._house.house))
            await self._house.writer.run(lambda session: meta.put(session, standstill.TOLD, found))
        return True

    def _look(self) -> tuple[Still | None, str, str, str]:
        with self._house.database.read() as session:
            still = standstill.look(session, Mark(self._house.settings.marks))
            names = (standstill.FOUND, standstill.AGREED, standstill.TOLD)
            found, agreed, told = (meta.get(session, name) or "" for name in names)
        return still, found, agreed, told

    def _deciders(self) -> list[tuple[int, str]]:
        with self._house.database.read() as session:
            able = session.scalars(select(Staff).where(Staff.active.is_(True), Staff.role.in_(HEADQUARTERS)))
            return [(one.telegram_id, one.locale or self._house.house.locale) for one in able]

    async def _go_on(self, by: int) -> None:
        house, now = self._house, self._house.clock()
        waited = await asyncio.to_thread(go_on, house.settings, house.database, now)

        def note(session: Session) -> None:
            audit.note(session, by, "restored", now=now, detail=str(waited))

        await house.writer.run(note)
        for person, locale in await asyncio.to_thread(self._deciders):
            await self._say(person, locale, Reply("replies/restored_done", {"waited": waited}))
        house.wake_sender()

    async def _say(self, person: int, locale: str, reply: Reply) -> None:
        await self._voice.show(said(reply, person, locale, None))
