"""What is wrong with a file or with one of its cells, as a stable code and a sentence."""

from __future__ import annotations


class Unreadable(ValueError):
    """The file as a whole cannot be taken; the message says what would be right."""


class Fault(ValueError):
    """One cell cannot be taken. ``code`` is stable; the message names the field and what would be right."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
