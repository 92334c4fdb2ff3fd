"""The clock of sends: never more than the rate in any window, one a second to a chat, and everyone stops
when Telegram says so.

Slots are acknowledged: one is free again a window after the latest moment at which the server can have
counted its message, which is its answer's time less the least round trip. A clock alone cannot know how
long a request was on its way, and breaks on a stall of a few milliseconds. The least round trip seen is
above the true one, by more the more they scatter and the fewer were seen; that much is left aside.
"""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

LEARNT_AFTER = 100  # answers until the least round trip is believed: setting up connections inflates it
PER_CHAT = 1.0  # seconds between two messages to one chat
DOUBT = 5.0  # of (mean - least) / sqrt(answers): how far below the least seen the true least may lie
MARGIN = 0.001
KEPT_CHATS = 4096
NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Slot:
    """Leave for one send, until it is answered."""

    chat_id: int
    taken_at: float


class Pace:
    """``rate`` messages per ``window`` seconds. Every slot taken must be given to ``answered``."""

    def __init__(self, rate: float, window: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        count = int(rate * window)
        self._window = (window if count >= 1 else 1 / rate) + MARGIN
        self._clock = clock
        self._free = [-NEVER] * max(count, 1)  # a heap: when each free slot may be used
        self._halted_until = -NEVER
        self._chats: dict[int, float] = {}  # when each chat may be written to; inf: a send is on its way
        self._least = NEVER
        self._answers = 0
        self._trips = 0.0  # seconds, of all answers together
        self._urgent = 0
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()

    async def slot(self, chat_id: int, *, urgent: bool = False) -> Slot:
        """Wait for leave to send. Urgent ones, answers to people, go before all others."""
        if urgent:
            self._urgent += 1
            try:
                return await self._take(chat_id, urgent=True)
            finally:
                self._urgent -= 1
                self._wake()
        while True:
            await self._until_chat_is_free(chat_id)
            async with self._turn:
                if self._chats.get(chat_id, 0.0) <= self._clock():
                    return await self._take(chat_id, urgent=False)

    def answered(self, slot: Slot, *, late: bool = False) -> None:
        """The send has ended. ``late``: no answer came, so that the server may count it only now."""
        now = self._clock()
        trip = 0.0
        if not late:
            self._learn(now - slot.taken_at)
            trip = self._sure_trip()
        heapq.heappush(self._free, now - trip + self._window)
        self._chats[slot.chat_id] = now - trip + PER_CHAT + MARGIN
        self._forget_chats(now)
        self._wake()

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

    def halt(self, seconds: float) -> None:
        """Nobody sends anything for so long; a longer halt already in force stays."""
        self._halted_until = max(self._halted_until, self._clock() + seconds)
        self._wake()

    @property
    def halted_for(self) -> float:
        """Seconds until sending may go on; 0 when it may now."""
        return max(0.0, self._halted_until - self._clock())

    async def _take(self, chat_id: int, *, urgent: bool) -> Slot:
        while (wait := self._wait(urgent)) > 0:
            await self._sleep(wait)
        heapq.heappop(self._free)
        self._chats[chat_id] = NEVER
        return Slot(chat_id, self._clock())

    async def _until_chat_is_free(self, chat_id: int) -> None:
        while (wait := self._chats.get(chat_id, 0.0) - self._clock()) > 0:
            await self._sleep(wait)

    def _wait(self, urgent: bool) -> float:
        """Seconds until a slot may be taken; infinite while only an answer can bring one."""
        if not self._free or (self._urgent and not urgent):
            return NEVER
        return max(self._free[0], self._halted_until) - self._clock()

    async def _sleep(self, seconds: float) -> None:
        """Until so long has passed or something has changed."""
        changed = self._changed
        try:
            await asyncio.wait_for(changed.wait(), None if seconds == NEVER else max(seconds, MARGIN))
        except TimeoutError:
            return

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _forget_chats(self, now: float) -> None:
        if len(self._chats) > KEPT_CHATS:
            self._chats = {chat: free for chat, free in self._chats.items() if free > now}
