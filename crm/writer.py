"""Group commit: actions that wait together share one COMMIT, which each awaits before it speaks.

The actions of a group run one after another on one connection, each in its own savepoint: a
failed one takes nothing with it, and none is told "done" before the group is durable.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm.db import Database

log = logging.getLogger(__name__)
T = TypeVar("T")
PATIENCE = (0.1, 0.5, 2.0, 5.0, 10.0, 20.0, 30.0)  # seconds between tries


async def patiently(work: Callable[[], Awaitable[T]], pauses: Iterable[float] = PATIENCE) -> T:
    """What ``work`` returns. A database that is gone for a moment fails nobody: after each pause the work
    is tried again, since nothing was written. Raises what the last try raised.
    """
    for pause in pauses:
        try:
            return await work()
        except OperationalError as error:
            log.warning("the database does not answer: %s", type(error).__name__)
            await asyncio.sleep(pause)
    return await work()


def until_it_is_back() -> Iterable[float]:
    """Pauses for what can only fail while the database is away, so that it is tried for ever."""
    return chain(PATIENCE, repeat(PATIENCE[-1]))


@dataclass(slots=True)
class _Job:
    action: Callable[[Session], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        """Wake whoever waits for the result."""
        try:
            self.loop.call_soon_threadsafe(self.settle)
        except RuntimeError:  # the asker's loop has ended; the action stands
            log.info("nobody waits any more for an action that was carried out")

    def settle(self) -> None:
        if self.future.done():  # the asker has gone; the action stands
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Writer:
    """The one thread through which the bot writes. ``await writer.run(action)``."""

    def __init__(self, database: Database, most: int = 64) -> None:
        self.database = database
        self._most = most
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    async def run(self, action: Callable[[Session], T]) -> T:
        """The action's result, once it is committed. Raises what the action or the COMMIT raised."""
        loop = asyncio.get_running_loop()
        job = _Job(action, loop.create_future(), loop)
        self._jobs.put(job)
        result: T = await job.future
        return result

    def close(self) -> None:
        """Finish what was asked for, then stop."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while True:
            group, last = self._next_group()
            if group:
                self._commit(group)
            if last:
                return

    def _next_group(self) -> tuple[list[_Job], bool]:
        first = self._jobs.get()
        if first is None:
            return [], True
        group = [first]
        while len(group) < self._most:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return group, True
            group.append(job)
        return group, False

    def _commit(self, group: list[_Job]) -> None:
        try:
            with self.database.engine.begin() as connection:
                for job in group:
                    _act(job, connection)
        except Exception as error:  # noqa: BLE001 - every asker hears of it
            log.warning("a group of %d actions was not committed: %s", len(group), type(error).__name__)
            for job in group:
                job.error = job.error or error
        for job in group:
            job.tell()


def _act(job: _Job, connection: Connection) -> None:
    try:
        with Session(
            bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False
        ) as session:
            job.result = job.action(session)
            session.commit()
    except Exception as error:
        if connection.invalidated:
            raise
        job.error = error
