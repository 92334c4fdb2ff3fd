"""Telegram's sending limits as sliding windows; off unless asked for."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

WINDOWS = {"global": 1.0, "paid": 1.0, "chat": 1.0, "group": 60.0}


class Limits:
    """`limits={"global": 30, "paid": 1000, "chat": 1, "group": 20}`: per second, the last one per minute.

    Messages with ``allow_paid_broadcast`` count among the paid ones, not among the global ones.
    """

    def __init__(self, limits: Mapping[str, int] | None = None) -> None:
        self.limits = dict(limits or {})
        if unknown := set(self.limits) - set(WINDOWS):
            raise ValueError(f"limits: {sorted(unknown)} unknown; give global, paid, chat, group")
        self._sent: dict[tuple[str, int], deque[float]] = {}

    def retry_after(self, bot: int, chat: int, now: float, count: int = 1, *, paid: bool = False) -> int:
        """0 and counted as sent, or the whole seconds to wait and nothing counted."""
        if not self.limits:
            return 0
        windows = [("paid" if paid else "global", bot), ("chat" if chat > 0 else "group", chat)]
        wait = max(self._wait(kind, key, now, count) for kind, key in windows)
        if wait > 0:
            return max(1, math.ceil(wait))
        for kind, key in windows:
            if kind in self.limits:
                self._sent.setdefault((kind, key), deque()).extend([now] * count)
        return 0

    def _wait(self, kind: str, key: int, now: float, count: int) -> float:
        limit = self.limits.get(kind)
        if limit is None:
            return 0.0
        sent = self._sent.setdefault((kind, key), deque())
        while sent and sent[0] <= now - WINDOWS[kind]:
            sent.popleft()
        if not sent or len(sent) + count <= limit:
            return 0.0
        freed = min(len(sent) + count - limit, len(sent)) - 1
        return sent[freed] + WINDOWS[kind] - now
