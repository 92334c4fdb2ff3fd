"""Parts of requests to the sandbox: a keyboard, a form with files, and posting it."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from tests.sandbox.conftest import TOKEN, World


def inline(*labels: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": x, "callback_data": x}] for x in labels]}


def upload(**parts: Any) -> aiohttp.FormData:
    form = aiohttp.FormData()
    for name, value in parts.items():
        if isinstance(value, bytes):
            form.add_field(name, value, filename=f"{name}.png")
        else:
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    return form


async def post(world: World, name: str, form: aiohttp.FormData) -> dict[str, Any]:
    async with world.http.post(f"/bot{TOKEN}/{name}", data=form) as response:
        answer: dict[str, Any] = await response.json()
        return answer
