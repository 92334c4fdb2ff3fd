"""The page keeps up with the sandbox when the sandbox itself goes away and comes back."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from playwright.async_api import expect

from sandbox.run import running
from tests.browser import chromium, page_at
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.browser]


async def post(address: str, path: str, **fields: Any) -> Any:
    url = f"{address}/sandbox/{path}"
    async with aiohttp.ClientSession() as session, session.post(url, json=fields) as response:
        assert response.status < 300, await response.text()
        return await response.json()


async def test_someone_named_in_the_address_may_come_later() -> None:
    async with (
        chromium() as browser,
        running() as sandbox,
        page_at(browser, f"{sandbox.url}/?as=555") as page,
    ):
        await post(sandbox.url, "people", first_name="First")
        await expect(page.locator(".person")).to_have_count(1)
        await expect(page.locator("#welcome")).to_be_visible()
        await post(sandbox.url, "people", first_name="Awaited", id=555)
        await expect(page.locator("#who-name")).to_have_text("Awaited")


async def test_another_sandbox_takes_over_at_the_same_address() -> None:
    port = free_port()
    async with chromium() as browser, AsyncExitStack() as stack:
        async with running(port=port) as sandbox:
            page = await stack.enter_async_context(page_at(browser, sandbox.url))
            for number in range(20):
                await post(sandbox.url, "people", first_name=f"Before {number}")
            await expect(page.locator(".person")).to_have_count(20)
            await page.locator(".person").first.click()
            await expect(page.locator("#who-note")).to_contain_text("the bot")
        await expect(page.locator("#who-note")).to_contain_text("Connection lost")
        async with running(port=port) as sandbox:
            await expect(page.locator(".person")).to_have_count(0)
            await expect(page.locator("#welcome")).to_be_visible()
            made = await post(sandbox.url, "people", first_name="After")
            await page.locator(".person", has_text="After").click()
            await post(sandbox.url, f"people/{made['id']}/text", text="a new beginning")
            await expect(page.locator(".message.out")).to_contain_text("a new beginning")
