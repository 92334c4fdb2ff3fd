"""Updates: from Telegram into the inbox, and from the inbox to the routes.

Stored before Telegram is told that they arrived; handled once, in order within a chat and in parallel
across chats; what a crash left behind is taken up at the next start.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter

from crm import digests, inbox, talks
from crm.db import Database
from crm.writer import Writer, patiently, until_it_is_back
from handlers.ask import Incoming
from handlers.leave import seconds

log = logging.getLogger(__name__)
ALLOWED = ["message", "callback_query", "my_chat_member", "inline_query"]
POLL_SECONDS = 25
BURST, REFILL = 60, 5.0  # updates a chat may send at once, and per second from then on
REMEMBERED = 10_000  # chats whose rate is kept in mind
UNREADABLE = (TypeError, ValueError, LookupError, AttributeError)  # what reading an unforeseen shape raises
GRACE = 3.0  # seconds for what is being handled when the bot stops

Handle = Callable[[Incoming], Awaitable[None]]
Say = Callable[[int, list[dict[str, Any]]], Awaitable[None]]


@dataclass(slots=True)
class _Chat:
    """The updates of one chat that wait, and the right to handle them at once."""

    waiting: deque[Update] = field(default_factory=deque)
    busy: bool = False
    tokens: float = BURST
    seen: float = field(default_factory=lambda: time.monotonic())

    def rested(self) -> bool:
        """Nothing waits and nothing is owed: the chat may be forgotten."""
        idle = time.monotonic() - self.seen
        return not self.busy and self.tokens + idle * REFILL >= BURST

    def wait_seconds(self) -> float:
        """How long the next update of this chat has to wait."""
        now = time.monotonic()
        self.tokens = min(BURST, self.tokens + (now - self.seen) * REFILL)
        self.seen = now
        self.tokens -= 1
        return max(0.0, -self.tokens / REFILL)


class Inbox:
    """Stores updates and feeds them to ``handle``, one at a time per chat."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        handle: Handle,
        say: Say,
        clock: Callable[[], datetime],
        at_once: int = 64,
    ) -> None:
        self._database = database
        self._writer = writer
        self._handle = handle
        self._say = say
        self._clock = clock
        self._at_once = asyncio.Semaphore(at_once)
        self._chats: dict[int, _Chat] = {}
        self._workers: set[asyncio.Task[None]] = set()

    async def recover(self, bot: Bot) -> None:
        """Take up what a crash left: first the replies that never left, then the updates not handled."""
        await self._writer.run(lambda session: digests.expire(session, now=self._clock()))
        waiting, unspoken = await asyncio.to_thread(self._left_behind)
        for update_id, replies in unspoken:
            await self._say(update_id, replies)
        for payload in waiting:
            update = readable(payload, bot)
            if update is None:
                await self.set_aside([payload])
            elif update.inline_query is not None:
                await self._let_go(update)
            else:
                self._enqueue(update)
        if waiting or unspoken:
            log.info("taken up after a stop: %d updates, %d replies", len(waiting), len(unspoken))

    async def take(self, updates: Sequence[Update]) -> None:
        """Store new updates durably, then hand them on. Known ones are dropped."""
        if not updates:
            return
        distinct = {update.update_id: update for update in updates}
        rows = [update.to_dict() for update in distinct.values()]
        chats = {update_id: chat_of(update) for update_id, update in distinct.items()}
        new = await self._writer.run(lambda session: inbox.store(session, rows, chats, now=self._clock()))
        for update_id in sorted(new):
            self._enqueue(distinct[update_id])

    async def set_aside(self, payloads: list[dict[str, Any]]) -> None:
        """Keep updates that nobody can read, as failed; those who come after them are not held up."""
        reference, chats = secrets.token_hex(3).upper(), {payload["update_id"]: 0 for payload in payloads}

        def keep(session: Session) -> None:
            inbox.store(session, payloads, chats, now=self._clock())
            for update_id in chats:
                inbox.close(session, update_id, "failed", now=self._clock(), reference=reference)

        await self._writer.run(keep)
        log.error("updates %s cannot be read and were set aside, reference %s", list(chats), reference)

    async def drain(self) -> None:
        """Wait until everything handed on is handled."""
        while self._workers:
            await asyncio.gather(*self._workers, return_exceptions=True)

    async def stop(self) -> None:
        """Finish what is being handled now; the rest stays in the database for the next start, as does
        what cannot be finished soon."""
        for chat in self._chats.values():
            chat.waiting.clear()
        if self._workers:
            await asyncio.wait(self._workers, timeout=GRACE)
        for worker in self._workers:
            worker.cancel()
        await self.drain()

    def _left_behind(self) -> tuple[list[dict[str, Any]], list[tuple[int, list[dict[str, Any]]]]]:
        with self._database.read() as session:
            waiting = [row.payload for row in inbox.waiting(session)]
            unspoken = [(row.update_id, list(row.replies or [])) for row in inbox.unspoken(session)]
        return waiting, unspoken

    def _enqueue(self, update: Update) -> None:
        chat = self._chats.setdefault(chat_of(update), _Chat())
        chat.waiting.append(update)
        if not chat.busy:
            chat.busy = True
            worker = asyncio.create_task(self._work(chat))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        if len(self._chats) > REMEMBERED:
            self._chats = {key: kept for key, kept in self._chats.items() if not kept.rested()}

    async def _work(self, chat: _Chat) -> None:
        while chat.waiting:
            await asyncio.sleep(chat.wait_seconds())
            async with self._at_once:
                if chat.waiting:
                    update = chat.waiting.popleft()
                    typed_on = any(later.inline_query is not None for later in chat.waiting)
                    if update.inline_query is not None and typed_on:
                        await self._let_go(update)
                    else:
                        await self._one(update)
        chat.busy = False

    async def _let_go(self, update: Update) -> None:
        """An inline query that nobody waits for any more: it is older than a stop, or they typed on."""
        await patiently(
            lambda: self._writer.run(
                lambda session: inbox.close(session, update.update_id, "ignored", now=self._clock())
            ),
            until_it_is_back(),
        )

    async def _one(self, update: Update) -> None:
        """Handle one update. Whatever goes wrong ends this update alone: its chat goes on."""
        incoming = Incoming(update)
        try:
            if incoming.kind and not incoming.command[0]:
                incoming = Incoming(update, await self._step(incoming.user_id))
            await self._handle(incoming)
        except Exception:
            log.exception("update %d was not handled and stays in the inbox", update.update_id)

    async def _step(self, user_id: int) -> str:
        """Where this person's talk stands."""
        return await patiently(lambda: asyncio.to_thread(self._read_step, user_id), until_it_is_back())

    def _read_step(self, user_id: int) -> str:
        with self._database.read() as session:
            talk = talks.current(session, user_id)
            return talk.step if talk else ""


def chat_of(update: Update) -> int:
    """The chat whose order this update keeps; 0 when it belongs to none."""
    if update.effective_chat is not None:
        return update.effective_chat.id
    return update.effective_user.id if update.effective_user else 0


def readable(payload: dict[str, Any], bot: Bot) -> Update | None:
    """The update, or None where its shape is none that we know, as a newer Bot API may send."""
    try:
        return Update.de_json(payload, bot)
    except UNREADABLE as error:
        log.warning("update %d cannot be read: %s", payload["update_id"], error)
        return None


async def _fetch(bot: Bot, offset: int | None) -> tuple[Sequence[Update], list[dict[str, Any]]]:
    """What has come since ``offset``: updates, and the payloads of those that cannot be read."""
    try:
        updates = await bot.get_updates(
            offset=offset, limit=100, timeout=POLL_SECONDS, allowed_updates=ALLOWED
        )
    except UNREADABLE:  # PTB gives all or nothing: fetch them as they are, and read each by itself
        asked = {"limit": 100, "timeout": 0, "allowed_updates": ALLOWED}
        came: Any = await bot.do_api_request(
            "GetUpdates", asked if offset is None else {**asked, "offset": offset}
        )
        read = [(payload, readable(payload, bot)) for payload in came]
        good = [update for _payload, update in read if update is not None]
        return good, [payload for payload, update in read if update is None]
    return updates, []


async def poll(bot: Bot, box: Inbox) -> None:
    """Fetch updates for ever. Raises Conflict when another poller took over, InvalidToken."""
    offset: int | None = None
    pause = 1.0
    while True:
        try:
            updates, unreadable = await _fetch(bot, offset)
            if unreadable:
                await box.set_aside(unreadable)
            await box.take(updates)
        except (Conflict, InvalidToken):
            raise
        except RetryAfter as error:
            await asyncio.sleep(seconds(error))
        except (NetworkError, OperationalError) as error:
            log.warning("no updates for now: %s; next try in %.0f s", type(error).__name__, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 30.0)
        else:
            pause = 1.0
            came = [update.update_id for update in updates]
            came += [payload["update_id"] for payload in unreadable]
            offset = max(came) + 1 if came else offset
