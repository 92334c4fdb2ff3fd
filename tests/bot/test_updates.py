"""The inbox: stored once, handled once, in order within a chat, in parallel across chats."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from telegram import Bot, Update
from telegram.ext import ApplicationBuilder

from bot import updates
from bot.logs import NoUpdates
from bot.updates import Inbox, poll
from crm import inbox
from crm.db import Database
from crm.writer import Writer
from handlers.ask import Incoming
from sandbox.run import running


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


def typed(number: int, words: str) -> Update:
    """Words after the bot's name, by the person of chat 1."""
    user = {"id": 1, "is_bot": False, "first_name": "A"}
    query = {"id": str(number), "from": user, "query": words, "offset": ""}
    return Update.de_json({"update_id": number, "inline_query": query}, BOT)


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


async def test_whoever_types_on_is_answered_for_the_last_words(database: Database, writer: Writer) -> None:
    seen: list[str] = []
    release = asyncio.Event()

    async def handle(incoming: Incoming) -> None:
        await release.wait()
        seen.append(incoming.query or incoming.text)

    inbox_ = box(database, writer, handle)
    await inbox_.take([update(1, 1, "hello"), typed(2, "z"), typed(3, "zh"), typed(4, "zha"), update(5, 1)])
    release.set()
    await inbox_.drain()
    assert seen == ["hello", "zha", "hello"]
    assert await states(database, [2, 3]) == ["ignored", "ignored"]


async def test_words_typed_before_a_stop_are_not_answered_after_it(
    database: Database, writer: Writer
) -> None:
    async def handle(_incoming: Incoming) -> None:
        raise AssertionError("nobody waits for this answer")

    payload = typed(9, "zhang").to_dict()
    await writer.run(lambda s: inbox.store(s, [payload], {9: 1}, now=datetime.now(UTC)))
    inbox_ = box(database, writer, handle)
    await inbox_.recover(BOT)
    await inbox_.drain()
    assert await states(database, [9]) == ["ignored"]


async def states(database: Database, numbers: list[int]) -> list[str]:
    with database.read() as session:
        return [session.get_one(inbox.Incoming, number).state for number in numbers]


async def test_a_flood_from_one_chat_slows_that_chat_only(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "BURST", 5)
    monkeypatch.setattr(updates, "time", SimpleNamespace(monotonic=lambda: 0.0))
    seen: list[int] = []
    waits: list[float] = []
    over, sleep = asyncio.Event(), asyncio.sleep

    async def held(seconds: float) -> None:
        if seconds:
            waits.append(seconds)
            await over.wait()

    async def handle(incoming: Incoming) -> None:
        seen.append(incoming.user_id)

    monkeypatch.setattr(asyncio, "sleep", held)
    inbox_ = box(database, writer, handle)
    await inbox_.take([update(number, 1) for number in range(1, 9)] + [update(100, 2)])
    while len(seen) < 6 or not waits:
        await sleep(0.005)
    assert sorted(seen) == [1, 1, 1, 1, 1, 2]
    over.set()
    await inbox_.drain()
    assert seen.count(1) == 8
    assert waits == [0.2, 0.4, 0.6]


async def test_a_database_that_is_away_for_a_moment_stops_no_chat(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    away = [OperationalError("SELECT", None, Exception("gone"))]
    step = Inbox._read_step

    def read_step(self: Inbox, user_id: int) -> str:
        if away:
            raise away.pop()
        return step(self, user_id)

    async def handle(incoming: Incoming) -> None:
        seen.append(incoming.update_id)

    monkeypatch.setattr(Inbox, "_read_step", read_step)
    inbox_ = box(database, writer, handle)
    await inbox_.take([update(1), update(2)])
    await inbox_.drain()
    assert seen == [1, 2]


async def test_an_update_that_breaks_the_handling_ends_alone(database: Database, writer: Writer) -> None:
    seen: list[int] = []

    async def handle(incoming: Incoming) -> None:
        seen.append(incoming.update_id)
        if incoming.update_id == 1:
            raise RuntimeError("nobody foresaw this")

    inbox_ = box(database, writer, handle)
    await inbox_.take([update(1), update(2)])
    await inbox_.drain()
    await inbox_.take([update(3)])
    await inbox_.drain()
    assert seen == [1, 2, 3]


async def test_what_does_not_end_does_not_keep_the_bot_from_stopping(
    database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "GRACE", 0.05)
    begun = asyncio.Event()

    async def handle(_incoming: Incoming) -> None:
        begun.set()
        await asyncio.Event().wait()

    inbox_ = box(database, writer, handle)
    await inbox_.take([update(1)])
    await begun.wait()
    await asyncio.wait_for(inbox_.stop(), 60)
    with database.read() as session:
        assert [row.update_id for row in inbox.waiting(session)] == [1]


async def test_an_update_of_an_unknown_shape_stops_nobody(
    database: Database, writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    """A newer Bot API may send what this version cannot read; the one after it is handled all the same."""
    seen: list[int] = []
    handled = asyncio.Event()

    async def handle(incoming: Incoming) -> None:
        seen.append(incoming.update_id)
        if incoming.update_id == 3:
            handled.set()

    inbox_ = box(database, writer, handle)
    async with running() as sandbox:
        token = "1:" + "A" * 35
        bot = ApplicationBuilder().token(token).base_url(f"{sandbox.url}/bot").build().bot
        queue = sandbox.state.bot(token).updates
        for number, content in (
            (1, update(1).to_dict()["message"]),
            (2, {}),
            (3, update(3).to_dict()["message"]),
        ):
            queue.push({"message": content}, number)
        with caplog.filtering(NoUpdates()):  # as the bot's own log is
            async with bot:
                polling = asyncio.create_task(poll(bot, inbox_))
                await asyncio.wait_for(handled.wait(), 60)
                while queue.waiting:
                    await asyncio.sleep(0)
                polling.cancel()
    await inbox_.drain()
    assert seen == [1, 3]
    with database.read() as session:
        kept = {row.update_id: (row.state, row.payload) for row in session.scalars(select(inbox.Incoming))}
    assert kept[2] == ("failed", {"update_id": 2, "message": {}})
    assert "update 2 cannot be read" in caplog.text
    assert "first_name" not in caplog.text


async def test_a_stored_update_that_cannot_be_read_any_more_stops_no_start(
    database: Database, writer: Writer
) -> None:
    with database.write() as session:
        inbox.remember(session, {"update_id": 5, "message": {}}, 1, now=datetime.now(UTC))
    seen: list[int] = []

    async def handle(incoming: Incoming) -> None:
        seen.append(incoming.update_id)

    inbox_ = box(database, writer, handle)
    await inbox_.recover(BOT)
    await inbox_.drain()
    assert not seen
    assert await states(database, [5]) == ["failed"]
