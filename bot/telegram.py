"""The transport: PTB's requests over aiohttp and orjson; a failure says what may have happened.

PTB's default client spends most of its time polling its own connection pool (docs/architecture.md has the
figures); this one sends plain JSON over kept-alive connections.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from handlers.leave import NotSent

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)


class AioRequest(BaseRequest):
    """PTB's ``BaseRequest`` on aiohttp. ``connections`` bounds how many requests are under way at once.

    Raises NotSent when the request surely did not leave, TimedOut or NetworkError when it may have arrived.
    """

    __slots__ = ("_connections", "_session")

    def __init__(self, connections: int = 128) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        return READ_SECONDS

    async def initialize(self) -> None:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=60)
            self._session = aiohttp.ClientSession(connector=connector)

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        timeout = aiohttp.ClientTimeout(
            total=None,
            sock_connect=_seconds(connect_timeout, CONNECT_SECONDS),
            sock_read=_seconds(read_timeout, READ_SECONDS),
        )
        return await self._exchange(url, method, timeout, _body(request_data))

    async def call(self, url: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and answer of one POST, without PTB's objects on either way. Raises as ``do_request``;
        TelegramError for an answer that is not a Bot API's."""
        status, payload = await self._exchange(url, "POST", TIMEOUT, _json(body))
        return status, self.parse_json_payload(payload)

    async def _exchange(
        self, url: str, method: str, timeout: aiohttp.ClientTimeout, body: dict[str, Any]
    ) -> tuple[int, bytes]:
        if self._session is None:
            raise RuntimeError("the transport is not initialized")
        try:
            async with self._session.request(method, url, timeout=timeout, **body) as response:
                return response.status, await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(f"no connection: {type(error).__name__}") from error
        except TimeoutError as error:
            raise TimedOut("no answer in time") from error
        except aiohttp.ClientError as error:
            raise NetworkError(f"the connection broke: {type(error).__name__}") from error

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        try:
            answer = orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise TelegramError("the server's answer is not JSON") from error
        if not isinstance(answer, dict):
            raise TelegramError("the server's answer is not a Bot API answer")
        return answer


def _seconds(value: Any, default: float) -> float | None:
    return default if value is BaseRequest.DEFAULT_NONE else value


def _json(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"data": orjson.dumps(body), "headers": {"Content-Type": "application/json"}}


def _body(data: RequestData | None) -> dict[str, Any]:
    """JSON for plain parameters, a form where files go along."""
    if data is None:
        return {}
    if not data.contains_files:
        return _json(data.parameters)
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return {"data": form}
