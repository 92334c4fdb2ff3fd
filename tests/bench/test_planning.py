"""The bench's chain is one that today's tables hold, and a round finds in it whom it should."""

from __future__ import annotations

from bench.broadcast.planning import fill, plan
from crm.db import Database


def test_a_round_over_the_benchs_chain(database: Database) -> None:
    fill(database, 120)
    first = plan(database)
    assert first["people"] == 78, "six in ten are away, and one in twenty a VIP who is not"
    assert first["added"] == 78, "who may not hear has a row as well, which says why not"
    assert plan(database, minutes=1)["added"] == 0
