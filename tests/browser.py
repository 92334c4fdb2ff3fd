"""A real browser for page tests: the Chromium of the machine, driven by Playwright.

>>> async with chromium() as browser, page_at(browser, sandbox_address) as page:
...     await page.get_by_role("button", name="New person").click()

A page closes with a check: no script error, and no request to anywhere but this machine.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = (1280, 820)
PHONE = (390, 800)
LOCAL = ("127.0.0.1", "localhost", "::1", None)
PATIENCE_MS = 60_000  # for what must come: a limit for what never does, not for a machine that is busy
# What the page shows for some seconds stands until it was looked at, however slow whoever looks is.
LASTING = """
const soon = window.setTimeout;
window.setTimeout = (work, ms, ...more) => soon(work, ms >= 3000 ? 20 * ms : ms, ...more);
"""
expect.set_options(timeout=PATIENCE_MS)


def find_chromium() -> str:
    """Where Chromium is. Without one the test skips; in CI it fails instead."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    missing = "Chromium is missing: apt-get install chromium"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless browser for as long as the block lasts."""
    path = find_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=list(ARGUMENTS), timeout=3 * PATIENCE_MS
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def page_at(
    browser: Browser,
    address: str,
    *,
    size: tuple[int, int] = DESKTOP,
    colours: Literal["light", "dark"] = "light",
    language: str = "en-US",
) -> AsyncIterator[Page]:
    """A page of its own (cookies and storage too) showing `address`; `size` is width, height in pixels."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=colours,
        locale=language,
        accept_downloads=True,
    )
    troubles: list[str] = []
    await context.add_init_script(LASTING)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: troubles.append(f"script error: {error}"))
    page.on("request", lambda request: troubles.extend(_left_the_machine(request.url)))
    await page.goto(address, wait_until="load")
    yield page
    await context.close()
    assert not troubles, troubles


def _left_the_machine(address: str) -> list[str]:
    parts = urlsplit(address)
    if parts.scheme in ("data", "blob") or parts.hostname in LOCAL:
        return []
    return [f"request to another machine: {address}"]
