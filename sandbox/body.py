"""Request bodies: JSON, urlencoded and multipart, into parameters and uploads."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Receive, Scope

from sandbox.errors import TOO_LARGE, bad
from sandbox.files import UPLOAD_LIMIT, Upload

BODY_LIMIT = UPLOAD_LIMIT + 1024 * 1024
Parsed = tuple[dict[str, Any], dict[str, Upload]]


class ClientGone(Exception):
    """The client hung up while sending."""


async def read(receive: Receive, limit: int = BODY_LIMIT) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        if not message.get("more_body", False):
            if size > limit:
                raise TOO_LARGE
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def header(scope: Scope, name: bytes) -> str:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


async def params_of(scope: Scope, receive: Receive, limit: int = BODY_LIMIT) -> Parsed:
    """Parameters of the query and of the body together; uploads by field name."""
    query: bytes = scope.get("query_string", b"")
    params: dict[str, Any] = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    body = await read(receive, limit)
    if not body:
        return params, {}
    kind = header(scope, b"content-type")
    if kind.startswith("application/json"):
        try:
            loaded = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise bad("can't parse request body as JSON object") from None
        if not isinstance(loaded, dict):
            raise bad("object expected as request body")
        return params | loaded, {}
    if kind.startswith("multipart/form-data"):
        fields, uploads = await multipart(kind, body)
        return params | fields, uploads
    try:
        return params | dict(parse_qsl(body.decode(), keep_blank_values=True)), {}
    except UnicodeDecodeError:
        raise bad("strings must be encoded in UTF-8") from None


async def multipart(content_type: str, body: bytes) -> tuple[dict[str, str], dict[str, Upload]]:
    async def stream() -> Any:
        yield body

    parser = MultiPartParser(
        Headers({"content-type": content_type}), stream(), max_part_size=BODY_LIMIT, max_fields=1000
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError):
        raise bad("can't parse multipart form data") from None
    fields: dict[str, str] = {}
    uploads: dict[str, Upload] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields[name] = value
        else:
            uploads[name] = Upload(value.filename or "", await value.read(), value.content_type)
    await form.close()
    return fields, uploads
