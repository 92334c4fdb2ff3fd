"""`forecourt demo`: the whole product on this machine, with an invented chain and nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from functools import partial
from types import FrameType
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from bot.commands.common import console, fail, load_settings

PORT = Annotated[int, typer.Option(help="The port on this machine; 0 takes a free one.", min=0, max=65535)]
CUSTOMERS = Annotated[int, typer.Option(help="How many customers to invent.", min=50, max=20_000)]
SEED = Annotated[int, typer.Option(help="Another number invents another chain.", min=0)]
WAIT = Annotated[float, typer.Option(help="Seconds until the first messages.", min=1, max=3600)]
OTHER_FOLDER = "choose another folder with FORECOURT_DATA_DIR"
TRY = """
  Open {address} and play anyone. What to try:
  1. Wait about {wait:.0f} seconds: the newcomer, the VIP and the lapsed driver each get a message of theirs.
  2. Before that, send /stop as one of them, or record a fill-up as the lapsed driver: no message comes.
  3. As the newcomer send /fillup, or in one line: 加了200块92; then undo it and look at /me.
  4. As the attendant send /fill 17000010002; as the manager /segments, /tasks and /customer 17000010003,
     or ask in plain words: 多少VIP超过14天没来, top 10 diesel customers by litres.
  5. Add a person of your own and register with /start; the welcome follows the first fill-up.
  6. In another terminal, in this folder: .venv/bin/forecourt outreach status
  It is about noon in this chain, whatever the time is with you: nobody is written to at night.
  Ctrl-C ends it.
"""


def demo(port: PORT = 8080, customers: CUSTOMERS = 2000, seed: SEED = 7, wait: WAIT = 20) -> None:
    """Invent a chain, start everything on this machine, and open a page to play with it. Ctrl-C ends it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    settings = load_settings()
    if settings.database_url:
        fail("the demo keeps its data in a SQLite file of its own; unset FORECOURT_DATABASE_URL for it")
    # Reading the rest of the program takes seconds; Ctrl-C must already work meanwhile.
    import uvloop

    from bot import logs

    logs.set_up("WARNING")
    uvloop.run(_play(port, customers, seed, wait))


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


async def _play(port: int, customers: int, seed: int, wait: float) -> None:
    from telegram.error import TelegramError

    from bot.demo.folder import NotOurs
    from bot.demo.play import Demo

    try:
        with _progress() as bar:  # gone before a fault is told, which would stand above it
            steps = _Steps(bar)
            demo = Demo(port, customers, seed, steps.tell, partial(_welcome, steps, wait), wait)
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, demo.stop.set)
            await demo.run()
        sys.stdout.flush()
        os._exit(0)  # a thread may still compute; what it does is nobody's concern, and not waited for
    except NotOurs as error:
        fail(f"{error}; {OTHER_FOLDER}")
    except TelegramError as error:
        fail(f"the demo's bot cannot go on: {error}")
    except OSError as error:
        if error.filename is None:
            fail(f"port {port} cannot be used ({error.strerror}); choose another with --port")
        fail(f"cannot use {error.filename} ({error.strerror}); {OTHER_FOLDER}")


def _progress() -> Progress:
    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), BarColumn(20))
    return Progress(*columns, TimeElapsedColumn(), console=console)


class _Steps:
    """One line per step, each done when the next begins."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def tell(self, step: str, done: int, total: int) -> None:
        if step not in self._tasks:
            self.finish()
            self._tasks[step] = self._bar.add_task(step, total=None)
        if total:
            self._bar.update(self._tasks[step], completed=done, total=total)

    def end(self) -> None:
        self.finish()
        self._bar.stop()

    def finish(self) -> None:
        for task in self._tasks.values():
            self._bar.update(task, total=1, completed=1)


def _welcome(steps: _Steps, wait: float, address: str) -> None:
    steps.end()
    print(TRY.format(address=address, wait=wait), flush=True)
