"""The sender's lease: of several senders on one database one leads, and it lists what a dead one left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm import lease
from crm.writer import Writer
from outreach import outbox
from outreach.standstill import Standing

log = logging.getLogger(__name__)
LEASE = "sender"
SWEEP_EVERY = timedelta(seconds=30)  # claims look at everything again: sweeping is for those who read


class Leading:
    """Whether this sender leads. ``gone(owner)`` may say that another's process surely runs no more."""

    def __init__(
        self,
        writer: Writer,
        owner: str,
        seconds: float,
        clock: Callable[[], datetime],
        gone: Callable[[str], bool],
        standing: Standing,
    ) -> None:
        self._writer = writer
        self._owner = owner
        self._seconds = seconds
        self._clock = clock
        self._gone = gone
        self.standing = standing
        self._swept: datetime | None = None
        self.held = False

    async def take(self, flying: Collection[int]) -> bool:
        """Hold the lease, list what a dead sender left, and now and then end what can no longer go."""

        def action(session: Session) -> bool:
            now = self._clock()
            if not lease.take(session, LEASE, self._owner, self._seconds, now=now, gone=self._gone):
                return False
            if not self.standing.may_send(session, now):
                return False
            if left := outbox.recover(session, owner=self._owner, flying=flying, now=now):
                log.warning(
                    "%d messages may or may not have arrived; `forecourt outreach status` lists them", left
                )
            if self._swept is None or not timedelta(0) <= now - self._swept < SWEEP_EVERY:
                outbox.sweep(session, now=now)
                self._swept = now
            return True

        self.held = await self._writer.run(action)
        return self.held

    def renew(self, session: Session) -> bool:
        ours = lease.renew(session, LEASE, self._owner, self._seconds, now=self._clock())
        return ours and not self.standing.slipped(session)

    async def keep(self) -> None:
        """Renew for ever while it is held."""
        while True:
            await asyncio.sleep(self._seconds / 3)
            if not self.held:
                continue
            try:
                self.held = await self._writer.run(self.renew)
            except SQLAlchemyError as error:
                log.warning("the sender's lease could not be renewed: %s", type(error).__name__)

    async def give_back(self) -> None:
        if self.held:
            self.held = False
            await self._writer.run(lambda session: lease.release(session, LEASE, self._owner))
