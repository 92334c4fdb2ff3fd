"""Waiting without polling: a bell that wakes everyone who waits for it, and a numbered ring of records."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any


class Bell:
    """`ring()` wakes all who are in `wait()` at that moment."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def waited_for(self) -> bool:
        return bool(self._waiting)

    def ring(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    def future(self) -> asyncio.Future[None]:
        """A future done at the next ring; drop it with `forget` when you stop waiting."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        return future

    def forget(self, future: asyncio.Future[None]) -> None:
        self._waiting.discard(future)

    async def wait(self, seconds: float | None = None) -> bool:
        """True when it rang, False when `seconds` passed first."""
        future = self.future()
        try:
            done, _ = await asyncio.wait((future,), timeout=seconds)
            return bool(done)
        finally:
            self.forget(future)


class Ring:
    """The last `size` records, each with its number `n` counted from 1."""

    def __init__(self, size: int) -> None:
        self.records: deque[dict[str, Any]] = deque(maxlen=size)
        self.last = 0
        self.bell = Bell()

    def add(self, record: dict[str, Any]) -> dict[str, Any]:
        self.last += 1
        numbered = {"n": self.last, **record}
        self.records.append(numbered)
        self.bell.ring()
        return numbered

    def after(self, n: int) -> list[dict[str, Any]]:
        missing = self.last - max(n, 0)
        if missing <= 0:
            return []
        if missing >= len(self.records):
            return list(self.records)
        return list(self.records)[-missing:]
