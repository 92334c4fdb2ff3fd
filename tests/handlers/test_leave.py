"""Replies keep the pace of the house. Time is virtual."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from handlers.leave import Leave, NotSent
from outreach.pace import Pace
from tests.outreach.virtual import run


class Telegram:
    """Notes when each call comes; the first ones may fail."""

    def __init__(self, *failures: TelegramError) -> None:
        self.failures = list(failures)
        self.called: list[float] = []

    async def __call__(self) -> None:
        self.called.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.02)
        if self.failures:
            raise self.failures.pop(0)


def paced(rate: float = 30) -> Pace:
    return Pace(rate, clock=asyncio.get_running_loop().time)


def test_one_chat_hears_one_new_message_a_second_and_edits_are_not_held_up() -> None:
    async def go() -> tuple[list[float], list[float]]:
        leave, messages, edits = Leave(paced()), Telegram(), Telegram()
        await asyncio.gather(*(leave.message(1, messages) for _ in range(4)))
        for _ in range(4):
            await leave.edit(edits)
        return messages.called, edits.called

    messages, edits = run(go())
    assert min(later - earlier for earlier, later in pairwise(messages)) >= 1.0
    assert edits[-1] - edits[0] < 0.1


def test_replies_and_edits_together_stay_below_the_rate() -> None:
    async def go() -> list[float]:
        leave, telegram = Leave(paced(5)), Telegram()
        messages = [leave.message(chat, telegram) for chat in range(12)]
        await asyncio.gather(*messages, *(leave.edit(telegram) for _ in range(12)))
        return sorted(telegram.called)

    called = run(go())
    assert all(called[n + 5] - called[n] >= 1.0 for n in range(len(called) - 5))


@pytest.mark.parametrize("kind", ["message", "edit", "aside"])
def test_a_flood_limit_on_one_reply_stops_everyone(kind: str) -> None:
    async def go() -> tuple[float, list[float]]:
        pace = paced()
        leave, refusing, others = Leave(pace), Telegram(RetryAfter(30)), Telegram()
        ways = {"edit": leave.edit, "aside": leave.aside}
        with pytest.raises(RetryAfter):
            await (leave.message(1, refusing) if kind == "message" else ways[kind](refusing))
        halted = asyncio.get_running_loop().time()

        async def campaign() -> None:
            pace.give_back(await pace.gulp(1))
            others.called.append(asyncio.get_running_loop().time())

        await asyncio.gather(
            leave.message(1, others),
            leave.message(2, others),
            leave.edit(others),
            leave.aside(others),
            campaign(),
        )
        return halted, others.called

    halted, called = run(go())
    assert len(called) == 5
    assert min(called) >= halted + 30


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (BadRequest("no"), False),
        (Forbidden("no"), False),
        (NotSent("no connection"), False),
        (TimedOut("no answer"), True),
        (NetworkError("broke"), True),
    ],
)
def test_a_chat_that_heard_nothing_need_not_wait(error: TelegramError, waits: bool) -> None:
    async def go() -> float:
        pace = paced()
        with pytest.raises(type(error)):
            await Leave(pace).message(1, Telegram(error))
        return pace.busy_for(1)

    assert (run(go()) > 0) is waits


def test_a_reply_goes_before_the_campaign_that_waits() -> None:
    async def go() -> list[str]:
        pace, order = paced(1), list[str]()
        pace.answered(pace.begin((await pace.gulp(1))[0], 9))

        async def campaign() -> None:
            pace.give_back(await pace.gulp(1))
            order.append("campaign")

        async def reply() -> None:
            order.append("reply")

        waiting = asyncio.create_task(campaign())
        await asyncio.sleep(0.1)
        await Leave(pace).message(1, reply)
        await waiting
        return order

    assert run(go()) == ["reply", "campaign"]
