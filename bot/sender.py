"""The sender of campaigns."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from telegram import Bot

if TYPE_CHECKING:
    from bot.app import Forecourt


class Sender:
    def __init__(self, house: Forecourt, bot: Bot) -> None:
        self._stop = asyncio.Event()

    async def run(self) -> None:
        await self._stop.wait()

    async def stop(self) -> None:
        self._stop.set()
