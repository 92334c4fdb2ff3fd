from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from crm.db import Database
from crm.writer import Writer


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[Writer]:
    writer = Writer(database)
    yield writer
    await asyncio.to_thread(writer.close)
