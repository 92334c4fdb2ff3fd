"""What one sendMessage costs the sandbox, beside a bare Starlette endpoint in the same run.

    python bench/bot_api.py [--messages 10000] [--json]

Both are called as ASGI applications, without the HTTP layer below them, in processor time. The floor reads
its JSON and answers a message object, no more: no parsing of HTML, no people, no record of the call. The mark
is 1,000 messages a second on one core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.server import create_app
from sandbox.state import State

BOT = "1000:" + "B" * 35
BODY = orjson.dumps({"chat_id": 1, "text": "hello <b>Li</b> &amp; all", "parse_mode": "HTML"})
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": f"/bot{BOT}/sendMessage",
    "query_string": b"",
    "headers": [(b"content-type", b"application/json")],
}


def ours() -> ASGIApp:
    """The sandbox with one person who has started the bot."""
    state = State()
    app = create_app(state)
    person = state.add_person({"first_name": "Li", "id": 1})
    state.chat_of(state.bot(BOT), person).started = True
    return app


def floor() -> ASGIApp:
    """The least an endpoint can do: read JSON, answer JSON."""

    async def send_message(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        result = {"message_id": 1, "date": 0, "chat": {"id": asked["chat_id"]}, "text": asked["text"]}
        return Response(orjson.dumps({"ok": True, "result": result}), media_type="application/json")

    return Starlette(routes=[Route("/bot{token}/sendMessage", send_message, methods=["POST"])])


async def seconds_of(app: ASGIApp, messages: int) -> float:
    """Processor seconds of this thread for that many messages, each of which must be answered with 200."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY}

    async def send(message: Any) -> None:
        if "status" in message:
            statuses.append(message["status"])

    start = time.thread_time()
    for _ in range(messages):
        await app(dict(SCOPE), receive, send)
    taken = time.thread_time() - start
    if statuses != [200] * messages:
        raise SystemExit("a message was not taken: the benchmark would time errors")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    sandbox = asyncio.run(seconds_of(ours(), args.messages))
    bare = asyncio.run(seconds_of(floor(), args.messages))
    result = {
        "messages": args.messages,
        "sandbox_us": round(sandbox / args.messages * 1e6, 1),
        "floor_us": round(bare / args.messages * 1e6, 1),
        "times_the_floor": round(sandbox / bare, 2),
        "per_second_of_one_core": round(args.messages / sandbox),
    }
    for name, value in result.items():
        print(f"{name:24} {value:>12,}")
    if args.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
