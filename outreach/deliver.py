"""The sender: lease, claim, commit, send, commit. One at a time in the whole house, whoever runs it.

A row that is claimed is sent at most once. Rows whose sender died are listed as ``unknown``.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jinja2 import TemplateError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm import lease
from crm.writer import Writer, patiently
from outreach import outbox
from outreach.campaigns import Cap
from outreach.message import Words
from outreach.messenger import Buttons, Messenger
from outreach.outbox import Claimed
from outreach.outcome import Outcome, SendFailed
from outreach.pace import Pace, Slot

log = logging.getLogger(__name__)
LEASE = "sender"
SWEEP_EVERY = timedelta(seconds=30)  # claims look at everything again: sweeping is for those who read
FINAL = {Outcome.BLOCKED: "blocked", Outcome.FAILED: "failed", Outcome.UNKNOWN: "unknown"}


@dataclass(slots=True)
class Deliverer:
    """Sends what the ledger holds. ``in_flight`` bounds what a crash can leave unknown.

    ``gone(owner)`` may say that another sender's process surely runs no more.
    """

    writer: Writer
    messenger: Messenger
    words: Words
    pace: Pace
    owner: str
    caps: tuple[Cap, ...]
    clock: Callable[[], datetime]
    lease_seconds: float = 10.0
    in_flight: int = 8
    idle_seconds: float = 1.0
    campaign: str | None = None
    gone: Callable[[str], bool] = lambda _owner: False
    leading: bool = field(default=False, init=False)
    tally: Counter[str] = field(default_factory=Counter, init=False)
    _flying: dict[int, asyncio.Task[None]] = field(default_factory=dict, init=False)
    _unreached: int = field(default=0, init=False)
    _swept: datetime | None = field(default=None, init=False)
    _stop: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _recall: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _poked: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def run(self) -> None:
        """Send whenever there is something to send, until ``stop``. A database that is away is waited for."""
        keeping = asyncio.create_task(self._keep_lease())
        try:
            while not self._stop.is_set():
                try:
                    await self.drain()
                except SQLAlchemyError as error:
                    log.warning("the queue cannot be reached: %s", type(error).__name__)
                await self._pause(self.idle_seconds)
        finally:
            await self._end(keeping)

    async def once(self) -> bool:
        """Send what may go now, waiting out every halt. False when another sender holds the lease."""
        keeping = asyncio.create_task(self._keep_lease())
        try:
            led = await self.drain()
            while led and self.pace.halted_for > 0 and not self._stop.is_set():
                await self._pause(self.pace.halted_for)
                led = await self.drain()
            return led
        finally:
            await self._end(keeping)

    async def _end(self, keeping: asyncio.Task[None]) -> None:
        keeping.cancel()
        await asyncio.gather(keeping, *self._flying.values(), return_exceptions=True)
        await self._give_back()

    async def drain(self) -> bool:
        """Send all that may go out now. False when another sender holds the lease."""
        if not await self._lead():
            return False
        while not self._stop.is_set() and self.leading:
            await self._room()
            if self._stop.is_set() or self.pace.halted_for > 0:
                break
            claimed = await self._claim(self.in_flight - len(self._flying))
            if not claimed:
                break
            for row in claimed:
                task = asyncio.create_task(self._send(row))
                self._flying[row.id] = task
        await asyncio.gather(*self._flying.values())
        return True

    def stop(self) -> None:
        """Take nothing more; what is under way is finished, what has not left goes back to the queue."""
        self._stop.set()
        self._call_back()
        self._poked.set()

    def poke(self) -> None:
        """Something new may be in the queue."""
        self._poked.set()

    def _call_back(self) -> None:
        """Those who wait for leave to send return their rows."""
        self._recall.set()
        self._recall = asyncio.Event()

    async def _lead(self) -> bool:
        """Hold the lease, list what a dead sender left, and now and then end what can no longer go."""

        def action(session: Session) -> bool:
            now = self.clock()
            if not lease.take(session, LEASE, self.owner, self.lease_seconds, now=now, gone=self.gone):
                return False
            if left := outbox.recover(session, owner=self.owner, flying=self._flying.keys(), now=now):
                log.warning(
                    "%d messages may or may not have arrived; `forecourt outreach status` lists them", left
                )
            if self._swept is None or not timedelta(0) <= now - self._swept < SWEEP_EVERY:
                outbox.sweep(session, now=now)
                self._swept = now
            return True

        self.leading = await self.writer.run(action)
        return self.leading

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(self.lease_seconds / 3)
            if not self.leading:
                continue
            try:
                self.leading = await self.writer.run(self._renew)
            except SQLAlchemyError as error:
                log.warning("the sender's lease could not be renewed: %s", type(error).__name__)

    def _renew(self, session: Session) -> bool:
        return lease.take(session, LEASE, self.owner, self.lease_seconds, now=self.clock())

    async def _give_back(self) -> None:
        if self.leading:
            self.leading = False
            await self.writer.run(lambda session: lease.release(session, LEASE, self.owner))

    async def _claim(self, limit: int) -> list[Claimed]:
        """Rows of ours, or none: without the lease nothing is claimed."""

        def action(session: Session) -> list[Claimed]:
            if not self._renew(session):
                return []
            return outbox.claim(
                session,
                owner=self.owner,
                limit=limit,
                caps=self.caps,
                now=self.clock(),
                campaign=self.campaign,
            )

        return await self.writer.run(action)

    async def _room(self) -> None:
        """Until at least half of the sends under way have ended: claims of several share a COMMIT."""
        while len(self._flying) > self.in_flight // 2:
            await asyncio.wait(self._flying.values(), return_when=asyncio.FIRST_COMPLETED)

    async def _send(self, row: Claimed) -> None:
        try:
            written = await self._write(row)
            if written is None:
                return
            slot = await self._slot(row.chat_id)
            if slot is None:
                await self._put_back(row, 0.0, None)
                return
            told = await self._transmit(row.chat_id, written, slot)
            if isinstance(told, SendFailed):
                await self._failed(row, told)
            else:
                self._unreached = 0
                await self._settle(row, "sent", message_id=told)
        except SQLAlchemyError as error:
            log.error("message %d was not settled: %s", row.id, type(error).__name__)
        finally:
            self._flying.pop(row.id, None)

    async def _write(self, row: Claimed) -> tuple[str, Buttons] | None:
        """The words, or None when there are none; then the row is settled."""
        try:
            text, buttons = self.words.of(row)
        except (TemplateError, KeyError, ValueError, TypeError) as error:
            log.error("message %d cannot be written: %s", row.id, type(error).__name__)
            await self._settle(row, "failed", reason="template", error=f"{type(error).__name__}: {error}")
            return None
        if not text:
            await self._settle(row, "skipped", reason="nothing_to_say")
            return None
        return text, buttons

    async def _slot(self, chat_id: int) -> Slot | None:
        """Leave to send, or None when a stop or a halt comes first: then the row waits in the queue."""
        if self._stop.is_set() or self.pace.halted_for > 0:
            return None
        leave = asyncio.create_task(self.pace.slot(chat_id))
        recalled = asyncio.create_task(self._recall.wait())
        try:
            await asyncio.wait((leave, recalled), return_when=asyncio.FIRST_COMPLETED)
        finally:
            recalled.cancel()
            if not leave.done():
                leave.cancel()
        return leave.result() if leave.done() else None

    async def _transmit(self, chat_id: int, written: tuple[str, Buttons], slot: Slot) -> int | SendFailed:
        """One send and what came of it. An error that nobody foresaw leaves open what happened."""
        late = True
        try:
            message_id = await self.messenger.send(chat_id, *written)
            late = False
        except SendFailed as failure:
            late = failure.outcome in (Outcome.UNKNOWN, Outcome.RETRY)
            return failure
        except Exception as error:
            log.exception("a send ended in an error nobody foresaw")
            return SendFailed(Outcome.UNKNOWN, type(error).__name__)
        finally:
            self.pace.answered(slot, late=late)
        return message_id

    async def _failed(self, row: Claimed, failure: SendFailed) -> None:
        if failure.outcome in FINAL:
            state = FINAL[failure.outcome]
            return await self._settle(row, state, reason=state, error=failure.detail)
        wait = failure.retry_after
        if failure.outcome is Outcome.RETRY:
            wait = min(30.0, 0.5 * 2 ** min(self._unreached, 6))
            self._unreached += 1
        self.pace.halt(wait)
        self._call_back()
        return await self._put_back(row, wait, failure.detail)

    async def _settle(
        self,
        row: Claimed,
        state: str,
        *,
        message_id: int | None = None,
        reason: str | None = None,
        error: str | None = None,
    ) -> None:
        self.tally[state] += 1
        await self._surely(
            lambda session: outbox.settle(
                session,
                row.id,
                state,
                owner=self.owner,
                now=self.clock(),
                message_id=message_id,
                reason=reason,
                error=error,
            )
        )

    async def _put_back(self, row: Claimed, seconds: float, error: str | None) -> None:
        self.tally["put_back"] += 1
        until = self.clock() + timedelta(seconds=seconds)
        await self._surely(
            lambda session: outbox.put_back(session, row.id, owner=self.owner, not_before=until, error=error)
        )

    async def _surely(self, action: Callable[[Session], None]) -> None:
        """What became of a send is known here alone: a database that is away is waited for."""
        await patiently(lambda: self.writer.run(action))

    async def _pause(self, seconds: float) -> None:
        """Until there may be something to do: poked, a halt over, or simply later."""
        wait = max(seconds, self.pace.halted_for)
        try:
            await asyncio.wait_for(self._poked.wait(), wait)
        except TimeoutError:
            return
        self._poked.clear()
