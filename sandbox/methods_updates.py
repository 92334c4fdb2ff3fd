"""getUpdates and the webhook methods."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from sandbox.call import Call
from sandbox.errors import ApiError, bad
from sandbox.registry import method
from sandbox.updates import Update
from sandbox.webhook import Webhook

OTHER_POLLER = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
MAX_TIMEOUT = 50


def _allowed(call: Call) -> None:
    if call.params.get("allowed_updates") not in (None, ""):
        kinds = call.array("allowed_updates")
        if not all(isinstance(k, str) for k in kinds):
            raise bad("can't parse allowed_updates: expected an Array of String")
        call.bot.updates.allow(kinds)


@method("getUpdates")
async def get_updates(call: Call) -> list[Update]:
    queue = call.bot.updates
    if call.bot.webhook is not None:
        raise ApiError(409, WEBHOOK_ACTIVE)
    limit = call.integer("limit", 100)
    limit = limit if 1 <= limit <= 100 else 100
    timeout = min(max(call.integer("timeout"), 0), MAX_TIMEOUT)
    offset = call.integer("offset")
    _allowed(call)
    poller = queue.new_poller()
    try:
        queue.confirm(offset)
        updates = queue.take(limit)
        if updates or timeout == 0:
            return updates
        return await _long_poll(call, poller, limit, timeout)
    finally:
        queue.leave(poller)


async def _long_poll(call: Call, poller: asyncio.Future[None], limit: int, timeout: int) -> list[Update]:
    """Until an update comes, another poller takes over, the client hangs up, or time is up."""
    queue = call.bot.updates
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    gone = asyncio.ensure_future(call.gone())
    try:
        while not call.state.closing and not gone.done():
            ring = queue.bell.future()
            left = max(deadline - loop.time(), 0.0)
            await asyncio.wait((ring, poller, gone), timeout=left, return_when=asyncio.FIRST_COMPLETED)
            queue.bell.forget(ring)
            if poller.done():
                webhook = call.bot.webhook is not None
                raise ApiError(409, WEBHOOK_ACTIVE if webhook else OTHER_POLLER)
            if gone.done():
                return []
            if (updates := queue.take(limit)) or loop.time() >= deadline:
                return updates
        return []
    finally:
        gone.cancel()


def _check_url(url: str) -> None:
    """The sandbox delivers to this machine only, over http or https."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise bad("bad webhook: an HTTP or HTTPS URL must be provided for webhook")
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        raise bad("bad webhook: the sandbox delivers to localhost, 127.0.0.0/8 and ::1 only")


@method("setWebhook")
async def set_webhook(call: Call) -> bool:
    url = call.text("url").strip()
    secret = call.text("secret_token")
    connections = call.integer("max_connections", 40)
    if url:
        _check_url(url)
    if secret and not SECRET.fullmatch(secret):
        long = len(secret) > 256
        raise bad("secret token is too long" if long else "secret token contains unallowed characters")
    if not 1 <= connections <= 100:
        raise bad("max_connections must be 1-100")
    _allowed(call)
    await _replace(call, url)
    if url:
        call.bot.webhook = Webhook(call.state, call.bot, url, secret, connections)
        call.bot.webhook.start()
        call.bot.updates.new_poller().cancel()  # a waiting getUpdates ends with 409
    return True


@method("deleteWebhook")
async def delete_webhook(call: Call) -> bool:
    await _replace(call, "")
    return True


async def _replace(call: Call, url: str) -> None:
    if call.bot.webhook is not None:
        await call.bot.webhook.stop()
        call.bot.webhook = None
    if call.flag("drop_pending_updates"):
        call.bot.updates.waiting.clear()


@method("getWebhookInfo")
def get_webhook_info(call: Call) -> dict[str, Any]:
    queue, webhook = call.bot.updates, call.bot.webhook
    info: dict[str, Any] = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(queue.waiting),
    }
    if webhook:
        info |= {"max_connections": webhook.max_connections, "ip_address": "127.0.0.1"}
        if webhook.last_error:
            info |= {"last_error_date": webhook.last_error[0], "last_error_message": webhook.last_error[1]}
    if queue.allowed_given:
        info["allowed_updates"] = queue.allowed_given
    return info
