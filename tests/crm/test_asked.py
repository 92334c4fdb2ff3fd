"""Questions kept for buttons: the same person's, the same words, whole."""

from __future__ import annotations

from datetime import timedelta

from crm import asked
from crm.db import Database
from tests.conftest import NOON


def test_a_long_question_comes_back_whole_and_to_whoever_asked_it_alone(database: Database) -> None:
    long = "station:" + ",".join(f"S{number}" for number in range(900))
    with database.write() as session:
        number = asked.remember(session, 7, long, now=NOON)
        assert asked.remember(session, 7, long, now=NOON + timedelta(days=1)) == number
        assert asked.recall(session, 7, number) == long
        assert asked.recall(session, 8, number) is None


def test_what_nobody_asks_any_more_is_forgotten(database: Database) -> None:
    with database.write() as session:
        number = asked.remember(session, 7, "vip", now=NOON)
        assert asked.tidy(session, now=NOON + asked.KEPT) == 0
        assert asked.tidy(session, now=NOON + asked.KEPT + timedelta(seconds=1)) == 1
        assert asked.recall(session, 7, number) is None
