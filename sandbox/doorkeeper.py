"""Who may use the control API: programs on this machine, and the sandbox's own page.

A web page of somebody else, open in the same browser, could otherwise play people here: browsers send
its requests to loopback, and name where they come from.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.control import json_response

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
REFUSAL = {"error": "origin: only the sandbox's own page may do this from a browser."}


class Doorkeeper:
    """Refuses requests that a foreign page sends, or that come by a foreign name for this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/sandbox/") and not _trusted(scope):
            await json_response(REFUSAL, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _trusted(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    host = urlsplit(f"//{headers.get('host', '')}")
    origin = headers.get("origin")
    if host.hostname not in LOOPBACK_NAMES:
        return False
    return origin is None or urlsplit(origin).netloc == host.netloc
