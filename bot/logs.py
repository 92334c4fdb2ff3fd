"""Logs without secrets: no token, no phone number, no whole update, whatever a library prints."""

from __future__ import annotations

import logging
import re

TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{30,}")
PASSWORD = re.compile(r"(://[^:/@\s]*:)[^@\s]*@")
VALUE = re.compile(r"(\)=\()[^)]*(?=\))")  # PostgreSQL quotes the values that broke a constraint
PHONE = re.compile(r"(?<![\w.:-])\+?\d{10,15}(?![\w:-])")
QUIET = ("httpx", "httpcore", "apscheduler", "aiohttp", "telegram", "matplotlib", "uvicorn.access", "alembic")


class Redacted(logging.Formatter):
    """Hides tokens, passwords in addresses, and anything that looks like a phone number."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class NoUpdates(logging.Filter):
    """Drops what PTB says when it cannot read an update: it prints all of them, names and words too.
    bot/updates.py tells which one it was."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Error while parsing updates")


def redact(text: str) -> str:
    text = TOKEN.sub("[token]", text)
    text = PASSWORD.sub(r"\1[password]@", text)
    text = VALUE.sub(r"\1...", text)
    return PHONE.sub("[number]", text)


def set_up(level: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(Redacted("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(NoUpdates())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # A round that outlasts the pause before the next one is no news, and on a busy machine many lines.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
