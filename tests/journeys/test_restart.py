"""The bot dies (SIGKILL) in the middle of things, and whoever talks to it need not notice."""

from __future__ import annotations

import aiohttp
import pytest
from sqlalchemy import func, select

from bot.soak.process import PLACES, Child, Place, Plan
from bot.soak.updates import soak
from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup
from crm.stations import Station
from sandbox.run import running
from tests.journeys.conftest import TOKEN, Person, Town

pytestmark = pytest.mark.slow


class Fragile:
    """A bot that can be killed and started again, and the people who talk to it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.child: Child

    async def start(self) -> None:
        self.child = Child(Plan(self.town.url, self.town.database.url, TOKEN))
        await self.child.ready()

    async def dies(self) -> None:
        """Killed without a word, and started again."""
        await self.child.kill()
        await self.start()

    async def dies_in(self, place: Place) -> None:
        """A life that goes no further than this place of its next action, where it is killed."""
        self.child = Child(Plan(self.town.url, self.town.database.url, TOKEN, stops_in=1, place=place))
        await self.child.held()
        await self.child.kill()


async def test_a_registration_goes_on_after_a_kill_at_each_step(database: Database) -> None:
    with database.write() as session:
        session.add(Station(code="1", name="一号站", timezone="Asia/Shanghai", currency="CNY"))
    async with running() as sandbox, aiohttp.ClientSession() as http:
        town = Town(sandbox.url, http, database)
        bot = Fragile(town)
        await bot.start()
        li = await town.person("李娜", language_code="zh-hans", phone="+8613800138000")
        await li.says("/start")
        await bot.dies()
        await _tap(li, "都同意")
        await li.hears_about("手机号")
        await bot.dies()
        await li._act("contact", {})
        await li.hears_about("注册好了")
        await bot.dies()
        await li._act("text", {"text": "/me"})
        await li.hears_about("李娜")
        assert await bot.child.stop() == 0
    with database.read() as session:
        assert session.scalars(select(Customer.phone)).all() == ["+8613800138000"]


@pytest.mark.parametrize("place", PLACES)
async def test_a_kill_inside_the_handling_loses_and_doubles_nothing(database: Database, place: Place) -> None:
    """Each step is sent, the bot dies where it handles it, and the next life answers it."""
    with database.write() as session:
        session.add(Station(code="1", name="一号站", timezone="Asia/Shanghai", currency="CNY"))
    async with running() as sandbox, aiohttp.ClientSession() as http:
        town = Town(sandbox.url, http, database)
        bot = Fragile(town)
        ann = await town.person("Ann", language_code="en", phone="+8613800138001")
        for step, answer in (
            (lambda: ann._act("text", {"text": "/start"}), "three steps"),
            (lambda: _tap(ann, "both"), "phone"),
            (lambda: ann._act("contact", {}), "How it works"),
            (lambda: ann._act("text", {"text": "filled 35.5 litres 95, 290 wechat"}), "Recorded"),
        ):
            await step()
            await bot.dies_in(place)
            await bot.start()
            await ann.hears_about(answer)
            assert await bot.child.stop() == 0
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 1
        assert session.scalars(select(Fillup.millilitres)).all() == [35_500]


async def _tap(person: Person, label: str) -> None:
    message = await person._with_button(label)
    button = next(
        button
        for row in message["reply_markup"]["inline_keyboard"]
        for button in row
        if label in button["text"]
    )
    await person._act("tap", {"message_id": message["message_id"], "data": button["callback_data"]})


async def test_updates_one_to_three_times_with_twenty_kills(database: Database) -> None:
    found = await soak(database, updates=200, kills=20, seed=11)
    assert (found["lost"], found["doubled"], found["unanswered"]) == (0, 0, 0)
    assert found["kills"] == 20
    assert found["kills_in_handling"] == 20


async def test_the_wrong_design_fails_the_same_campaign(database: Database) -> None:
    """Mark first, then act: the campaign must be able to see what it is there to see."""
    found = await soak(database, updates=200, kills=20, seed=11, mark_first=True)
    assert found["lost"] > 0
