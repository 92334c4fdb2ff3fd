"""`forecourt run` with something wrong: one plain line and a non-zero exit, no traceback, no token."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import text

from bot.app import Forecourt, builder
from bot.config import Settings
from bot.demo.store import mark
from crm.db import Database
from crm.schema import migrate
from sandbox.run import running

TOKEN = "313131:" + "T" * 35
pytestmark = pytest.mark.slow  # each starts the command anew


def forecourt(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command with these settings only."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FORECOURT_")}
    environment |= {"FORECOURT_DATA_DIR": str(folder), **settings}
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        cwd=folder.parent,
        check=False,
    )


def plain(result: subprocess.CompletedProcess[str], *, names: str) -> None:
    assert result.returncode != 0
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert names in lines[0]
    assert "Traceback" not in result.stderr
    assert TOKEN not in result.stderr + result.stdout


def test_without_a_token(tmp_path: Path) -> None:
    plain(forecourt(tmp_path / "data", "run"), names="FORECOURT_TOKEN")


@pytest.mark.parametrize("token", ["abc", "123456:half-a-token", TOKEN + " ", TOKEN.replace(":", "")])
def test_what_cannot_be_a_token_is_refused_without_a_network(tmp_path: Path, token: str) -> None:
    result = forecourt(
        tmp_path / "data", "run", FORECOURT_TOKEN=token, FORECOURT_API_URL="http://127.0.0.1:1"
    )
    plain(result, names="FORECOURT_TOKEN: this cannot be a bot's token")
    assert token.strip() not in result.stderr + result.stdout


def test_the_fault_itself_does_not_show_the_token() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(token=SecretStr("secret-but-short"))
    assert "secret-but-short" not in str(caught.value)


async def test_with_a_wrong_token(tmp_path: Path) -> None:
    unknown = "0:" + "T" * 35
    async with running() as sandbox:
        result = await asyncio.to_thread(
            forecourt, tmp_path / "data", "run", FORECOURT_TOKEN=unknown, FORECOURT_API_URL=sandbox.url
        )
    plain(result, names="Telegram does not know this token; copy FORECOURT_TOKEN again")
    assert unknown not in result.stderr + result.stdout


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("FORECOURT_TIMEZONE", "Mars/Olympus"),
        ("FORECOURT_DATABASE_URL", "mysql://localhost/x"),
        ("FORECOURT_DATABASE_URL", "no address"),
        ("FORECOURT_SEND_RATE", "-1"),
        ("FORECOURT_SEND_RATE", "0"),
        ("FORECOURT_SEND_RATE", "nan"),
        ("FORECOURT_ROUND_EVERY", "0"),
        ("FORECOURT_SEGMENT_AT", "half past three"),
        ("FORECOURT_CURRENCY", "gold"),
        ("FORECOURT_LOCALE", "tlh"),
        ("FORECOURT_ADMIN_ID", "me"),
        ("FORECOURT_ADMIN_ID", "-1"),
        ("FORECOURT_COUNTRY", "ZZ"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, setting: str, value: str) -> None:
    result = forecourt(tmp_path / "data", "run", FORECOURT_TOKEN=TOKEN, **{setting: value})
    plain(result, names=setting)


def test_a_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    plain(forecourt(tmp_path / "data", "run", FORECOURT_TOKEN=TOKEN), names="FORECOURT_DATA_DIR")


def test_a_database_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "forecourt.sqlite3").write_bytes(b"this is no database, whatever its name" * 100)
    plain(forecourt(tmp_path / "data", "run", FORECOURT_TOKEN=TOKEN), names="database")


def test_a_database_newer_than_the_code(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'forecourt.sqlite3'}")
    migrate(database)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    plain(forecourt(folder, "run", FORECOURT_TOKEN=TOKEN), names="9999")


def test_a_folder_that_holds_the_demo(tmp_path: Path) -> None:
    """The next demo would delete what a real chain stored there."""
    folder = tmp_path / "data"
    folder.mkdir()
    database = Database(f"sqlite:///{folder / 'forecourt.sqlite3'}")
    migrate(database)
    mark(database, seed=7)
    database.close()
    plain(forecourt(folder, "run", FORECOURT_TOKEN=TOKEN), names="FORECOURT_DATA_DIR")


async def test_a_second_poller_with_the_same_token(tmp_path: Path, database: Database) -> None:
    """Somebody else polls: Telegram ends our poll with a conflict, and we stop rather than fight."""
    async with running() as sandbox, aiohttp.ClientSession() as http:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "run",
            env={
                **os.environ,
                "FORECOURT_TOKEN": TOKEN,
                "FORECOURT_API_URL": sandbox.url,
                "FORECOURT_DATA_DIR": str(tmp_path),
                "FORECOURT_DATABASE_URL": database.url,
            },
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        while b"running" not in await process.stderr.readline():
            assert process.returncode is None
        rival = asyncio.create_task(_poll_for_ever(http, sandbox.url))
        try:
            said = (await asyncio.wait_for(process.stderr.read(), 120)).decode()
            assert await process.wait() == 1
        finally:
            rival.cancel()
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert "another program is polling" in said
    assert "Traceback" not in said


async def test_a_second_forecourt_on_the_same_database_stands_by(
    tmp_path: Path, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with running() as sandbox:
        settings = Settings(token=TOKEN, api_url=sandbox.url, data_dir=tmp_path, lease_seconds=600)  # type: ignore[arg-type]
        first = _Life(settings, Database(database.url))
        await asyncio.wait_for(first.started.wait(), 120)
        second = _Life(settings, Database(database.url))
        async with asyncio.timeout(120):
            while "standing by" not in caplog.text:
                await asyncio.sleep(0.01)
        assert not second.started.is_set()
        await first.end()
        await asyncio.wait_for(second.started.wait(), 120)
        await second.end()


async def _poll_for_ever(http: aiohttp.ClientSession, url: str) -> None:
    while True:
        async with http.post(f"{url}/bot{TOKEN}/getUpdates", json={"timeout": 1}) as response:
            await response.read()


class _Life:
    def __init__(self, settings: Settings, database: Database) -> None:
        self.house = Forecourt(settings, database)
        self.started, self.stop = asyncio.Event(), asyncio.Event()
        application = self.house.application(builder(settings))
        self.task = asyncio.create_task(self.house.run(application, self.started, self.stop))

    async def end(self) -> None:
        self.stop.set()
        await self.task
        self.house.close()
