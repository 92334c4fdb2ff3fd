"""Leave to speak: replies keep the house's pace, before every campaign; a flood limit stops everyone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter

from outreach.pace import Pace, Slot

Send = Callable[[], Awaitable[Any]]


class NotSent(NetworkError):
    """The request surely did not reach Telegram, so that it may be sent again."""


class Leave:
    """Each way to speak, at its own price. All return what ``send`` returns and raise what it raises."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    async def message(self, chat_id: int, send: Send) -> Any:
        """A new message: one a second to a chat, and of the rate."""
        return await self._with(await self._pace.slot(chat_id, urgent=True), send)

    async def edit(self, send: Send) -> Any:
        """A message that changes: of the rate alone."""
        return await self._with(await self._pace.urgent(), send)

    async def aside(self, send: Send) -> Any:
        """No message at all, such as a toast: it only waits while Telegram wants nothing of us."""
        while (wait := self._pace.halted_for) > 0:
            await asyncio.sleep(wait)
        try:
            return await send()
        except RetryAfter as error:
            self._pace.halt(seconds(error))
            raise

    async def _with(self, slot: Slot, send: Send) -> Any:
        late = heard = True
        try:
            answer = await send()
            late = False
            return answer
        except RetryAfter as error:
            self._pace.halt(seconds(error))
            late = heard = False
            raise
        except (BadRequest, Forbidden):
            late = heard = False
            raise
        except NotSent:
            heard = False
            raise
        finally:
            self._pace.answered(slot, late=late, heard=heard)


def seconds(error: RetryAfter) -> float:
    """How long a flood limit lasts."""
    wait = error.retry_after
    return float(wait) if isinstance(wait, (int, float)) else wait.total_seconds()
