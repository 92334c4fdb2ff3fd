"""Methods by name. Telegram takes method names in any case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.call import Call

Function = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Method:
    """`sends`: counts towards the sending limits."""

    name: str
    run: Function
    sends: bool


METHODS: dict[str, Method] = {}


def method(name: str, *, sends: bool = False) -> Callable[[Function], Function]:
    """Registers `function(call) -> result` (or a coroutine) under the Bot API name."""

    def register(function: Function) -> Function:
        METHODS[name.lower()] = Method(name, function, sends)
        return function

    return register


async def run(found: Method, call: Call) -> Any:
    result = found.run(call)
    return await result if isinstance(result, Awaitable) else result
