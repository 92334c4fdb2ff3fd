"""`forecourt sandbox`: a local Bot API server with a chat page, for this bot and any other."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer
import uvloop

from bot.commands.common import fail
from sandbox.run import running

PORT = Annotated[int, typer.Option(help="The port on this machine; 0 takes a free one.", min=0, max=65535)]


def sandbox(port: PORT = 8080) -> None:
    """Serve a Bot API on this machine and a chat page to play anyone. Ctrl-C stops it."""
    uvloop.run(_serve(port))


async def _serve(port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with running(port=port) as server:
            print(f"Chat page: {server.url}/", flush=True)
            print(f"For a bot: FORECOURT_API_URL={server.url} FORECOURT_TOKEN=1:{'A' * 35}", flush=True)
            await stop.wait()
    except OSError as error:
        fail(f"port {port} cannot be used ({error.strerror}); choose another with --port")
