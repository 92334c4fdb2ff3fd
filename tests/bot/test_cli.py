"""The command itself: what it ends with when it is stopped before anything has begun."""

from __future__ import annotations

import signal
import sys

import pytest

from bot.cli import _leave


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("run", 0),
        ("demo --port 0", 0),
        ("sandbox", 0),
        ("import fillups june.csv", 143),
        ("segment", 143),
        ("outreach send", 143),
        ("", 143),
    ],
)
def test_a_stop_before_anything_has_begun(monkeypatch: pytest.MonkeyPatch, words: str, code: int) -> None:
    """Whoever goes on after an import (``&& rm june.csv``) must not think that it was done."""
    monkeypatch.setattr(sys, "argv", ["forecourt", *words.split()])
    with pytest.raises(SystemExit) as left:
        _leave(signal.SIGTERM, None)
    assert left.value.code == code
