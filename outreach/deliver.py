"""The sender: lease, leave to send, claim, commit, send, commit. One at a time in the whole house.

A row that is claimed is sent at most once, and nothing is claimed that may not leave at once: what a
crash leaves ``unknown`` was on its way. Rows whose sender died are listed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm import broadcasts
from crm.writer import Writer, patiently
from outreach import outbox, paid
from outreach.campaigns import Cap
from outreach.leading import Leading
from outreach.message import Words
from outreach.messenger import Buttons, Messenger
from outreach.outbox import Claimed
from outreach.outcome import Outcome, SendFailed
from outreach.pace import Pace, Slot
from outreach.paid import Lane, Paid
from outreach.settling import Ended, Settling
from outreach.standstill import Mark, Standing, Still
from outreach.trouble import Trouble

log = logging.getLogger(__name__)
FINAL = {Outcome.BLOCKED: "blocked", Outcome.FAILED: "failed", Outcome.UNKNOWN: "unknown"}
LEAST_IN_FLIGHT = 8
FLIGHT_SECONDS = 0.25  # of sends at the full rate: a round trip, a claim and a settlement fit
MOST_AHEAD = 0.05  # seconds before its slot is free that a row may be claimed


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
    in_flight: int = LEAST_IN_FLIGHT
    idle_seconds: float = 1.0
    campaign: str | None = None
    gone: Callable[[str], bool] = lambda _owner: False
    mark: Mark = field(default_factory=Mark)
    fast: Lane | None = None  # for broadcasts that are paid for; None: there are none
    trouble: Trouble = field(default_factory=lambda: Trouble(20))
    tally: Counter[str] = field(default_factory=Counter, init=False)
    _standing: Standing = field(init=False)
    _leading: Leading = field(init=False)
    _settling: Settling = field(init=False)
    _free: Lane = field(init=False)
    _paid: Paid | None = field(default=None, init=False)  # what is claimed next
    _flying: dict[int, asyncio.Task[None]] = field(default_factory=dict, init=False)
    _unreached: int = field(default=0, init=False)
    _claiming: float = field(default=0.0, init=False)  # seconds that a claim takes, smoothed
    _stop: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _recall: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _poked: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self._standing = Standing(self.mark)
        self._free = Lane(self.pace, self.in_flight)
        self._leading = Leading(
            self.writer, self.owner, self.lease_seconds, self.clock, self.gone, self._standing
        )
        self._settling = Settling(self.writer, self.owner, self.clock)

    async def run(self) -> None:
        """Send whenever there is something to send, until ``stop``. A database that is away is waited for."""
        keeping = asyncio.create_task(self._leading.keep())
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
        """Send what may go now, waiting out every halt. False when another sender holds the lease, or
        when the database looks restored."""
        keeping = asyncio.create_task(self._leading.keep())
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
        await self._leading.give_back()

    async def drain(self) -> bool:
        """Send all that may go out now. False when another sender holds the lease."""
        if not await self._leading.take(self._flying.keys()):
            return False
        while slots := await self._leave(lane := self._lane(self._paid is not None)):
            asked = self._paid
            try:
                claimed = await self._claim_for(len(slots))
            except BaseException:
                lane.pace.give_back(slots)
                raise
            lane.pace.give_back(slots[len(claimed) :])
            if not claimed and asked:
                self._paid = None
                continue
            if not claimed:
                break
            for row, slot in zip(claimed, slots, strict=False):
                self._flying[row.id] = asyncio.create_task(self._send(row, slot))
        await asyncio.gather(*self._flying.values())
        return True

    @property
    def still(self) -> Still | None:
        """Why nothing is sent, where the database looks restored."""
        return self._standing.still

    def stop(self) -> None:
        """Take nothing more; what is under way is finished, what has not left goes back to the queue."""
        self._stop.set()
        self._call_back()
        self._poked.set()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def poke(self) -> None:
        """Something new may be in the queue."""
        self._poked.set()

    def _call_back(self) -> None:
        """Whoever waits for leave to send waits no more."""
        self._recall.set()
        self._recall = asyncio.Event()

    @property
    def _held_back(self) -> bool:
        return self._stop.is_set() or self.pace.halted_for > 0

    def _lane(self, is_paid: bool) -> Lane:
        return self.fast if is_paid and self.fast else self._free

    async def _leave(self, lane: Lane) -> list[Slot]:
        """Leave to send, before anything is claimed; none when a stop, a halt or another sender comes first.

        Claiming begins that much before a slot is free as a claim lately took, so that no slot idles.
        """
        while len(self._flying) >= lane.in_flight:
            await asyncio.wait(self._flying.values(), return_when=asyncio.FIRST_COMPLETED)
        if self._held_back or not self._leading.held:
            return []
        ahead = min(self._claiming, MOST_AHEAD)
        return await self._unless_recalled(lane.pace.gulp(lane.in_flight - len(self._flying), ahead)) or []

    async def _unless_recalled(self, work: Coroutine[Any, Any, list[Slot]]) -> list[Slot] | None:
        leave = asyncio.create_task(work)
        recalled = asyncio.create_task(self._recall.wait())
        try:
            await asyncio.wait((leave, recalled), return_when=asyncio.FIRST_COMPLETED)
        finally:
            recalled.cancel()
            if not leave.done():
                leave.cancel()
        return leave.result() if leave.done() else None

    async def _claim_for(self, limit: int) -> list[Claimed]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        claimed = await self._claim(limit)
        self._claiming += ((loop.time() - began) - self._claiming) / 8
        return claimed

    async def _claim(self, limit: int) -> list[Claimed]:
        """Rows of ours, or none: without the lease nothing is claimed."""
        asked = self._paid

        def action(session: Session) -> tuple[list[Claimed], Paid | None]:
            if not self._leading.renew(session):
                return [], None
            now = self.clock()
            found = paid.running(session, now) if self.fast else None
            if asked and not found:
                return [], None
            chosen = (min(limit, found.left), found.campaign) if asked and found else (limit, self.campaign)
            rows = outbox.claim(
                session, owner=self.owner, limit=chosen[0], caps=self.caps, now=now, campaign=chosen[1]
            )
            if rows:
                self._standing.move(session, now)
            if rows and asked and found:
                paid.take(session, found, [row.id for row in rows])
                rows = [replace(row, paid=True) for row in rows]
            return rows, found

        claimed, self._paid = await self.writer.run(action)
        if claimed:
            self._standing.keep()
        return claimed

    async def _send(self, row: Claimed, slot: Slot) -> None:
        try:
            written = await self._ready(row, slot)
            if written is None:
                return
            told = await self._transmit(row, written, slot)
            if isinstance(told, SendFailed):
                await self._failed(row, told)
            else:
                self._unreached = 0
                await self._settle(row, "sent", message_id=told)
        except SQLAlchemyError as error:
            log.error("message %d was not settled: %s", row.id, type(error).__name__)
        finally:
            self._flying.pop(row.id, None)

    async def _ready(self, row: Claimed, slot: Slot) -> tuple[str, Buttons] | None:
        """The words, once they may leave. None: they may not; then the row is settled and the slot free."""
        try:
            written = await self._write(row)
            if written is None:
                return None
            pace = self._lane(row.paid).pace
            await pace.due(slot)
            busy = max(pace.busy_for(row.chat_id), self.pace.busy_for(row.chat_id))
            if busy or self._held_back:
                await self._put_back(row, min(busy, 1.0), None)
                return None
            pace.begin(slot, row.chat_id)
            return written
        finally:
            if slot.began is None:
                self._lane(row.paid).pace.give_back([slot])

    async def _write(self, row: Claimed) -> tuple[str, Buttons] | None:
        """The words, or None when there are none; then the row is settled."""
        try:
            text, buttons = self.words.of(row)
        except Exception as error:  # noqa: BLE001 - whatever one row holds, it ends that row alone
            log.error("message %d cannot be written: %s", row.id, type(error).__name__)
            await self._settle(row, "failed", reason="template", error=f"{type(error).__name__}: {error}")
            return None
        if not text:
            await self._settle(row, "skipped", reason="nothing_to_say")
            return None
        return text, buttons

    async def _transmit(self, row: Claimed, written: tuple[str, Buttons], slot: Slot) -> int | SendFailed:
        """One send and what came of it. An error that nobody foresaw leaves open what happened."""
        late = heard = True
        try:
            message_id = await self.messenger.send(row.chat_id, *written, photo=row.photo, paid=row.paid)
            late = False
        except SendFailed as failure:
            late = failure.outcome in (Outcome.UNKNOWN, Outcome.RETRY)
            heard = failure.outcome is Outcome.UNKNOWN
            return failure
        except Exception as error:
            log.exception("a send ended in an error nobody foresaw")
            return SendFailed(Outcome.UNKNOWN, type(error).__name__)
        finally:
            self._lane(row.paid).pace.answered(slot, late=late, heard=heard)
        return message_id

    async def _failed(self, row: Claimed, failure: SendFailed) -> None:
        if failure.outcome in FINAL:
            state = FINAL[failure.outcome]
            return await self._settle(row, state, reason=state, error=failure.detail)
        wait = failure.retry_after
        if failure.outcome is Outcome.RETRY:
            wait = min(30.0, 0.5 * 2 ** min(self._unreached, 6))
            self._unreached += 1
        for lane in (self._free, self._lane(True)):
            lane.pace.halt(wait)
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
        await self._settling.of(Ended(row.id, row.customer_id, state, message_id, reason, error))
        if self.trouble.told(row.campaign, state):
            await patiently(lambda: self.writer.run(lambda s: broadcasts.pause_campaign(s, row.campaign)))

    async def _put_back(self, row: Claimed, seconds: float, error: str | None) -> None:
        self.tally["put_back"] += 1
        until = self.clock() + timedelta(seconds=seconds)
        await self._settling.of(Ended(row.id, row.customer_id, "queued", error=error, not_before=until))

    async def _pause(self, seconds: float) -> None:
        """Until there may be something to do: poked, a halt over, or simply later."""
        wait = max(seconds, self.pace.halted_for)
        try:
            await asyncio.wait_for(self._poked.wait(), wait)
        except TimeoutError:
            return
        self._poked.clear()


def in_flight(rate: float) -> int:
    """How many sends may be under way at once so that ``rate`` a second is reached."""
    return max(LEAST_IN_FLIGHT, round(rate * FLIGHT_SECONDS))
