from __future__ import annotations

import pytest

from crm.db import Database
from tests.handlers.chat import Town


@pytest.fixture
def town(database: Database) -> Town:
    """Nobody and nothing yet: ``town.person(...)``, ``town.station(...)``."""
    return Town(database)
