"""Running the sandbox: inside another program, in a test, or until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from sandbox.botapi import TRANSPORT
from sandbox.server import create_app
from sandbox.state import State

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Lets an endpoint drop its connection, for answers that get lost."""

    app_state: dict[str, Any]

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


class _Server(uvicorn.Server):
    """Leaves the signals to the program it runs in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Sandbox:
    """A running server: `url` is its address, `state` what it knows, `ready` what health tells."""

    def __init__(self, state: State, host: str, port: int) -> None:
        self.state = state
        self.host = host
        self.port = port
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def ready(self) -> bool:
        return self.state.ready

    @ready.setter
    def ready(self, value: bool) -> None:
        self.state.ready = value


@contextlib.asynccontextmanager
async def running(
    host: str = "127.0.0.1", port: int = 0, state: State | None = None
) -> AsyncIterator[Sandbox]:
    """Serves while the block runs; port 0 takes a free one. Leaving it stops within a second.

    Raises OSError when the port is taken, ValueError when `host` is not this machine.
    """
    if host not in LOOPBACK:
        raise ValueError(f"host: the sandbox binds to this machine only; give one of {', '.join(LOOPBACK)}")
    state = state or State()
    listener = _listen(host, port)
    real_port = listener.getsockname()[1]
    config = uvicorn.Config(
        create_app(state),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        if task.done():
            await task
        yield Sandbox(state, host, real_port)
    finally:
        state.close()
        server.should_exit = True
        await task


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, or asyncio leaves Nagle's algorithm on and every answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


async def serve(
    host: str = "127.0.0.1",
    port: int = 8081,
    *,
    state: State | None = None,
    started: Callable[[Sandbox], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serves until `stop` is set or the task is cancelled; `started` hears the address once it answers."""
    async with running(host, port, state) as sandbox:
        if started is not None:
            started(sandbox)
        await (stop or asyncio.Event()).wait()
