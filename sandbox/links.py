"""Addresses as Telegram keeps them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit


def linked(url: str) -> dict[str, Any] | None:
    """What an `<a href>` becomes: a mention by id, a link, or nothing when the address is no link."""
    if match := re.fullmatch(r"tg://user\?id=(\d+)", url):
        return {"type": "text_mention", "user": {"id": int(match[1]), "is_bot": False, "first_name": ""}}
    checked = checked_link(url)
    return None if checked is None else {"url": checked}


def checked_link(url: str) -> str | None:
    """The address as Telegram would keep it; None where it refuses it (such as a host without a dot)."""
    url = url.strip()
    if url.lower().startswith(("tg://", "ton://", "tonsite://")):
        return url
    if "://" not in url:
        url = "http://" + url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or re.search(r"\s", url):
        return None
    if not re.fullmatch(r"[^.\s]+(\.[^.\s]+)+", host):
        return None
    return url if parts.path or parts.query or parts.fragment else url + "/"
