"""The queue of updates of one bot: numbering, what is wanted, confirmation, and one poller at a time."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.waiting import Bell

Update = dict[str, Any]
DAY = 24 * 3600.0
FIRST_UPDATE = 100_000_001
KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
)
DEFAULT_KINDS = frozenset(KINDS) - {"chat_member", "message_reaction", "message_reaction_count"}


@dataclass(slots=True)
class Waiting:
    """`resent`: it came with a number of the tester's choice and has not been handed out since."""

    at: float
    update: Update
    resent: bool = False

    @property
    def id(self) -> int:
        return int(self.update["update_id"])


class UpdateQueue:
    """Updates wait here for getUpdates or the webhook, at most 24 hours."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.waiting: deque[Waiting] = deque()
        self.bell = Bell()
        self.next_id = FIRST_UPDATE
        self.allowed: frozenset[str] = DEFAULT_KINDS
        self.allowed_given: list[str] = []
        self.poller: asyncio.Future[None] | None = None

    def allow(self, kinds: list[str]) -> None:
        """Keeps the known kinds; an empty list means the default."""
        self.allowed_given = [k for k in kinds if k in KINDS]
        self.allowed = frozenset(self.allowed_given) or DEFAULT_KINDS

    def push(self, update: Update, update_id: int | None = None) -> int | None:
        """Its update_id, or None when the bot has not asked for this kind."""
        if self.allowed.isdisjoint(update):
            return None
        number = self.next_id if update_id is None else update_id
        self.next_id = max(self.next_id, number + 1)
        self.waiting.append(Waiting(self.clock(), {"update_id": number, **update}, update_id is not None))
        self.bell.ring()
        return number

    def confirm(self, offset: int) -> None:
        """Forget what lies below `offset`; a negative one keeps the last -offset updates.

        An update put in again under an old number stays until it has been handed out once more,
        or a tester could never see how a bot takes a repeated update.
        """
        if offset < 0:
            while len(self.waiting) > -offset:
                self.waiting.popleft()
        elif any(w.id < offset for w in self.waiting):
            self.waiting = deque(w for w in self.waiting if w.resent or w.id >= offset)

    def take(self, limit: int) -> list[Update]:
        """The oldest `limit` updates; they stay until confirmed."""
        expired = self.clock() - DAY
        while self.waiting and self.waiting[0].at < expired:
            self.waiting.popleft()
        taken = list(itertools.islice(self.waiting, limit))
        for waiting in taken:
            waiting.resent = False
        return [waiting.update for waiting in taken]

    def new_poller(self) -> asyncio.Future[None]:
        """Registers a poller and ends the older one, which then answers 409."""
        if self.poller is not None and not self.poller.done():
            self.poller.set_result(None)
        self.poller = asyncio.get_running_loop().create_future()
        return self.poller

    def leave(self, poller: asyncio.Future[None]) -> None:
        if self.poller is poller:
            self.poller = None
