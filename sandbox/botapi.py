"""`/bot<token>/<method>` and `/file/bot<token>/<path>`: from an HTTP request to a method and back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import datetime
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from sandbox import methods_bot, methods_edit, methods_queries, methods_send, methods_updates
from sandbox.body import ClientGone, params_of
from sandbox.call import Call
from sandbox.errors import BLOCKED, ApiError, too_many
from sandbox.faults import Fault
from sandbox.files import Upload
from sandbox.registry import METHODS, Method, run
from sandbox.state import Bot, State

log = logging.getLogger("sandbox")
REGISTERED = (methods_bot, methods_edit, methods_queries, methods_send, methods_updates)
UNKNOWN = ApiError(404, "Not Found: method not found")
TRANSPORT = "sandbox.transport"
JSON = (b"content-type", b"application/json")


def _described(params: dict[str, Any], uploads: dict[str, Upload]) -> dict[str, Any]:
    return {**params, **{name: u.described() for name, u in uploads.items()}} if uploads else params


def _limit(call: Call, found: Method) -> None:
    """429 where the sandbox was started with limits; an album counts each of its messages."""
    if not found.sends or not call.state.limits.limits:
        return
    chat_id = call.chat_id()
    if not isinstance(chat_id, int):
        return
    count = len(call.array("media")) if found.name == "sendMediaGroup" else 1
    paid = call.flag("allow_paid_broadcast")
    wait = call.state.limits.retry_after(call.bot.id, chat_id, call.state.clock(), count, paid=paid)
    if wait:
        raise too_many(wait)


async def _result(call: Call, found: Method) -> tuple[int, dict[str, Any]]:
    try:
        _limit(call, found)
        return 200, {"ok": True, "result": await run(found, call)}
    except ApiError as error:
        return error.code, error.body()


async def perform(state: State, bot: Bot, name: str, params: dict[str, Any]) -> None:
    """A method called from the answer of a webhook; only the log of calls tells how it went."""
    found = METHODS.get(name.lower())
    record = state.calls.add({"at": state.clock(), "bot": bot.id, "method": name, "params": params})
    if found is None or found.name == "getUpdates":
        record["status"] = UNKNOWN.code
        return
    record["status"], _ = await _result(Call(state, bot, found.name, params), found)


def _fault_error(fault: Fault) -> ApiError:
    if fault.kind == "429":
        return too_many(fault.retry_after)
    if fault.kind == "403":
        return ApiError(403, BLOCKED)
    return ApiError(500, "Internal Server Error")


class BotApi:
    """ASGI endpoint. Raw ASGI and not a Starlette function: this is the hot path."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path_params"]
        with contextlib.suppress(ClientGone):  # nobody is left to answer
            try:
                bot = self.state.bot(path["token"])
                params, uploads = await params_of(scope, receive)
                found = METHODS.get(path["method"].lower())
                if found is None:
                    self._log(bot, path["method"], _described(params, uploads), UNKNOWN.code)
                    raise UNKNOWN
            except ApiError as error:
                await answer(send, error.code, error.body())
                return
            await self._call(Call(self.state, bot, found.name, params, uploads), found, scope, receive, send)

    def _log(self, bot: Bot, name: str, params: dict[str, Any], status: int | None) -> dict[str, Any]:
        at = self.state.clock()
        return self.state.calls.add(
            {"at": at, "bot": bot.id, "method": name, "params": params, "status": status}
        )

    async def _call(self, call: Call, found: Method, scope: Scope, receive: Receive, send: Send) -> None:
        record = self._log(call.bot, found.name, _described(call.params, call.files), None)
        fault = self.state.faults.strike(found.name) if self.state.faults.faults else None
        if fault is not None:
            record["fault"] = fault.kind
            if fault.kind == "timeout":
                await self._silence(scope, receive)
                return
            if fault.kind != "lost_answer":
                error = _fault_error(fault)
                record["status"] = error.code
                await answer(send, error.code, error.body())
                return

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                continue

        call.gone = gone
        try:
            record["status"], body = await _result(call, found)
        except Exception:
            log.exception("%s failed", found.name)
            record["status"], body = 500, ApiError(500, "Internal Server Error").body()
        if fault is not None:
            await self._hang_up(scope, receive)
            return
        await answer(send, record["status"], body)

    async def _silence(self, scope: Scope, receive: Receive) -> None:
        """Never answers and never acts; ends when the client gives up or the server stops."""
        closing = self.state.closing_bell.future()
        gone = asyncio.ensure_future(receive())
        try:
            if not self.state.closing:
                await asyncio.wait((closing, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            self.state.closing_bell.forget(closing)
        await self._hang_up(scope, receive)

    async def _hang_up(self, scope: Scope, receive: Receive) -> None:
        scope["state"][TRANSPORT].abort()
        while (await receive())["type"] != "http.disconnect":
            continue


async def answer(send: Send, status: int, body: dict[str, Any]) -> None:
    content = orjson.dumps(body)
    headers = [JSON, (b"content-length", str(len(content)).encode())]
    if status == 429:
        headers.append((b"retry-after", str(body["parameters"]["retry_after"]).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


class FileDownload:
    """`/file/bot<token>/<file_path>`."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path_params"]
        try:
            self.state.bot(path["token"])
            stored = self.state.files.by_path.get(path["path"])
            if stored is None:
                raise ApiError(404, "Not Found")
        except ApiError as error:
            await answer(send, error.code, error.body())
            return
        headers = [
            (b"content-type", b"application/octet-stream"),
            (b"content-length", str(len(stored.content)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": stored.content})


def shown_call(record: dict[str, Any]) -> dict[str, Any]:
    """A record of the call log as the control API shows it: `at` as ISO 8601 with offset."""
    at = datetime.fromtimestamp(record["at"]).astimezone().isoformat(timespec="milliseconds")
    return record | {"at": at}
