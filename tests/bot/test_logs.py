"""Nothing secret or personal reaches a log, whatever a library prints."""

from __future__ import annotations

import logging

import pytest

from bot.logs import Redacted, redact, set_up

SECRETS = (
    ("POST http://x/bot123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage", "AAHdq"),
    ("postgresql://chain:s3cr3t@db/forecourt", "s3cr3t"),
    ("DETAIL:  Key (plate)=(沪A12345) already exists.", "沪A12345"),
    ("calling +8613800138000 now", "13800138000"),
    ("customer 13800138000 asked", "13800138000"),
)


@pytest.mark.parametrize(("line", "secret"), SECRETS)
def test_secrets_are_hidden(line: str, secret: str) -> None:
    assert secret not in redact(line)


def test_ordinary_numbers_stay() -> None:
    line = "imported 100000 rows in 12.5 s on 2026-11-21 at 12:30:45,123"
    assert redact(line) == line


def test_tracebacks_are_hidden_too() -> None:
    try:
        raise ValueError("token 123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw of 13800138000")
    except ValueError:
        record = logging.getLogger("x").makeRecord(
            "x", logging.ERROR, __file__, 1, "failed", (), __import__("sys").exc_info()
        )
    text = Redacted("%(message)s").format(record)
    assert "ValueError" in text
    assert "AAHdq" not in text
    assert "13800138000" not in text


def test_a_round_that_outlasts_its_pause_is_no_news() -> None:
    root, alarm = logging.getLogger(), logging.getLogger("apscheduler.scheduler")
    before = root.level, root.handlers[:], alarm.level
    try:
        set_up("WARNING")
        assert not alarm.isEnabledFor(logging.WARNING)
        assert alarm.isEnabledFor(logging.ERROR)
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]
        alarm.setLevel(before[2])
