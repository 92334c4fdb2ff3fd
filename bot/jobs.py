"""The jobs of the schedule."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.app import Forecourt


async def segment(house: Forecourt) -> None:
    await asyncio.sleep(0)


async def round_(house: Forecourt) -> None:
    await asyncio.sleep(0)
