"""The clock of sends: never more than the rate in any window, one a second to a chat, and everyone stops
when Telegram says so.

Slots are acknowledged: one is free again a window after the latest moment at which the server can have
counted its message, which is its answer's time less the least round trip. A clock alone cannot know how
long a request was on its way, and breaks on a stall of a few milliseconds. The least round trip seen is
above the true one, by more the more they scatter and the fewer were seen; that much is left aside.

A broadcast takes its slots in gulps, never a whole window's at once: who asks for something meanwhile
waits for the next slot, not for the next window.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

LEARNT_AFTER = 100  # answers until the least round trip is believed: setting up connections inflates it
PER_CHAT = 1.0  # seconds between two messages to one chat
DOUBT = 5.0  # of (mean - least) / sqrt(answers): how far below the least seen the true least may lie
MARGIN = 0.001
GULP = 0.05  # of a window's slots: the most that a broadcast takes at once
HASTE = 0.95  # of the even distance: a broadcast that fell behind may catch up
CATCH_UP = 0.05  # seconds of slots that a slow claim may make up for in its next gulp
KEPT_CHATS = 4096
NEVER = float("inf")


@dataclass(slots=True, eq=False)
class Slot:
    """Leave for one send from ``due`` on. It is begun and answered, or given back unused."""

    due: float
    began: float | None = None
    chat_id: int | None = None


class Pace:
    """``rate`` messages per ``window`` seconds; ``per_chat`` seconds between two to one chat."""

    def __init__(
        self,
        rate: float,
        window: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        per_chat: float = PER_CHAT,
    ) -> None:
        count = max(int(rate * window), 1)
        self._window = (window if rate * window >= 1 else 1 / rate) + MARGIN
        self._per_chat = per_chat
        self._clock = clock
        self._free = [-NEVER] * count  # a heap: when each free slot may be used
        self._gulp = max(1, int(count * GULP))
        self._apart = HASTE * self._window / count
        self._next_gulp = -NEVER
        self._halted_until = -NEVER
        self._chats: dict[int, float] = {}  # when each chat may be written to; inf: a send is on its way
        self._least = NEVER
        self._answers = 0
        self._trips = 0.0  # seconds, of all answers together
        self._urgent = 0
        self._changed = asyncio.Event()

    async def slot(self, chat_id: int, *, urgent: bool = False) -> Slot:
        """Wait for leave to send to this chat. Urgent ones, answers to people, go before all others."""
        while (wait := self.busy_for(chat_id)) > 0:
            await self._sleep(wait)
        self._chats[chat_id] = NEVER  # nobody else begins to this chat while we wait for a slot
        try:
            slot = await (self.urgent() if urgent else self._one())
        except asyncio.CancelledError:
            self._chats[chat_id] = self._clock()
            self._wake()
            raise
        return self.begin(slot, chat_id)

    async def urgent(self) -> Slot:
        """Leave for what counts for the rate, but is no new message to a chat."""
        self._urgent += 1
        try:
            (slot,) = await self._take(1, urgent=True)
        finally:
            self._urgent -= 1
            self._wake()
        return self.begin(slot, None)

    async def gulp(self, most: int, ahead: float = 0.0) -> list[Slot]:
        """Wait for at least one slot, for ``most`` at most, that may be used within ``ahead`` seconds."""
        return await self._take(most, ahead=ahead)

    async def due(self, slot: Slot) -> None:
        """Wait until a slot taken ahead may be used."""
        while (wait := slot.due - self._clock()) > 0:
            await asyncio.sleep(wait)

    def begin(self, slot: Slot, chat_id: int | None) -> Slot:
        """The send leaves now."""
        slot.began, slot.chat_id = self._clock(), chat_id
        if chat_id is not None:
            self._chats[chat_id] = NEVER
        return slot

    def give_back(self, slots: Iterable[Slot]) -> None:
        """Slots that were not used may be used by others."""
        for slot in slots:
            heapq.heappush(self._free, slot.due)
        self._wake()

    def answered(self, slot: Slot, *, late: bool = False, heard: bool = True) -> None:
        """The send has ended. ``late``: no answer came, so that the server may count it only now.
        ``heard``: the chat may have got it."""
        now = self._clock()
        trip = 0.0
        if not late:
            self._learn(now - (now if slot.began is None else slot.began))
            trip = self._sure_trip()
        heapq.heappush(self._free, now - trip + self._window)
        if slot.chat_id is not None:
            self._chats[slot.chat_id] = now - trip + self._per_chat + MARGIN if heard else now
            self._forget_chats(now)
        self._wake()

    def busy_for(self, chat_id: int) -> float:
        """Seconds until this chat may be written to; infinite while a send to it is on its way."""
        return max(0.0, self._chats.get(chat_id, 0.0) - self._clock())

    def halt(self, seconds: float) -> None:
        """Nobody sends anything for so long; a longer halt already in force stays."""
        self._halted_until = max(self._halted_until, self._clock() + seconds)
        self._wake()

    @property
    def halted_for(self) -> float:
        """Seconds until sending may go on; 0 when it may now."""
        return max(0.0, self._halted_until - self._clock())

    async def _one(self) -> Slot:
        (slot,) = await self._take(1)
        return slot

    async def _take(self, most: int, *, urgent: bool = False, ahead: float = 0.0) -> list[Slot]:
        while (wait := self._wait(urgent) - ahead) > 0:
            await self._sleep(wait)
        now = self._clock()
        behind = min(max(now - self._next_gulp, 0.0), CATCH_UP)
        most = min(most, self._gulp + int(behind / self._apart))
        slots: list[Slot] = []
        while self._free and len(slots) < most and self._free[0] <= now + ahead:
            slots.append(Slot(max(heapq.heappop(self._free), self._halted_until, now)))
        self._next_gulp = max(self._next_gulp, now - CATCH_UP) + len(slots) * self._apart
        return slots

    def _wait(self, urgent: bool) -> float:
        """Seconds until a slot may be taken; infinite while only an answer can bring one."""
        if not self._free or (self._urgent and not urgent):
            return NEVER
        at = max(self._free[0], self._halted_until)
        return (at if urgent else max(at, self._next_gulp)) - self._clock()

    async def _sleep(self, seconds: float) -> None:
        """Until so long has passed or something has changed."""
        changed = self._changed
        try:
            await asyncio.wait_for(changed.wait(), None if seconds == NEVER else max(seconds, MARGIN))
        except TimeoutError:
            return

    def _learn(self, trip: float) -> None:
        self._answers += 1
        self._trips += trip
        self._least = min(self._least, trip)

    def _sure_trip(self) -> float:
        """Seconds that a round trip surely takes; 0 until enough are known."""
        if self._answers < LEARNT_AFTER:
            return 0.0
        scatter = self._trips / self._answers - self._least
        return max(0.0, self._least - DOUBT * scatter / math.sqrt(self._answers))

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _forget_chats(self, now: float) -> None:
        if len(self._chats) > KEPT_CHATS:
            self._chats = {chat: free for chat, free in self._chats.items() if free > now}
