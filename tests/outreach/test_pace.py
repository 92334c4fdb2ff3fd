"""The clock of sends, judged by a server that counts every window. Time is virtual."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outreach.pace import Pace
from tests.outreach.virtual import run

pytestmark = pytest.mark.slow


@dataclass
class Server:
    """Counts a message when it arrives, and answers; both ways take a time that varies."""

    there: float = 0.02
    back: float = 0.02
    jitter: float = 0.02
    seed: int = 1
    counted: list[tuple[float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    async def send(self, chat_id: int) -> None:
        await asyncio.sleep(self.there + self._random.uniform(0, self.jitter))
        self.counted.append((asyncio.get_running_loop().time(), chat_id))
        await asyncio.sleep(self.back + self._random.uniform(0, self.jitter))

    def most_in_a_window(self, window: float = 1.0) -> int:
        times = sorted(at for at, _ in self.counted)
        first, most = 0, 0
        for last, at in enumerate(times):
            while times[first] <= at - window:
                first += 1
            most = max(most, last - first + 1)
        return most

    def least_gap_per_chat(self) -> float:
        by_chat: dict[int, list[float]] = {}
        for at, chat in sorted(self.counted):
            by_chat.setdefault(chat, []).append(at)
        return min(b - a for times in by_chat.values() for a, b in pairwise(times))


async def broadcast(pace: Pace, server: Server, chats: list[int], at_once: int = 32) -> float:
    """Send to every chat, so many at once; how long it took."""
    room = asyncio.Semaphore(at_once)

    async def one(chat: int) -> None:
        async with room:
            slot = await pace.slot(chat)
            await server.send(chat)
            pace.answered(slot)

    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(one(chat) for chat in chats))
    return asyncio.get_running_loop().time() - began


def paced(rate: float) -> Pace:
    return Pace(rate, clock=asyncio.get_running_loop().time)


def test_the_rate_is_never_broken_and_nearly_reached() -> None:
    async def go() -> tuple[int, float]:
        server = Server()
        seconds = await broadcast(paced(30), server, list(range(900)))
        return server.most_in_a_window(), 900 / seconds

    most, rate = run(go())
    assert most <= 30
    assert rate >= 0.95 * 30


def test_a_pacer_by_the_clock_alone_breaks_it() -> None:
    """The judge discriminates: leave by send time, not by answer, draws too many into one window."""

    async def go() -> int:
        server, room = Server(jitter=0.2), asyncio.Semaphore(64)

        async def one(number: int) -> None:
            async with room:
                await server.send(number)

        tasks = []
        for number in range(300):
            tasks.append(asyncio.create_task(one(number)))
            await asyncio.sleep(1 / 30)
        await asyncio.gather(*tasks)
        return server.most_in_a_window()

    assert run(go()) > 30


@settings(max_examples=25)
@given(
    rate=st.sampled_from([1, 5, 30]),
    there=st.floats(0.001, 0.4),
    back=st.floats(0.001, 0.4),
    jitter=st.floats(0, 0.5),
    at_once=st.integers(1, 64),
    seed=st.integers(0, 1000),
)
@example(rate=30, there=0.0152, back=0.2116, jitter=0.459, at_once=20, seed=288)  # a poor least trip
def test_no_window_ever_holds_more(
    rate: int, there: float, back: float, jitter: float, at_once: int, seed: int
) -> None:
    async def go() -> int:
        server = Server(there, back, jitter, seed)
        await broadcast(paced(rate), server, list(range(rate * 6)), at_once)
        return server.most_in_a_window()

    assert run(go()) <= rate


def test_a_rate_below_one_a_second_is_kept() -> None:
    async def go() -> float:
        return await broadcast(paced(0.5), Server(jitter=0), [1, 2, 3])

    assert run(go()) >= 4


def test_one_chat_hears_one_message_a_second_and_holds_nobody_up() -> None:
    async def go() -> tuple[float, float]:
        server, pace = Server(jitter=0), paced(30)
        others = asyncio.create_task(broadcast(pace, server, list(range(100, 120))))
        await broadcast(pace, server, [1, 1, 1, 1])
        return server.least_gap_per_chat(), await others

    gap, others = run(go())
    assert gap >= 1.0
    assert others < 1.0


@pytest.mark.parametrize("seconds", [3.0, 30.0])
def test_a_halt_stops_everyone(seconds: float) -> None:
    async def go() -> tuple[float, list[float]]:
        loop, server, pace = asyncio.get_running_loop(), Server(), paced(30)
        sending = asyncio.create_task(broadcast(pace, server, list(range(200)), at_once=8))
        await asyncio.sleep(1.5)
        pace.halt(seconds)
        pace.halt(1.0)  # a shorter one ends nothing
        halted = loop.time()
        urgent = await pace.slot(9999, urgent=True)
        assert loop.time() >= halted + seconds
        pace.answered(urgent)
        await sending
        return halted, [at for at, _ in server.counted]

    halted, times = run(go())
    longest_trip = 0.1
    assert not [at for at in times if halted + longest_trip < at < halted + seconds]
    assert [at for at in times if at > halted + seconds]


def test_answers_to_people_go_before_the_broadcast() -> None:
    async def go() -> float:
        loop, server, pace = asyncio.get_running_loop(), Server(), paced(5)
        sending = asyncio.create_task(broadcast(pace, server, list(range(50)), at_once=50))
        await asyncio.sleep(2.0)
        asked = loop.time()
        slot = await pace.slot(777, urgent=True)
        waited = loop.time() - asked
        pace.answered(slot)
        await sending
        return waited

    assert run(go()) <= 1.1


def test_a_broadcast_never_takes_a_whole_window_at_once() -> None:
    """Who asks for something waits for the next slot, not for the next window."""

    async def go() -> tuple[float, float]:
        loop, server, pace = asyncio.get_running_loop(), Server(jitter=0), paced(30)
        sending = asyncio.create_task(broadcast(pace, server, list(range(240)), at_once=64))
        waits = []
        for number in range(100):
            await asyncio.sleep(0.061)
            asked = loop.time()
            slot = await pace.slot(10_000 + number, urgent=True)
            waits.append(loop.time() - asked)
            await server.send(10_000 + number)
            pace.answered(slot)
        await sending
        return max(waits), server.most_in_a_window()

    longest, most = run(go())
    assert longest < 0.1
    assert most <= 30


def test_slots_taken_ahead_and_given_back() -> None:
    async def go() -> tuple[int, float, int]:
        loop, pace = asyncio.get_running_loop(), paced(1000)
        slots = await pace.gulp(30)
        assert {slot.due for slot in slots} == {0.0}
        pace.give_back(slots[10:])
        for slot in slots[:10]:
            pace.answered(pace.begin(slot, int(slot.due)))
        taken, slots = len(slots), slots[:10]
        while len(slots) < 1010:
            slots += await pace.gulp(100, ahead=0.02)
        late = [slot for slot in slots if slot.due > loop.time()]
        await pace.due(slots[-1])
        return taken, slots[-1].due, len(late)

    taken, due, late = run(go())
    assert taken == 30
    assert due >= 1.0
    assert late == 10


def test_a_chat_that_heard_nothing_is_free_at_once() -> None:
    async def go() -> tuple[float, float]:
        pace = paced(30)
        pace.answered(await pace.slot(1), late=True, heard=False)
        pace.answered(await pace.slot(2), late=True)
        return pace.busy_for(1), pace.busy_for(2)

    nothing, something = run(go())
    assert (nothing, something > 1.0) == (0, True)


def test_a_send_that_was_given_up_leaves_its_slot() -> None:
    async def go() -> float:
        pace = paced(1)
        waiting = asyncio.create_task(pace.slot(1))
        slot = await waiting
        pace.answered(slot, late=True)
        second = asyncio.create_task(pace.slot(2))
        await asyncio.sleep(0.1)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        began = asyncio.get_running_loop().time()
        await pace.slot(3)
        return asyncio.get_running_loop().time() - began

    assert 0.8 < run(go()) < 1.0
