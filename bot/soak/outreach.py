"""A broadcast whose sender is killed again and again: who got it twice, who never and nobody knows?

What was delivered is counted where it arrives, at the server, and compared with the ledger afterwards.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bot.soak.queue import fill
from bot.soak.sender import Child, Design, Plan
from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from outreach import status
from sandbox.faults import Fault
from sandbox.run import running
from sandbox.state import State

TOKEN = "700701:" + "O" * 35
FIRST = 3_000_000  # Telegram id of the first person
STARTING = 0.25  # share of the kills that come while the sender starts
PATIENCE = 120.0  # seconds until a sender that sends nothing is a fault of the soak
LOST_SHARE = FLOOD_SHARE = 0.01
STATES_OPEN = ("queued", "sending")


@dataclass(slots=True)
class Outcome:
    """``unknown`` are all that a person has to decide about; ``kills_in_flight`` those kills that found a
    row on its way."""

    audience: int
    kills: int = 0
    sent: int = 0
    doubled: int = 0
    missed: int = 0
    unknown: int = 0
    max_unknown_per_kill: int = 0
    kills_in_flight: int = 0
    seconds: float = 0.0
    listed: int = 0


async def soak(
    database: Database,
    *,
    kills: int,
    seed: int,
    audience: int = 2000,
    design: Design = "ledger",
    marks: Path | None = None,
) -> dict[str, Any]:
    """Run the campaign on an empty, migrated database; the counts, as JSON."""
    chance = random.Random(seed)
    started = time.monotonic()
    state = State(rng=random.Random(seed))
    async with running(state=state) as sandbox:
        await asyncio.to_thread(settle, database, state, audience)
        for kind, share in (("429", FLOOD_SHARE), ("lost_answer", LOST_SHARE)):
            state.faults.add(Fault("sendMessage", kind, share=share))
        plan = Plan(sandbox.url, database.url, TOKEN, marks, design=design)
        murder = _Murder(database, plan, kills, chance, Outcome(audience))
        await murder.run()
    outcome = murder.outcome
    await asyncio.to_thread(_judge, database, state, outcome)
    outcome.seconds = round(time.monotonic() - started, 1)
    return asdict(outcome)


def used(database: Database) -> bool:
    """Whether somebody stands in this database already."""
    with database.read() as session:
        return session.scalar(select(Customer.id).limit(1)) is not None


@dataclass(slots=True)
class _Murder:
    """Starts the sender and kills it at random moments; the last life runs to the end.

    What is left must last for the kills to come, each of which may cost all that is in flight: each life has
    its share and ends none of what it begins beyond it, however late the kill comes.
    """

    database: Database
    plan: Plan
    kills: int
    chance: random.Random
    outcome: Outcome
    _seen: set[int] = field(default_factory=set)

    async def run(self) -> None:
        starting = set(self.chance.sample(range(self.kills), int(self.kills * STARTING)))
        while self.outcome.kills < self.kills and (left := await self._open()):
            share = left // (self.kills - self.outcome.kills)
            flying = min(self.plan.in_flight, share)
            child = Child(replace(self.plan, in_flight=flying, most=share - flying))
            await self._moment(child, 0 if self.outcome.kills in starting else share - flying)
            await child.kill()
            self.outcome.kills += 1
            await self._count_flying()
        await self._finish()

    async def _moment(self, child: Child, most: int) -> None:
        """Wait for the moment to strike: while it starts, or in the middle of one of ``most`` sends."""
        if not most:
            await asyncio.sleep(self.chance.uniform(0, 0.1))
            return
        for _ in range(self.chance.randint(1, most)):
            if await child.sends(1, PATIENCE):
                continue
            if await self._open():
                raise RuntimeError(f"the sender began nothing for {PATIENCE:.0f} s")
            break
        await asyncio.sleep(self.chance.uniform(0, self.plan.slow))

    async def _finish(self) -> None:
        if not await self._open():
            return
        child = Child(self.plan)
        while await self._open():
            await child.sends(10**9, 0.2)
        code = await child.stop()
        if code:
            raise RuntimeError(f"the sender ended with {code}")

    async def _open(self) -> int:
        return await asyncio.to_thread(_count_open, self.database)

    async def _count_flying(self) -> None:
        """The rows that this kill, and none before it, left on their way."""
        flying = await asyncio.to_thread(_flying, self.database)
        fresh = flying - self._seen
        self._seen |= fresh
        self.outcome.kills_in_flight += bool(fresh)
        self.outcome.max_unknown_per_kill = max(self.outcome.max_unknown_per_kill, len(fresh))


def settle(database: Database, state: State, audience: int) -> None:
    """The queue, and the chats of its people at the server."""
    bot = state.bot(TOKEN)
    for chat_id in range(FIRST, FIRST + audience):
        person = state.add_person({"id": chat_id, "first_name": f"P{chat_id}"})
        state.chat_of(bot, person).started = True
    fill(database, audience, first=FIRST)


def _count_open(database: Database) -> int:
    query = select(func.count()).where(Outbound.state.in_(STATES_OPEN))
    with database.read() as session:
        return session.scalar(query) or 0


def _flying(database: Database) -> set[int]:
    with database.read() as session:
        return set(session.scalars(select(Outbound.id).where(Outbound.state == "sending")))


def _judge(database: Database, state: State, outcome: Outcome) -> None:
    """The ledger against what arrived: missed is whoever got nothing and is not listed as unknown."""
    chats = state.bot(TOKEN).chats
    with database.read() as session:
        rows = session.execute(
            select(Customer.chat_id, Outbound.state).join(Outbound, Outbound.customer_id == Customer.id)
        )
        told = {chat_id: became for chat_id, became in rows if chat_id is not None}
        outcome.listed = len(status.unknown(session))
    arrived = {who: sum(entry.from_bot for entry in chats[who].entries.values()) for who in told}
    states = Counter(told.values())
    outcome.sent, outcome.unknown = states["sent"], states["unknown"]
    outcome.doubled = sum(copies > 1 for copies in arrived.values())
    outcome.missed = sum(not copies and told[who] != "unknown" for who, copies in arrived.items())
    outcome.missed += outcome.audience - len(told)
