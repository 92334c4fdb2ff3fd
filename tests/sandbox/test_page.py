"""The chat page in a real browser, against the sandbox over HTTP and a small bot that polls."""

from __future__ import annotations

import asyncio
import re
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, Route, expect

from sandbox.run import running
from tests.browser import PHONE, chromium, page_at
from tests.sandbox.page_bot import running_bot

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
HOSTILE = "<img src=x onerror='window.hacked=1'>"


def png(width: int, height: int) -> bytes:
    """A plain picture of that many pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    rows = (b"\x00" + b"\x1f\xa3\x8d" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


class Stage:
    """The running sandbox, its bot and a browser; makes people and opens the page as one of them."""

    def __init__(self, address: str, browser: Browser, session: aiohttp.ClientSession) -> None:
        self.address, self.browser, self.session = address, browser, session

    async def post(self, path: str, **fields: Any) -> Any:
        async with self.session.post(f"{self.address}/sandbox/{path}", json=fields) as response:
            assert response.status < 300, await response.text()
            return await response.json()

    async def person(self, first_name: str, **fields: Any) -> int:
        made = await self.post("people", first_name=first_name, language_code="en", **fields)
        return int(made["id"])

    def page(
        self, person: int | None = None, query: str = "", **look: Any
    ) -> AbstractAsyncContextManager[Page]:
        asked = f"?as={person}{query}" if person else query
        return page_at(self.browser, f"{self.address}/{asked}", **look)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with (
        chromium() as browser,
        running() as sandbox,
        running_bot(sandbox.url, png(320, 200)),
        aiohttp.ClientSession() as session,
    ):
        yield Stage(sandbox.url, browser, session)


async def write(page: Page, text: str) -> None:
    """Type a line and press Enter."""
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.get_by_role("textbox", name="Message").press("Enter")


def last_from_bot(page: Page) -> Locator:
    return page.locator(".message.in").last


def button(page: Page, name: str) -> Locator:
    """The button of exactly this name in the open chat: the list beside it repeats what was said last."""
    return page.locator("#conversation").get_by_role("button", name=name, exact=True)


async def test_formatting_is_drawn_and_counted_in_utf16(stage: Stage) -> None:
    async with stage.page(await stage.person("Forma")) as page:
        await write(page, "/format")
        said = last_from_bot(page)
        await expect(said.locator("strong")).to_have_text("bold both")
        await expect(said.locator("strong em")).to_have_text("both")
        await expect(said.locator("u")).to_have_text("under")
        await expect(said.locator("s")).to_have_text("gone")
        await expect(said.locator("code").first).to_have_text("x = 1")
        await expect(said.locator("blockquote")).to_have_text("quoted")
        await expect(said.locator("pre")).to_have_text("two\nlines")
        await expect(said.locator("a")).to_have_attribute("href", "https://example.org/a?b=1")
        await said.get_by_role("button", name="Hidden text").click()
        await expect(said.locator(".spoiler.shown")).to_have_text("secret")


async def test_a_long_expandable_quotation_begins_folded(stage: Stage) -> None:
    async with stage.page(await stage.person("Reader")) as page:
        await write(page, "/quote")
        quoted = last_from_bot(page).locator(".passage")
        height = "element => element.getBoundingClientRect().height"
        await expect(button(page, "Show all")).to_have_attribute("aria-expanded", "false")
        folded = await quoted.evaluate(height)
        await button(page, "Show all").click()
        await expect(button(page, "Show less")).to_have_attribute("aria-expanded", "true")
        assert await quoted.evaluate(height) > 3 * folded
        await button(page, "Show less").click()
        await expect(button(page, "Show all")).to_have_attribute("aria-expanded", "false")
        assert await quoted.evaluate(height) == folded


async def test_dangerous_links_stay_text(stage: Stage) -> None:
    async with stage.page() as page:
        drawn = await page.evaluate(
            """async () => {
                const { formatted } = await import("/page/entities.js");
                const room = document.createElement("div");
                const bad = { type: "text_link", offset: 0, length: 3, url: "javascript:alert(1)" };
                room.append(...formatted("bad and https://ok.example/x.", [bad], {}));
                return [...room.querySelectorAll("a")].map((link) => link.href);
            }"""
        )
        assert drawn == ["https://ok.example/x"]


async def test_hostile_names_and_texts_are_shown_literally(stage: Stage) -> None:
    person = await stage.person(HOSTILE, last_name="<b>Bold</b>", role="<i>r</i>", hint=HOSTILE)
    async with stage.page(person) as page:
        await write(page, "<script>window.hacked=1</script>")
        await expect(last_from_bot(page)).to_contain_text(f"{HOSTILE} said <script>window.hacked=1</script>")
        await expect(page.locator("#who-name")).to_contain_text(f"{HOSTILE} <b>Bold</b>")
        await expect(page.locator("[aria-current] .hint")).to_have_text(HOSTILE)
        assert await page.locator("img[src=x], #who-name b, #log script").count() == 0
        assert await page.evaluate("window.hacked") is None


async def test_tap_shows_the_answer_and_the_edit(stage: Stage) -> None:
    async with stage.page(await stage.person("Tapper")) as page:
        await write(page, "/buttons")
        await button(page, "Quiet").click()
        await expect(page.locator(".toast")).to_have_text("You took quiet")
        await expect(last_from_bot(page)).to_contain_text("Taken: quiet")
        await expect(last_from_bot(page).locator(".edited")).to_have_text("edited")
        await expect(page.locator(".inline-keyboard")).to_have_count(0)
        await write(page, "/buttons")
        await button(page, "Loud").click()
        await expect(page.get_by_role("dialog")).to_contain_text("You took loud")
        await page.get_by_role("dialog").get_by_role("button", name="OK", exact=True).click()
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_deep_link_button_and_copy_button(stage: Stage) -> None:
    async with stage.page(await stage.person("Walker")) as page:
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await write(page, "/buttons")
        await button(page, "Code").click()
        await expect(page.locator(".toast")).to_have_text("Copied: SAVE-10")
        assert await page.evaluate("navigator.clipboard.readText()") == "SAVE-10"
        await button(page, "Poster").click()
        await expect(last_from_bot(page)).to_contain_text("Walker said /start st_012")


async def test_reply_keyboard_shares_the_own_contact(stage: Stage) -> None:
    async with stage.page(await stage.person("Keys", phone="+8613900000001")) as page:
        await write(page, "/keys")
        keyboard = page.get_by_role("group", name="Reply buttons")
        await expect(keyboard.get_by_role("button", name="Not now", exact=True)).to_be_visible()
        await button(page, "Reply buttons").click()
        await expect(keyboard).to_be_hidden()
        await button(page, "Reply buttons").click()
        await keyboard.get_by_role("button", name="Share my phone").click()
        await expect(last_from_bot(page)).to_contain_text("own contact")
        await expect(last_from_bot(page)).to_contain_text("8613900000001")
        await expect(keyboard).to_be_hidden()


async def test_reply_keyboard_button_says_its_text(stage: Stage) -> None:
    async with stage.page(await stage.person("Words"), size=PHONE) as page:
        for word in ("one", "/photo", "two", "/format", "three"):
            await write(page, word)
        await expect(last_from_bot(page)).to_contain_text("Words said three")
        await write(page, "/keys")
        await expect(button(page, "Not now")).to_be_visible()
        await expect(last_from_bot(page)).to_be_in_viewport(ratio=1)
        await button(page, "Not now").click()
        await expect(last_from_bot(page)).to_contain_text("Words said Not now")


async def test_lines_leave_in_the_order_in_which_they_were_written(stage: Stage) -> None:
    asked: list[str] = []
    both_written = asyncio.Event()

    async def slow_at_first(route: Route) -> None:
        asked.append(str(route.request.post_data))
        await both_written.wait()
        await route.continue_()

    async with stage.page(await stage.person("Hasty")) as page:
        await page.route("**/text", slow_at_first)
        await write(page, "one")
        await write(page, "two")
        both_written.set()
        await expect(last_from_bot(page)).to_contain_text("Hasty said two")
        await expect(page.locator(".message.out")).to_contain_text(["one", "two"])
    assert asked == ['{"text":"one"}', '{"text":"two"}']


async def test_photo_of_the_bot_is_drawn_and_enlarged(stage: Stage) -> None:
    async with stage.page(await stage.person("Viewer")) as page:
        await write(page, "/photo")
        picture = last_from_bot(page).get_by_role("img", name="A chart")
        await expect(picture).to_be_visible()
        await expect(picture).to_have_js_property("naturalWidth", 320)
        await expect(last_from_bot(page)).to_contain_text("A chart")
        await expect(picture).to_have_js_property("width", 320)
        await button(page, "Enlarge the photo").click()
        await expect(page.get_by_role("dialog").get_by_role("img")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def attach(page: Page, what: str) -> None:
    await button(page, "Attach").click()
    await page.get_by_role("menuitem", name=what).click()


async def test_document_and_photo_upload(stage: Stage) -> None:
    async with stage.page(await stage.person("Sender")) as page:
        async with page.expect_file_chooser() as chosen:
            await attach(page, "Send a document")
        sheet = {"name": "fill-ups & more.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
        await (await chosen.value).set_files(sheet)  # type: ignore[arg-type]
        await expect(last_from_bot(page)).to_contain_text("document fill-ups & more.csv of 8 bytes")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download fill-ups & more.csv").click()
        assert (await (await download.value).path()).read_bytes() == b"a,b\n1,2\n"
        async with page.expect_file_chooser() as chosen:
            await attach(page, "Send a photo")
        picture = {"name": "pump.png", "mimeType": "image/png", "buffer": png(64, 48)}
        await (await chosen.value).set_files(picture)  # type: ignore[arg-type]
        await expect(last_from_bot(page)).to_contain_text("photo 64x48")
        await expect(page.locator(".message.out .photo img")).to_have_js_property("naturalWidth", 64)


async def test_other_contact_and_location(stage: Stage) -> None:
    await stage.person("Neighbour", phone="+8613900000077")
    async with stage.page(await stage.person("Giver")) as page:
        await attach(page, "Share someone else's contact")
        await page.get_by_role("dialog").get_by_role("searchbox").fill("neighb")
        await page.get_by_role("dialog").get_by_role("button", name="Neighbour").click()
        await expect(last_from_bot(page)).to_contain_text("other contact")
        await attach(page, "Send a location")
        await page.get_by_role("dialog").get_by_role("button", name="Chengdu").click()
        await expect(last_from_bot(page)).to_contain_text("at 30.57 104.07")
        await attach(page, "Send a location")
        await page.get_by_role("spinbutton", name="Latitude").fill("-33.5")
        await page.get_by_role("spinbutton", name="Longitude").fill("151")
        await page.get_by_role("dialog").get_by_role("button", name="Send").click()
        await expect(last_from_bot(page)).to_contain_text("at -33.50 151.00")


async def test_refusal_is_said(stage: Stage) -> None:
    async with stage.page(await stage.person("Nophone")) as page:
        await page.route("**/text", lambda route: route.fulfill(status=400, json={"error": "Not today."}))
        await write(page, "hello")
        await expect(page.locator(".toast.error")).to_have_text("Not today.")


async def test_block_and_unblock(stage: Stage) -> None:
    async with stage.page(await stage.person("Blocker")) as page:
        await write(page, "hello")
        await expect(last_from_bot(page)).to_contain_text("Blocker said hello")
        await button(page, "Block bot").click()
        await expect(page.get_by_text("This person has blocked the bot")).to_be_visible()
        await expect(page.get_by_role("textbox", name="Message")).to_be_hidden()
        await expect(page.locator("[aria-current]").get_by_role("img", name="has blocked")).to_be_visible()
        await page.locator("#unblock").click()
        await write(page, "again")
        await expect(last_from_bot(page)).to_contain_text("Blocker said again")


async def test_command_menu_by_button_and_by_typing(stage: Stage) -> None:
    async with stage.page(await stage.person("Menu")) as page:
        await button(page, "Commands").click()
        await expect(page.get_by_role("option")).to_have_count(2)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("listbox")).to_be_hidden()
        await page.get_by_role("textbox", name="Message").press_sequentially("/bu")
        await expect(page.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(last_from_bot(page)).to_contain_text("Choose")


async def test_start_button_and_deep_link(stage: Stage) -> None:
    person = await stage.person("Novice")
    async with stage.page(person, "&start=ref_77") as page:
        await page.locator("#start", has_text="ref_77").click()
        await expect(page).not_to_have_url(re.compile("start="))
        await expect(last_from_bot(page)).to_contain_text("Novice said /start ref_77")
        await expect(page.locator("#start-bar")).to_be_hidden()
        await page.reload()
        await expect(page.locator("#who-name")).to_contain_text("Novice")
        await expect(page.locator("#start-bar")).to_be_hidden()


async def test_others_appear_without_reload_and_are_counted(stage: Stage) -> None:
    async with stage.page() as page:
        await expect(page.get_by_role("heading", name="Who would you like to be?")).to_be_visible()
        person = await stage.person("Latecomer", role="newcomer", hint="Say hello")
        card = page.locator(f"[data-person='{person}']")
        await expect(card).to_contain_text("Newcomer")
        await expect(card).to_contain_text("Say hello")
        await stage.post(f"people/{person}/text", text="one")
        await stage.post(f"people/{person}/text", text="two")
        await expect(card.locator(".unread")).to_have_text("2")
        await card.click()
        await expect(last_from_bot(page)).to_contain_text("Latecomer said two")
        await expect(card.locator(".unread")).to_have_count(0)


async def test_new_person_by_the_form(stage: Stage) -> None:
    async with stage.page() as page:
        await page.locator("#new-person").click()
        await page.get_by_role("textbox", name="First name").fill("Fresh")
        await page.get_by_role("textbox", name="Phone").fill("+86 139 1111-2222")
        await page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
        await expect(page.locator("#who-name")).to_contain_text("Fresh")
        await button(page, "Start").click()
        await expect(last_from_bot(page)).to_contain_text("Fresh said /start")
        await page.get_by_role("searchbox", name="Search people").fill("139 1111")
        await expect(page.locator("#others-list .person")).to_have_count(1)


async def test_language_follows_the_browser_and_the_switch(stage: Stage) -> None:
    async with stage.page(language="zh-CN") as page:
        await expect(page.get_by_role("heading", name="你想成为谁？")).to_be_visible()
        await page.get_by_role("button", name="EN", exact=True).click()
        await expect(page.get_by_role("heading", name="Who would you like to be?")).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("heading", name="Who would you like to be?")).to_be_visible()
        await page.get_by_role("button", name="中文").click()
        await expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
        words = await page.evaluate(
            "import('/page/words.js').then(({ WORDS, ROLES }) => [WORDS, ROLES].flatMap((all) =>"
            " [Object.keys(all.en).sort().join(), Object.keys(all.zh).sort().join()]))"
        )
        assert words[0] == words[1]
        assert words[2] == words[3]


async def test_phone_width_shows_one_pane_at_a_time(stage: Stage) -> None:
    person = await stage.person("Pocket", role="regular", hint="A long hint " * 8)
    async with stage.page(size=PHONE, colours="dark") as page:
        await expect(page.locator("#chat")).to_be_hidden()
        await page.locator(f"[data-person='{person}']").click()
        await write(page, "/buttons")
        await expect(button(page, "Loud")).to_be_visible()
        await expect(page.locator("#people")).to_be_hidden()
        assert await page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        await button(page, "Back to people").click()
        await expect(page.locator("#people")).to_be_visible()
        await expect(page.locator(f"[data-person='{person}']")).to_be_focused()


async def test_every_control_has_a_name(stage: Stage) -> None:
    async with stage.page(await stage.person("Named", role="vip")) as page:
        await write(page, "/keys")
        await expect(button(page, "Not now")).to_be_visible()
        nameless = await page.evaluate(
            """() => [...document.querySelectorAll("button, input, select, textarea, a")]
                .filter((control) => !control.textContent.trim() && !control.getAttribute("aria-label"))
                .map((control) => control.outerHTML)"""
        )
        assert nameless == []


async def test_refused_person_can_be_corrected(stage: Stage) -> None:
    async with stage.page() as page:
        await page.locator("#new-person").click()
        await page.get_by_role("textbox", name="First name").fill("Typo")
        await page.get_by_role("textbox", name="Phone").fill("12")
        await page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("phone")
        await expect(page.get_by_role("textbox", name="First name")).to_have_value("Typo")
        await page.get_by_role("textbox", name="Phone").fill("+8613722220000")
        await page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
        await expect(page.locator("#who-name")).to_contain_text("Typo")
