"""Delivery to a webhook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from tests.sandbox.conftest import World


class Hook:
    """A webhook server: keeps what comes, answers with `statuses` first and then 200."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[str | None, dict[str, Any]]] = asyncio.Queue()
        self.statuses: list[int] = []
        self.answer: dict[str, Any] | None = None
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        await self.heard.put((secret, await request.json()))
        if self.statuses:
            return web.Response(status=self.statuses.pop(0))
        return web.json_response(self.answer) if self.answer else web.Response()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


async def pending(world: World) -> int:
    return int((await world.result("getWebhookInfo"))["pending_update_count"])


async def test_updates_come_with_the_secret(world: World, hook: Hook) -> None:
    li = await world.person()
    await world.result("setWebhook", url=hook.url, secret_token="s3cret")
    await world.say(li, "hi")
    secret, update = await hook.heard.get()
    assert (secret, update["message"]["text"]) == ("s3cret", "hi")
    info = await world.result("getWebhookInfo")
    assert info["url"] == hook.url


async def test_anything_but_2xx_is_tried_again_with_the_same_id(world: World, hook: Hook) -> None:
    li = await world.person()
    hook.statuses = [500, 302]
    await world.result("setWebhook", url=hook.url)
    webhook = world.sandbox.state.first_bot.webhook
    assert webhook is not None
    webhook.first_pause = 0.01
    await world.say(li, "one")
    heard = [(await hook.heard.get())[1] for _ in range(3)]
    assert heard[0] == heard[1] == heard[2]
    assert "302" in (await world.result("getWebhookInfo"))["last_error_message"]
    while await pending(world):
        await asyncio.sleep(0.01)


async def test_order_holds_within_a_chat_and_nobody_waits_for_another(world: World, hook: Hook) -> None:
    li, zhao = await world.person(), await world.person()
    hook.statuses = [500]
    await world.result("setWebhook", url=hook.url)
    await world.say(li, "1")
    assert (await hook.heard.get())[1]["message"]["text"] == "1"
    await world.say(li, "2")
    await world.say(zhao, "3")
    assert (await hook.heard.get())[1]["message"]["text"] == "3"
    assert [(await hook.heard.get())[1]["message"]["text"] for _ in range(2)] == ["1", "2"]


async def test_a_method_in_the_answer_is_called(world: World, hook: Hook) -> None:
    li = await world.person()
    hook.answer = {"method": "sendMessage", "chat_id": li, "text": "at once"}
    await world.result("setWebhook", url=hook.url)
    after = (await world.say(li, "hi"))["message_id"]
    assert (await world.see(li, after, wait=60))[0]["text"] == "at once"


async def test_pending_updates_can_be_dropped(world: World) -> None:
    li = await world.person()
    await world.say(li, "lost")
    assert await pending(world) == 1
    await world.result("deleteWebhook", drop_pending_updates=True)
    assert await pending(world) == 0


async def test_bad_webhooks_are_refused(world: World) -> None:
    local = "http://127.0.0.1:9/hook"
    complaint = await world.error("setWebhook", url=local, secret_token="a b")
    assert complaint == "Bad Request: secret token contains unallowed characters"
    assert "bad webhook" in await world.error("setWebhook", url="https://example.com/hook")
    assert "bad webhook" in await world.error("setWebhook", url="nonsense")
