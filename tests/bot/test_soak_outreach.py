"""The sender of a broadcast is killed at random moments: nobody gets it twice, nobody is silently missed."""

from __future__ import annotations

import pytest

from bot.soak.outreach import soak
from bot.soak.sender import Design
from crm.db import Database

pytestmark = pytest.mark.slow
KEYS = (
    *("audience", "kills", "sent", "doubled", "missed", "unknown", "max_unknown_per_kill"),
    *("kills_in_flight", "seconds", "listed"),
)


async def test_killed_at_random_moments(database: Database) -> None:
    found = await soak(database, kills=8, seed=5, audience=160)
    assert tuple(found) == KEYS
    assert (found["doubled"], found["missed"]) == (0, 0)
    assert found["sent"] + found["unknown"] == found["audience"] == 160
    assert found["listed"] == found["unknown"]
    assert found["max_unknown_per_kill"] <= 8
    assert found["kills"] == 8
    assert found["kills_in_flight"] >= 4


@pytest.mark.parametrize(("design", "fault"), [("mark_first", "missed"), ("mark_after", "doubled")])
async def test_a_wrong_design_is_caught(database: Database, design: Design, fault: str) -> None:
    found = await soak(database, kills=8, seed=5, audience=160, design=design)
    assert found[fault] > 0
