"""The whole application: Bot API, control API and the chat page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.botapi import BotApi, FileDownload
from sandbox.control import People, json_response
from sandbox.doorkeeper import Doorkeeper
from sandbox.operations import Operations
from sandbox.state import State

PAGE = Path(__file__).parent / "page"


def create_app(state: State) -> Starlette:
    """The ASGI application over this state; see docs/sandbox.md for its routes."""
    routes: list[BaseRoute] = [
        Route("/bot{token}/{method}", BotApi(state)),
        Route("/file/bot{token}/{path:path}", FileDownload(state)),
        *People(state).routes(),
        *Operations(state).routes(),
        Route("/", _index, methods=["GET"]),
    ]
    if PAGE.is_dir():
        routes.append(Mount("/page", _Page(directory=PAGE)))
    return Starlette(
        routes=routes,
        exception_handlers={HTTPException: _http_error, Exception: _failure},
        middleware=[Middleware(Doorkeeper)],
    )


class _Page(StaticFiles):
    """The page's files, asked for anew each time: a browser must not mix two versions of them."""

    def file_response(self, *args: Any, **more: Any) -> Response:
        response = super().file_response(*args, **more)
        response.headers["cache-control"] = "no-cache"
        return response


async def _index(request: Request) -> Response:
    index = PAGE / "index.html"
    if not index.is_file():
        return json_response({"error": "page: the chat page is not installed; the APIs work."}, 404)
    return FileResponse(index, headers={"cache-control": "no-cache"})


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if request.url.path.startswith(("/bot", "/file/")):
        return json_response({"ok": False, "error_code": status, "description": "Not Found"}, status)
    reason = "use another HTTP method here" if status == 405 else "no such address; see docs/sandbox.md"
    return json_response({"error": f"{request.url.path}: {reason}."}, status)


async def _failure(request: Request, error: Exception) -> Response:
    return json_response({"error": "the sandbox itself failed; its log has the traceback."}, 500)
