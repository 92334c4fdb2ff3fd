"""The control API for testers: health, calls, raw updates, faults, files, and the stream of events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sandbox.botapi import shown_call
from sandbox.control import bot_of, guarded
from sandbox.errors import ControlError
from sandbox.faults import KINDS, Fault
from sandbox.fields import body_of, query_number, take
from sandbox.raw import push_raw
from sandbox.registry import METHODS
from sandbox.state import State

HEARTBEAT_SECONDS = 15.0


class Operations:
    def __init__(self, state: State) -> None:
        self.state = state

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/health", self.health, methods=["GET"]),
            Route("/sandbox/calls", self.calls, methods=["GET"]),
            Route("/sandbox/files/{file_id}", self.file, methods=["GET"]),
            Route("/sandbox/updates", self.updates, methods=["POST"]),
            Route("/sandbox/faults", self.add_fault, methods=["POST"]),
            Route("/sandbox/faults", self.list_faults, methods=["GET"]),
            Route("/sandbox/faults", self.clear_faults, methods=["DELETE"]),
            Route("/sandbox/events", self.events, methods=["GET"]),
        ]

    @guarded
    async def health(self, request: Request) -> Any:
        """`ready` once the host program says so, `bot` once one has called."""
        health: dict[str, Any] = {"ok": True}
        if self.state.ready:
            health["ready"] = True
        if self.state.first_bot.claimed:
            health["bot"] = self.state.first_bot.user
        return health

    @guarded
    async def calls(self, request: Request) -> Any:
        after = int(query_number(request, "after"))
        return [shown_call(record) for record in self.state.calls.after(after)]

    @guarded
    async def file(self, request: Request) -> Any:
        stored = self.state.files.by_id.get(request.path_params["file_id"])
        if stored is None:
            raise ControlError(404, "file_id: no such file.")
        headers = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox"}
        return Response(stored.content, media_type=stored.mime_type, headers=headers)

    @guarded
    async def updates(self, request: Request) -> Any:
        body = await body_of(request)
        update = take(body, {"update": dict})["update"] if "update" in body or not body else body
        return push_raw(self.state, bot_of(self.state, request), update)

    @guarded
    async def add_fault(self, request: Request) -> Any:
        body = await body_of(request)
        if isinstance(body.get("kind"), int):
            body["kind"] = str(body["kind"])
        optional = {"times": int, "share": float, "retry_after": int}
        fields = take(body, {"method": str, "kind": str}, optional)
        if fields["method"] != "*":
            found = METHODS.get(fields["method"].lower())
            if found is None:
                raise ControlError(
                    400, f"method: the sandbox has no {fields['method']}; use * for any method."
                )
            fields["method"] = found.name
        if fields["kind"] not in KINDS:
            raise ControlError(400, f"kind: must be one of {', '.join(KINDS)}.")
        if fields.get("times", 1) < 1:
            raise ControlError(400, "times: must be 1 or more; leave it out for every call.")
        if not 0 < fields.get("share", 1) <= 1:
            raise ControlError(400, "share: must be above 0 and at most 1.")
        if fields.get("retry_after", 1) < 1:
            raise ControlError(400, "retry_after: must be 1 second or more.")
        fault = Fault(**fields)
        self.state.faults.add(fault)
        return {"ok": True, "fault": fault.as_dict()}

    @guarded
    async def list_faults(self, request: Request) -> Any:
        return [fault.as_dict() for fault in self.state.faults.faults]

    @guarded
    async def clear_faults(self, request: Request) -> Any:
        self.state.faults.clear()
        return {"ok": True}

    @guarded
    async def events(self, request: Request) -> Any:
        """Server-sent events from now on, or from `?after=N` or `Last-Event-ID`; one JSON object each."""
        raw = request.headers.get("last-event-id", "")
        after = int(query_number(request, "after", self.state.events.last))
        if raw.isdecimal() and raw.isascii():
            after = int(raw)
        return StreamingResponse(self._stream(after), media_type="text/event-stream")

    async def _stream(self, after: int) -> AsyncIterator[bytes]:
        ring = self.state.events
        yield b": open\n\n"
        while not self.state.closing:
            for event in ring.after(after):
                after = event["n"]
                yield b"id: %d\ndata: %s\n\n" % (after, orjson.dumps(event))
            if ring.last <= after and not await ring.bell.wait(HEARTBEAT_SECONDS):
                yield b": beat\n\n"
