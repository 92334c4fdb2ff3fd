from __future__ import annotations

import pytest

from crm.db import Database
from tests.handlers import people
from tests.handlers.chain import Chain, build
from tests.handlers.chat import Chat, Town


@pytest.fixture
def town(database: Database) -> Town:
    """Nobody and nothing yet: ``town.person(...)``, ``town.station(...)``."""
    return Town(database)


@pytest.fixture
def chain(town: Town) -> Chain:
    """North Gate and South Gate, where nobody works or fills up yet: ``chain.hire(...)``."""
    return build(town)


@pytest.fixture
def manager(chain: Chain) -> Chat:
    """Ming, who manages the north."""
    return chain.hire("manager", chain.north, name="Ming")


@pytest.fixture
def fang(town: Town) -> Chat:
    """A driver in a chain of three stations."""
    town.station("S001", "南山站", latitude=31.20, longitude=121.40)
    town.station("S002", "虹桥站", latitude=31.10, longitude=121.30)
    town.station("S003", "浦东站", latitude=31.30, longitude=121.60)
    return people.driver(town)


@pytest.fixture
def driver(chain: Chain) -> Chat:
    """张伟, who chats with the bot, with a phone, a plate, a member number and a card."""
    wei = chain.town.person("张伟", "zh-hans")
    ids = {"member": "10000001", "phone": "+8613800138000", "card": "6200000000000000001"}
    number = chain.customer("张伟", chain.south, chat=wei, usual_product="95", **ids)
    chain.vehicle(number, "沪A12345", "suv")
    return wei
