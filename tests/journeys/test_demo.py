"""`forecourt demo` as a visitor meets it: a process, a page's API, and Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from crm.customers import Customer
from crm.db import Database, sqlite_url
from crm.schema import migrate
from tests.journeys.conftest import PATIENCE, Person, Town
from tests.ports import free_port

pytestmark = pytest.mark.slow
LOADS = 240.0  # seconds until ready on a machine that is busy with other tests
ENDS = 8.0
TIME_TO_ACT = 60  # seconds until the first round, where something is to be done before
SEASON = "regulars"  # on three days of each quarter everyone who is a regular hears of it
OWN_MESSAGE = ("newcomer", "vip", "lapsed")


def environment(folder: Path, **more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("FORECOURT_")}
    return plain | {"FORECOURT_DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1"} | more


@dataclass
class Demo:
    """A demo process and the folder it works in."""

    process: asyncio.subprocess.Process
    folder: Path
    town: Town

    async def health(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = await self.town.control("GET", "health")
        except aiohttp.ClientError:
            return {}
        return found

    async def until(self, key: str) -> datetime:
        """Wait until the health tells ``key``; a moment at which it did not yet."""
        deadline = time.monotonic() + LOADS
        asked, before = datetime.now(UTC), datetime.now(UTC)
        while not (await self.health()).get(key):
            assert self.process.returncode is None, self.said()
            assert time.monotonic() < deadline, f"no '{key}' in {LOADS:.0f} s: {self.said()}"
            await asyncio.sleep(0.05)
            before, asked = asked, datetime.now(UTC)
        return before

    async def ends(self, number: signal.Signals) -> None:
        """Send the signal; the process ends in time and in peace."""
        self.process.send_signal(number)
        assert await asyncio.wait_for(self.process.wait(), ENDS) == 0, self.said()

    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    async def cast(self) -> dict[str, Person]:
        people = await self.town.control("GET", "people")
        return {person["role"]: Person(self.town, person) for person in people if person["role"]}

    async def status(self) -> dict[str, Any]:
        arguments = (sys.executable, "-m", "bot", "outreach", "status", "--json", "--limit", "100000")
        asking = await asyncio.create_subprocess_exec(
            *arguments, cwd=self.folder, env=environment(self.folder), stdout=asyncio.subprocess.PIPE
        )
        said, _ = await asking.communicate()
        assert asking.returncode == 0
        found: dict[str, Any] = json.loads(said.splitlines()[-1])
        return found

    def number_of(self, person: Person) -> str:
        with self.town.database.read() as session:
            found = session.query(Customer.member).filter(Customer.chat_id == person.id).scalar()
        return str(found)


@asynccontextmanager
async def demo(folder: Path, customers: int = 300, *more: str) -> AsyncIterator[Demo]:
    port = free_port()
    with (folder / "said").open("w") as said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "demo", "--port", str(port), "--customers", str(customers), *more),
            cwd=folder,
            env=environment(folder),
            stdout=said,
            stderr=said,
        )
    database = Database(sqlite_url(folder))
    async with aiohttp.ClientSession() as http:
        try:
            yield Demo(process, folder, Town(f"http://127.0.0.1:{port}", http, database))
        finally:
            database.close()
            if process.returncode is None:
                process.kill()
                await process.wait()


async def heard(person: Person) -> list[dict[str, Any]]:
    """What the bot told this person."""
    return [message for message in await person.messages() if message["from"]["is_bot"]]


async def hear(person: Person, what: str, seconds: float = PATIENCE) -> dict[str, Any]:
    """The first message of the bot that holds ``what``, within so many seconds."""
    until = time.monotonic() + seconds
    while True:
        for message in await heard(person):
            if what in message.get("text", ""):
                return message
        assert time.monotonic() < until, [message.get("text") for message in await heard(person)]
        await asyncio.sleep(0.2)


async def is_welcomed(town: Town) -> None:
    """A new driver registers from the poster of a station, fills up, and gets the coupon of a later round."""
    driver = await town.person("阿强", language_code="zh-hans", phone="+8617000019999")
    await send(driver, "/start st_S01")
    await hear(driver, "")
    await press(driver, "register.agree:both")
    await hear(driver, "手机号")
    await driver.town.control("POST", f"people/{driver.id}/contact", {})
    await hear(driver, "会员号")
    await send(driver, "加了200块92")
    await hear(driver, "¥200.00")
    await hear(driver, "¥10.00", 60)


async def press(person: Person, data: str) -> None:
    """Tap the newest button whose data begins so."""
    for message in reversed(await heard(person)):
        for row in message.get("reply_markup", {}).get("inline_keyboard", []):
            for button in row:
                if button.get("callback_data", "").startswith(data):
                    tapped = {"message_id": message["message_id"], "data": button["callback_data"]}
                    await person.town.control("POST", f"people/{person.id}/tap", tapped)
                    return
    raise AssertionError(f"nobody offered a button '{data}'")


async def send(person: Person, text: str) -> None:
    await person.town.control("POST", f"people/{person.id}/text", {"text": text})


async def test_three_messages_arrive_on_schedule_and_a_new_driver_is_welcomed(tmp_path: Path) -> None:
    async with demo(tmp_path) as running:
        loading = await running.until("ready")
        cast = await running.cast()
        assert list(cast) == ["newcomer", "regular", "vip", "lapsed", "attendant", "manager"]
        await asyncio.gather(*(hear(cast[role], "¥", 60) for role in OWN_MESSAGE))
        assert "VIP" in (await heard(cast["vip"]))[0]["text"]
        sends = [call for call in await running.town.calls() if call["method"] == "sendMessage"]
        assert all(datetime.fromisoformat(call["at"]) > loading for call in sends)
        sent = Counter(call["params"]["chat_id"] for call in sends)
        assert {cast[role].id for role in OWN_MESSAGE} <= set(sent)
        assert set(sent.values()) == {1}

        await is_welcomed(running.town)
        rows = (await running.status())["rows"]
        news = [row["customer"] for row in rows if row["state"] == "sent" and row["campaign"] != SEASON]
        assert len(news) < 40  # a handful, not everybody
        regular = running.number_of(cast["regular"])
        assert regular not in news
        told = [row for row in rows if row["customer"] == regular and row["state"] == "sent"]
        assert len(await heard(cast["regular"])) == len(told)
        seen = Counter((row["customer"], row["campaign"], row["occurrence"]) for row in rows)
        assert set(seen.values()) == {1}
        await running.ends(signal.SIGINT)
        assert "Traceback" not in running.said()


async def test_who_withdraws_or_comes_back_before_the_round_gets_no_message(tmp_path: Path) -> None:
    async with demo(tmp_path, 300, "--wait", str(TIME_TO_ACT)) as running:
        await running.until("ready")
        cast = await running.cast()
        await cast["vip"].says("/stop")
        await send(cast["lapsed"], "filled 30 litres 92, 228.00")
        await hear(cast["newcomer"], "¥10.00", TIME_TO_ACT + PATIENCE)
        await is_welcomed(running.town)  # one more round
        rows = {(row["customer"], row["campaign"]): row for row in (await running.status())["rows"]}
        for role, campaign, reason in (("vip", "vip", "no_consent"), ("lapsed", "win_back", "visited")):
            row = rows[running.number_of(cast[role]), campaign]
            assert (row["state"], row["reason"]) == ("skipped", reason)
            assert not any("🎟" in message.get("text", "") for message in await heard(cast[role]))
        await running.ends(signal.SIGTERM)


async def test_ctrl_c_while_it_is_loading(tmp_path: Path) -> None:
    async with demo(tmp_path, customers=20_000) as running:
        await running.until("ok")
        assert not (await running.health()).get("ready")
        await running.ends(signal.SIGINT)
        assert "Traceback" not in running.said()
    async with demo(tmp_path) as again:  # what was left behind is a demo's, and may go
        await again.until("ready")
        await again.ends(signal.SIGINT)


async def refused(folder: Path, *arguments: str, **more: str) -> str:
    """The one line with which `forecourt demo` does not start."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", *arguments),
        cwd=folder,
        env=environment(folder, **more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), LOADS)
    assert process.returncode == 1
    lines = [line for line in said.decode().splitlines() if line.strip() and "━" not in line]
    assert len(lines) == 1, lines
    return lines[0]


async def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        line = await refused(tmp_path, "--port", str(taken.getsockname()[1]))
    assert "--port" in line


async def test_the_data_of_a_real_chain_is_left_alone(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path))
    migrate(database)
    with database.write() as session:
        session.add(Customer(name="Lin", known_at=datetime.now(UTC)))
    line = await refused(tmp_path, "--port", "0")
    assert "FORECOURT_DATA_DIR" in line
    with database.read() as session:
        assert session.query(Customer).count() == 1
    database.close()


async def test_another_database_is_refused(tmp_path: Path) -> None:
    line = await refused(tmp_path, FORECOURT_DATABASE_URL="postgresql://nobody@127.0.0.1/none")
    assert "FORECOURT_DATABASE_URL" in line
