"""Holding a lease: take it, renew it, give it back. One replica polls and sends, the others stand by."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import OperationalError

from crm import lease
from crm.writer import Writer

log = logging.getLogger(__name__)


def owner() -> str:
    """This process, so that others on the same machine can see when it is gone."""
    return f"{_machine()}:{os.getpid()}:{secrets.token_hex(3)}"


def gone(name: str) -> bool:
    """Whether the process behind an owner's name surely runs no more. False when that cannot be known."""
    machine, _, rest = name.rpartition(":")[0].rpartition(":")
    if machine != _machine() or not rest.isdecimal():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _machine() -> str:
    """The host and its process namespace: two containers of one name are two machines."""
    namespace = Path("/proc/self/ns/pid")
    inode = namespace.stat().st_ino if namespace.exists() else 0
    return f"{socket.gethostname()[:32]}/{inode}"


class Holder:
    """Takes the lease ``name`` when it is free and renews it until closed. ``lost`` is set when it slips."""

    def __init__(
        self, writer: Writer, name: str, me: str, seconds: float, clock: Callable[[], datetime]
    ) -> None:
        self._writer = writer
        self._name = name
        self._me = me
        self._seconds = seconds
        self._clock = clock
        self.lost = asyncio.Event()

    async def wait(self) -> None:
        """Return when this process holds the lease."""
        said = False
        while not await self._take():
            if not said:
                log.warning("another Forecourt holds '%s'; standing by", self._name)
                said = True
            await asyncio.sleep(min(1.0, self._seconds / 3))

    async def keep(self) -> None:
        """Renew for ever; ends, with ``lost`` set, when the lease was not renewed in time."""
        deadline = asyncio.get_running_loop().time() + self._seconds
        while asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(self._seconds / 3)
            try:
                if not await self._take():
                    break
                deadline = asyncio.get_running_loop().time() + self._seconds
            except OperationalError as error:
                log.warning("the lease '%s' could not be renewed: %s", self._name, type(error).__name__)
        self.lost.set()

    async def give_back(self) -> None:
        """Let the next one have it at once; with the database away it falls to them in time."""
        try:
            await self._writer.run(lambda session: lease.release(session, self._name, self._me))
        except OperationalError as error:
            log.warning("the lease '%s' could not be given back: %s", self._name, type(error).__name__)

    async def _take(self) -> bool:
        now = self._clock()
        return await self._writer.run(
            lambda session: lease.take(session, self._name, self._me, self._seconds, now=now, gone=gone)
        )
