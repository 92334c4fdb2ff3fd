"""Bodies of the control API: JSON objects with known fields, or a sentence saying what would be right."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request

from sandbox.body import ClientGone, header, multipart, read
from sandbox.errors import ApiError, ControlError
from sandbox.files import Upload

KINDS: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    object: "a string, or an object with a string per language",
}
PERSON_FILE_LIMIT = 200 * 1024 * 1024


def _fits(value: object, kind: type) -> bool:
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of the request; an empty body is `{}`."""
    try:
        raw = await read(request.receive)
    except ClientGone:
        raise ControlError(400, "body: the connection closed before the whole body came.") from None
    except ApiError:
        raise ControlError(413, "body: too large.") from None
    if not raw.strip():
        return {}
    try:
        loaded = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ControlError(400, "body: this is no valid JSON; send a JSON object.") from None
    if not isinstance(loaded, dict):
        raise ControlError(400, "body: send a JSON object.")
    return loaded


def take(
    body: dict[str, Any], required: dict[str, type], optional: dict[str, type] | None = None
) -> dict[str, Any]:
    """The fields given, checked for name and type; nulls are left out."""
    known = required | (optional or {})
    if unknown := sorted(set(body) - set(known)):
        names = ", ".join(known) or "none"
        raise ControlError(400, f"{unknown[0]}: no such field here; the fields are: {names}.")
    given = {name: value for name, value in body.items() if value is not None}
    for name in required:
        if name not in given:
            raise ControlError(400, f"{name}: missing; give {KINDS[required[name]]}.")
    for name, value in given.items():
        if not _fits(value, known[name]):
            raise ControlError(400, f"{name}: must be {KINDS[known[name]]}.")
    return given


def filled(name: str, value: str, limit: int = 4096) -> str:
    if not value.strip():
        raise ControlError(400, f"{name}: must not be empty.")
    if len(value) > limit:
        raise ControlError(400, f"{name}: at most {limit} characters.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ControlError(400, f"{name}: must be valid Unicode text.") from None
    return value


def worded(name: str, value: object, limit: int) -> None:
    """A text given plainly, or per language: {"en": ..., "zh": ...}."""
    texts = value.values() if isinstance(value, dict) and value else [value]
    for text in texts:
        if not isinstance(text, str):
            raise ControlError(400, f"{name}: must be {KINDS[object]}.")
        filled(name, text, limit)


def query_number(request: Request, name: str, default: float = 0) -> float:
    raw = request.query_params.get(name)
    if raw is None or raw == "":
        return default
    try:
        number = float(raw)
    except ValueError:
        number = -1.0
    if not 0 <= number < 2**63:
        raise ControlError(400, f"{name}: must be a number, 0 or more.")
    return number


async def file_of(request: Request) -> tuple[Upload, str]:
    """`file` and `caption` of a multipart body."""
    kind = header(request.scope, b"content-type")
    if not kind.startswith("multipart/form-data"):
        raise ControlError(400, "file: send multipart/form-data with a part named file.")
    try:
        fields, uploads = await multipart(kind, await read(request.receive, PERSON_FILE_LIMIT))
    except ClientGone:
        raise ControlError(400, "body: the connection closed before the whole body came.") from None
    except ApiError as error:
        raise ControlError(error.code, f"body: {error.description}.") from None
    if unknown := sorted((set(fields) | set(uploads)) - {"file", "caption"}):
        raise ControlError(400, f"{unknown[0]}: no such part here; the parts are: file, caption.")
    if "file" not in uploads:
        raise ControlError(400, "file: missing; send a part named file that has a file name.")
    if not uploads["file"].content:
        raise ControlError(400, "file: must not be empty.")
    return uploads["file"], fields.get("caption", "")
