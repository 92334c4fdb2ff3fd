"""What became of sends, written as it comes in: whatever waits together shares one statement and COMMIT."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial

from crm.writer import Writer, patiently
from outreach import outbox
from outreach.outbox import Ended


class Settling:
    """``await settling.of(ended)`` returns when the truth is durable. A database that is away is waited for:
    what became of a send is known here alone. Raises what the last try raised."""

    def __init__(self, writer: Writer, owner: str, clock: Callable[[], datetime]) -> None:
        self._writer = writer
        self._owner = owner
        self._clock = clock
        self._waiting: list[tuple[Ended, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def of(self, ended: Ended) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((ended, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            error: Exception | None = None
            try:
                await patiently(partial(self._commit, [ended for ended, _ in batch]))
            except Exception as failure:  # noqa: BLE001 - each of those who wait hears of it
                error = failure
            for _, done in batch:
                if done.done():
                    continue
                done.set_result(None) if error is None else done.set_exception(error)

    async def _commit(self, ends: list[Ended]) -> None:
        now = self._clock()
        await self._writer.run(lambda session: outbox.settle(session, ends, owner=self._owner, now=now))
