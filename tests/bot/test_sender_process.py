"""The sender as a process: told to stop, it leaves nothing open; two of them on one database send once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import func, select

from bot.soak.outreach import FIRST, TOKEN, settle
from bot.soak.sender import Child, Plan
from crm.db import Database
from crm.outbox import Outbound
from sandbox.run import running
from sandbox.state import State

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def states(database: Database) -> Counter[str]:
    with database.read() as session:
        rows = session.execute(select(Outbound.state, func.count()).group_by(Outbound.state))
        return Counter({row[0]: row[1] for row in rows})


def copies(state: State, audience: int) -> Counter[int]:
    """How many people got how many messages."""
    chats = state.bot(TOKEN).chats
    return Counter(
        sum(entry.from_bot for entry in chats[FIRST + n].entries.values()) for n in range(audience)
    )


async def test_fifty_stops_leave_nothing_unknown(database: Database) -> None:
    audience, chance, state, took = 1000, random.Random(3), State(), []
    async with running(state=state) as sandbox:
        await asyncio.to_thread(settle, database, state, audience)
        plan = Plan(sandbox.url, database.url, TOKEN)
        for stops in range(50):
            child = Child(plan)
            assert await child.sends(chance.randint(1, 12), 120), stops
            begun = time.monotonic()
            assert await child.stop() == 0
            took.append(time.monotonic() - begun)
            assert set(states(database)) <= {"queued", "sent"}
            sent = states(database)["sent"]
            assert copies(state, audience) == Counter({1: sent, 0: audience - sent})
    assert median(took) < 8, "docker gives ten; one stop may fall on a machine that stands still"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_command_told_to_stop_leaves_nothing_unknown(
    database: Database, tmp_path: Path, number: signal.Signals
) -> None:
    audience, state = 1000, State()
    async with running(state=state) as sandbox:
        await asyncio.to_thread(settle, database, state, audience)
        told = {
            "TOKEN": TOKEN,
            "API_URL": sandbox.url,
            "DATABASE_URL": database.url,
            "DATA_DIR": str(tmp_path),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "outreach", "send"),
            env=os.environ | {f"FORECOURT_{name}": value for name, value in told.items()},
        )
        await asyncio.to_thread(heard_of, sandbox.url, FIRST + 5)
        process.send_signal(number)
        assert await process.wait() == 0
    assert set(states(database)) <= {"queued", "sent"}
    sent = states(database)["sent"]
    assert sent
    assert copies(state, audience) == Counter({1: sent, 0: audience - sent})


def heard_of(url: str, person: int) -> None:
    """Wait until the bot has written to this person."""
    heard: list[object] = []
    while not heard:
        with urllib.request.urlopen(f"{url}/sandbox/people/{person}/messages?after=0&wait=120") as answer:
            heard = json.load(answer)


async def test_two_senders_send_each_message_once(database: Database) -> None:
    audience, state = 10_000, State()
    async with running(state=state) as sandbox:
        await asyncio.to_thread(settle, database, state, audience)
        children = [Child(Plan(sandbox.url, database.url, TOKEN, slow=0.0)) for _ in range(2)]
        while states(database)["queued"] + states(database)["sending"]:
            await asyncio.gather(*(child.sends(500, 1.0) for child in children))
        assert [await child.stop() for child in children] == [0, 0]
    assert states(database) == Counter({"sent": audience})
    assert copies(state, audience) == Counter({1: audience})
