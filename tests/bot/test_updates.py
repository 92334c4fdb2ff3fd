"""The inbox: stored once, handled once, in order within a chat, in parallel across chats."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from telegram import Bot, Update

from bot import updates
from bot.updates import Inbox
from crm import inbox
from crm.db import Database
from crm.writer import Writer
from handlers.ask import Incoming


def update(number: int, chat: int = 1, text: str = "hello") -> Update:
    user = {"id": chat, "is_bot": False, "first_name": "A"}
    message = {
        "message_id": number,
        "date": 1_780_000_000,
        "chat": {"id": chat, "type": "private"},
        "from": user,
        "text": text,
    }
    return Update.de_json({"update_id": number, "message": message}, BOT)


BOT = Bot("1:" + "A" * 35)


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    writer = Writer(database)
    yield writer
    writer.close()


def box(database: Database, writer: Writer, handle: Any, at_once: int = 64) -> Inbox:
    async def say(_update_id: int, _replies: list[dict[str, Any]]) -> None:
        raise AssertionError("nothing is left to say")

    return Inbox(database, writer, handle, say, lambda: datetime.now(UTC), at_once)


async def test_an_update_delivered_three_times_is_handled_once(database: Database, writer: Writer) -> None:
    seen: list[int] = []

    async def handle(incoming: Incoming) -> None:
        seen.append(incoming.update_id)

    inbox_ = box(database, writer, handle)
    await inbox_.take([update(7), update(7)])
    await inbox_.take([update(7), update(6)])
    await inbox_.drain()
    assert sorted(seen) == [6, 7]


async def test_order_holds_within_a_chat_and_chats_do_not_wait_for_each_other(
    database: Database, writer: Writer
) -> None:
    seen: list[tuple[int, int]] = []
    release = asyncio.Event()

    async def handle(incoming: Incoming) -> None:
        if incoming.user_id == 1 and incoming.update_id == 1:
            await release.wait()
        seen.append((incoming.user_id, incoming.update_id))

    inbox_ = box(database, writer, handle)
    await inbox_.take([update(1, 1), update(2, 1), update(3, 2), update(4, 2)])
    while len(seen) < 2:
        await asyncio.sleep(0.01)
    assert seen == [(2, 3), (2, 4)]
    release.set()
    await inbox_.drain()
    assert seen[2:] == [(1, 1), (1, 2)]


async def test_what_a_crash_left_is_taken_up(database: Database, writer: Writer) -> None:
    seen: list[int] = []

    async def handle(incoming: Incoming) -> None:
        seen.append(incoming.update_id)

    payload = update(9, text="left behind").to_dict()
    await writer.run(lambda s: inbox.store(s, [payload], {9: 1}, now=datetime.now(UTC)))
    inbox_ = box(database, writer, handle)
    await inbox_.recover(BOT)
    await inbox_.drain()
    assert seen == [9]


async def test_a_flood_from_one_chat_slows_that_chat_only(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "BURST", 5)
    seen: list[int] = []

    async def handle(incoming: Incoming) -> None:
        seen.append(incoming.user_id)

    inbox_ = box(database, writer, handle)
    await inbox_.take([update(number, 1) for number in range(1, 9)] + [update(100, 2)])
    while 2 not in seen:
        await asyncio.sleep(0.005)
    assert seen.count(1) <= 6
    await inbox_.drain()
    assert seen.count(1) == 8
