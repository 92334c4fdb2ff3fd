"""Headquarters writes to a group: drafted, approved, watched, paused, resumed; and the verdict is read."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot import sender
from bot.config import Settings
from bot.messenger import TelegramMessenger
from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from crm.stations import Station
from tests.journeys.chain import hire
from tests.journeys.conftest import Message, Person, Town, until
from tests.journeys.people import picture_of
from tests.outreach.people import station as any_station
from tests.outreach.people import visit
from tests.sandbox.conftest import PNG

pytestmark = pytest.mark.slow

DRIVERS = 40
HELD = "win_back"
WORDS = {
    "en": {
        "new": "New message", "all": "Everybody", "none": "None: same", "numbers": "Numbers", "get": "get it",
        "examples": "Examples", "test": "Test to me", "ask": "Ask for approval", "open": "Message #1",
        "yes": "Approve", "run": "being sent", "pause": "Pause", "paused": "paused", "resume": "Resume",
        "done": "done", "campaign": "Win-back", "result": "Did it work", "works": "It works",
        "more": "The numbers", "interval": "95 % between", "approved": "is approved", "card": "occasions",
    },
    "zh": {
        "new": "写新消息", "all": "所有人", "none": "不写", "numbers": "人数与原因", "get": "会收到",
        "examples": "示例", "test": "发给我试试", "ask": "送去批准", "open": "消息 #1",
        "yes": "批准 ·", "run": "正在发送", "pause": "暂停", "paused": "已暂停", "resume": "继续",
        "done": "已完成", "campaign": "客户召回", "result": "效果", "works": "有效",
        "more": "详细数字", "interval": "95 % 区间", "approved": "已批准", "card": "人次",
    },
}  # fmt: skip


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """While it is closed, messages of campaigns that are on their way come no further."""
    gate = asyncio.Event()
    gate.set()

    class Gated(TelegramMessenger):
        async def send(self, *args: Any, **more: Any) -> int:
            await gate.wait()
            return await super().send(*args, **more)

    monkeypatch.setattr(sender, "TelegramMessenger", Gated)
    return gate


@pytest.fixture
def settings(settings: Settings, gate: asyncio.Event) -> Settings:
    """Slow enough that there is something to pause, and nobody sends alone."""
    settings.send_rate = 8
    settings.broadcast_alone = 0
    return settings


async def drivers(town: Town, zone: str, number: int = DRIVERS) -> list[Person]:
    """People in the sandbox whom the chain may write to, and a win-back of long ago that worked."""
    people = [await town.person(f"Driver {n:02}", language_code="en") for n in range(number)]
    await asyncio.gather(*(person.says("/start") for person in people))  # a bot may answer, never begin
    await asyncio.to_thread(_known, town, [person.id for person in people], zone)
    return people


def _known(town: Town, chats: list[int], zone: str) -> None:
    now = town.now()
    with town.database.write() as session:
        any_station(session, "North Gate", zone)
        home = session.scalars(select(Station.id)).one()
        for n, chat in enumerate(chats):
            session.add(_customer(n, now, home, chat_id=chat))
        for n in range(160):
            who = _customer(1000 + n, now, home)
            session.add(who)
            session.flush()
            treated = n < 100
            session.add(_row(who, now - timedelta(days=60), treated=treated))
            if n % (2 if treated else 10) == 0:
                visit(session, who, now - timedelta(days=50))


def _customer(n: int, now: datetime, home: int, **more: Any) -> Customer:
    known = now - timedelta(days=400)
    return Customer(
        name=f"Driver {n:02}", member=f"9{n:05}", home_station_id=home, known_at=known, locale="en",
        marketing_consent=True, service_consent=True, **more,
    )  # fmt: skip


def _row(who: Customer, then: datetime, *, treated: bool) -> Outbound:
    state = "sent" if treated else "skipped"
    return Outbound(
        campaign=HELD, occurrence="dormant:2020-01-01", customer_id=who.id, state=state, kind="marketing",
        reason=None if treated else "holdout", arm="treated" if treated else "holdout", priority=3,
        template="outreach/win_back_dormant", facts={}, planned_at=then, not_before=then,
        expires_at=then + timedelta(days=1), claimed_at=then if treated else None, settled_at=then,
    )  # fmt: skip


async def ready(person: Person, text: str) -> Message:
    """The message that says ``text``, new or in the place of one that said it was being fetched."""

    async def said() -> Message | None:
        for message in reversed(await person.messages()):
            if text in str(message.get("text", message.get("caption", ""))) and message["from"]["is_bot"]:
                person.seen = max(person.seen, message["message_id"])
                return message
        return None

    return await until(said, f"nobody said {text!r}")


def counted(database: Database) -> dict[str, int]:
    with database.read() as session:
        query = select(Outbound.state, func.count()).where(Outbound.campaign == "b1").group_by(Outbound.state)
        return {row.state: row[1] for row in session.execute(query)}


async def press(person: Person, label: str) -> None:
    """Tap the newest button of this name, as soon as there is one."""

    async def offered() -> Message | None:
        messages = reversed(await person.messages())
        return next((m for m in messages if label in str(m.get("reply_markup", {}))), None)

    await person.taps(label, await until(offered, f"nobody offered {label!r}"))


async def looked(person: Person, words: dict[str, str]) -> None:
    await press(person, words["numbers"])
    await ready(person, words["get"])
    await press(person, words["examples"])
    await press(person, words["test"])
    await ready(person, "Half price")


@pytest.mark.parametrize("locale", ["en", "zh"])
async def test_from_the_draft_to_the_verdict(
    town: Town, settings: Settings, gate: asyncio.Event, locale: str
) -> None:
    words = WORDS[locale]
    language = {"en": "en", "zh": "zh-hans"}[locale]
    await drivers(town, settings.timezone)
    boss = await hire(town, "headquarters", "Boss", language=language)
    mark = await hire(town, "marketing", "Mark", language=language)

    await boss.says("/campaigns")
    await ready(boss, words["campaign"])
    await press(boss, words["new"])
    await press(boss, words["all"])
    await ready(boss, "{{ name }}")
    await boss.says("Half price for {% if name %}{{ name }}{% else %}you{% endif %}.")
    await press(boss, words["none"])
    await looked(boss, words)
    await press(boss, words["ask"])

    await ready(mark, "#1")
    await press(mark, words["open"])
    await looked(mark, words)
    await press(mark, words["open"])
    gate.clear()
    await press(mark, words["yes"])
    await ready(boss, words["approved"])

    await ready(boss, words["run"])
    await press(boss, words["pause"])
    await ready(boss, words["paused"])
    gate.set()
    await until_still(town.database)
    before = counted(town.database)
    assert before.get("sent", 0) < DRIVERS
    assert before["queued"] > 0
    await press(boss, words["resume"])
    finished = await ready(boss, words["done"])
    assert f"{DRIVERS}" in finished["text"]
    found = counted(town.database)
    assert found["sent"] == DRIVERS
    assert sum(found.values()) == DRIVERS + 160

    await boss.says("/campaigns")
    await ready(boss, words["works"])
    await press(boss, f"{words['campaign']} ·")
    await ready(boss, words["card"])
    await press(boss, words["result"])
    await with_picture(boss, words["works"])
    await press(boss, words["more"])
    await ready(boss, words["interval"])


async def test_a_photo_with_its_caption_reaches_the_customers(town: Town, settings: Settings) -> None:
    words = WORDS["en"]
    people = await drivers(town, settings.timezone, 3)
    boss = await hire(town, "headquarters", "Boss", language="en")
    mark = await hire(town, "marketing", "Mark", language="en")
    await boss.says("/campaigns")
    await ready(boss, words["campaign"])
    await press(boss, words["new"])
    await press(boss, words["all"])
    await ready(boss, "{{ name }}")
    await boss.sends_photo(PNG, "Half price for {% if name %}{{ name }}{% else %}you{% endif %}.")
    await press(boss, words["none"])
    await ready(boss, "with a photo")
    await looked(boss, words)
    await with_picture(boss, "The photo of message #1")
    await with_picture(boss, "Half price for Driver")
    await press(boss, words["ask"])

    await ready(mark, "#1")
    await press(mark, words["open"])
    await looked(mark, words)
    await press(mark, words["open"])
    await press(mark, words["yes"])
    for number, person in enumerate(people):
        message = await with_picture(person, f"Half price for Driver {number:02}.")
        assert await picture_of(town, message) == PNG
        assert message["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "offers.stop"
    await ready(boss, words["done"])
    assert counted(town.database)["sent"] == 3


async def until_still(database: Database) -> None:
    """What was under way when it was paused has arrived."""

    async def still() -> bool | None:
        return None if counted(database).get("sending") else True

    await until(still, "a message is on its way and never arrives")


async def with_picture(person: Person, text: str) -> Message:
    async def shown() -> Message | None:
        messages = reversed(await person.messages())
        return next((m for m in messages if text in m.get("caption", "") and m.get("photo")), None)

    return await until(shown, f"no picture with {text!r}")
