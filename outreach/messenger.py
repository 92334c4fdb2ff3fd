"""What outreach needs of a chat: send one text or photo with buttons, or say what may have happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

Render = Callable[[str, str, Mapping[str, Any]], str]


class Button(NamedTuple):
    label: str
    data: str


Buttons = Sequence[Sequence[Button]]  # rows


class Messenger(Protocol):
    async def send(
        self, chat_id: int, text: str, buttons: Buttons, *, photo: str | None = None, paid: bool = False
    ) -> int:
        """The message's id; ``text`` is Telegram HTML, with a ``photo`` (a file_id) its caption.
        ``paid``: beyond the free rate, for Stars.

        Raises outreach.outcome.SendFailed.
        """
        ...
