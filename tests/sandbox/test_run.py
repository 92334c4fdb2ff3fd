"""Starting and stopping, alone and inside another program; and the pace of the hot path."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from sandbox.run import Sandbox, running, serve
from sandbox.state import State
from tests.sandbox.conftest import TOKEN, World


async def test_health_tells_when_the_host_is_ready(world: World) -> None:
    assert await world.ok("GET", "/health") == {"ok": True}
    world.sandbox.ready = True
    assert await world.ok("GET", "/health") == {"ok": True, "ready": True}
    me = await world.result("getMe")
    assert (await world.ok("GET", "/health"))["bot"]["username"] == me["username"]


async def test_it_stops_while_people_and_bots_wait() -> None:
    async with aiohttp.ClientSession() as http:
        async with running() as sandbox:
            await http.post(f"{sandbox.url}/sandbox/people", json={"first_name": "Li", "id": 1})
            await http.post(f"{sandbox.url}/sandbox/faults", json={"method": "getMe", "kind": "timeout"})
            waits = [
                asyncio.create_task(_open(http, f"{sandbox.url}{path}"))
                for path in (
                    f"/bot{TOKEN}/getUpdates?timeout=50",
                    "/sandbox/people/1/messages?wait=60",
                    "/sandbox/events",
                    f"/bot{TOKEN}/getMe",
                )
            ]
            queue = sandbox.state.first_bot.updates
            while not (queue.bell.waited_for and sandbox.state.closing_bell.waited_for):
                await asyncio.sleep(0.005)
            stopping = asyncio.get_running_loop().time()
        # None waits to its end, which for one of them never comes; the limit is for a machine that is busy.
        assert asyncio.get_running_loop().time() - stopping < 30
        await asyncio.gather(*waits)


async def _open(http: aiohttp.ClientSession, url: str) -> bytes:
    try:
        async with http.get(url) as response:
            return await response.read()
    except aiohttp.ClientError as error:
        return str(error).encode()


async def test_serve_stops_when_told() -> None:
    heard: list[Sandbox] = []
    stop = asyncio.Event()
    task = asyncio.create_task(serve(port=0, started=heard.append, stop=stop))
    while not heard:
        await asyncio.sleep(0.005)
    assert heard[0].port > 0
    stop.set()
    await asyncio.wait_for(task, 30)


async def test_only_this_machine_and_a_free_port() -> None:
    with pytest.raises(ValueError, match="host"):
        async with running(host="0.0.0.0"):
            pytest.fail("bound to every address")
    async with running() as sandbox:
        with pytest.raises(OSError, match="in use"):
            async with running(port=sandbox.port):
                pytest.fail("took a port twice")


async def test_people_may_come_before_any_bot() -> None:
    state = State()
    async with running(state=state) as sandbox, aiohttp.ClientSession(sandbox.url) as http:
        await http.post("/sandbox/people", json={"first_name": "Li", "id": 1})
        await http.post("/sandbox/people/1/text", json={"text": "/start"})
        async with http.get(f"/bot{TOKEN}/getUpdates") as response:
            assert len((await response.json())["result"]) == 1
