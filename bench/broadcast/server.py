"""A Bot API server of the benchmark, in a process of its own: answers after a while, counts, keeps a log.

    python -m bench.broadcast.server

Prints its address. `POST /bench` {"kind": none|sliding|bucket|jitter, "rate": 30, "latency": 0.06} begins
anew; `GET /bench` gives the log: [[second at which it was counted, chat, 1 taken or 0 refused]]; `POST
/bench/ask` {"chat": 1, "text": "/me"} lets a person write. The limiter is this file's own:
it shares nothing with outreach/pace.py.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from typing import Any

import orjson
import uvloop
from aiohttp import web

POLL_SECONDS = 2.0
ME = {"id": 1, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
LISTS = ("getMyCommands", "getUpdates")


class Sliding:
    """At most ``rate`` in any second."""

    def __init__(self, rate: int) -> None:
        self.rate, self.taken = rate, deque[float]()

    def takes(self, now: float) -> bool:
        while self.taken and self.taken[0] <= now - 1.0:
            self.taken.popleft()
        if len(self.taken) >= self.rate:
            return False
        self.taken.append(now)
        return True


class Bucket:
    """``rate`` tokens, refilled at ``rate`` a second."""

    def __init__(self, rate: int) -> None:
        self.rate, self.tokens, self.at = rate, float(rate), 0.0

    def takes(self, now: float) -> bool:
        self.tokens = min(self.rate, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Server:
    def __init__(self) -> None:
        self.begin({})
        self.updates: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.number = 0

    def begin(self, asked: dict[str, Any]) -> None:
        """The log is empty, the limits are fresh."""
        kind, rate = asked.get("kind", "none"), int(asked.get("rate", 30))
        self.latency = float(asked.get("latency", 0.06))
        self.spread = self.latency / 4 if kind == "jitter" else 0.0
        limits: dict[str, type[Sliding | Bucket]] = {
            "sliding": Sliding,
            "jitter": Sliding,
            "bucket": Bucket,
        }
        self.limit: Sliding | Bucket | None = limits[kind](rate) if kind in limits else None
        self.random = random.Random(7)
        self.log: list[tuple[float, int, int]] = []

    async def bench(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            self.begin(orjson.loads(await request.read()))
            return answer(True)
        return web.Response(body=orjson.dumps(self.log), content_type="application/json")

    async def ask(self, request: web.Request) -> web.Response:
        asked = orjson.loads(await request.read())
        self.number += 1
        person = {"id": asked["chat"], "is_bot": False, "first_name": f"P{asked['chat']}"}
        message = {
            "message_id": 10_000_000 + self.number,
            "date": int(time.time()),
            "chat": {"id": asked["chat"], "type": "private", "first_name": person["first_name"]},
            "from": person,
            "text": asked["text"],
            "entities": [{"type": "bot_command", "offset": 0, "length": len(asked["text"])}],
        }
        self.updates.put_nowait({"update_id": self.number, "message": message})
        return web.json_response({"at": time.monotonic()})

    async def call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if method.lower() == "sendmessage":
            return await self.send(await params(request))
        if method.lower() == "getupdates":
            return answer(await self.waiting())
        if method.lower() == "getme":
            return answer(ME)
        return answer([] if method in LISTS else True)

    async def waiting(self) -> list[dict[str, Any]]:
        try:
            found = [await asyncio.wait_for(self.updates.get(), POLL_SECONDS)]
        except TimeoutError:
            return []
        while not self.updates.empty():
            found.append(self.updates.get_nowait())
        return found

    async def send(self, asked: Any) -> web.Response:
        chat = int(asked["chat_id"])
        await asyncio.sleep(self.way())
        now = time.monotonic()
        taken = self.limit is None or self.limit.takes(now)
        self.log.append((now, chat, int(taken)))
        await asyncio.sleep(self.way())
        if not taken:
            words = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 1"}
            return answered(words | {"parameters": {"retry_after": 1}}, 429)
        self.number += 1
        whom = {"id": chat, "type": "private", "first_name": "P"}
        told = {"message_id": self.number, "date": int(time.time()), "chat": whom, "from": ME}
        return answer(told | {"text": asked["text"]})

    def way(self) -> float:
        """Seconds there, or back."""
        return self.latency / 2 + self.random.uniform(0, self.spread)


async def params(request: web.Request) -> Any:
    if request.content_type == "application/json":
        return orjson.loads(await request.read())
    return await request.post()


def answer(result: Any) -> web.Response:
    return answered({"ok": True, "result": result}, 200)


def answered(body: dict[str, Any], status: int) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


async def serve() -> None:
    server, app = Server(), web.Application()
    app.router.add_route("*", "/bench", server.bench)
    app.router.add_post("/bench/ask", server.ask)
    app.router.add_route("*", "/bot{token}/{method}", server.call)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=600)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    assert site._server is not None
    host, port = site._server.sockets[0].getsockname()[:2]  # type: ignore[attr-defined]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve())
