"""The life of a process that somebody wants to kill."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

STOPPING = 60.0  # seconds until a process that was told to stop is taken for stuck


class Life:
    """One life of ``live(plan, mouth)``, which tells its marks through the pipe ``mouth``."""

    def __init__(self, live: Callable[[Any, Connection], None], plan: object) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["bot.soak.process", "bot.soak.sender"])
        self.ear, mouth = context.Pipe(duplex=False)
        self.process: BaseProcess = context.Process(target=live, args=(plan, mouth), daemon=True)
        self.process.start()
        mouth.close()

    async def kill(self) -> None:
        """SIGKILL: nothing is cleaned up."""
        self._signal(signal.SIGKILL)
        await asyncio.to_thread(self.process.join)

    async def stop(self) -> int:
        """SIGTERM, and the exit code. Raises TimeoutError when it does not stop."""
        self._signal(signal.SIGTERM)
        await asyncio.to_thread(self.process.join, STOPPING)
        if self.process.exitcode is None:
            raise TimeoutError(f"the process did not stop within {STOPPING:.0f} s")
        return self.process.exitcode

    def _signal(self, number: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)
