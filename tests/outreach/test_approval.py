"""How many must approve a broadcast, and what makes it wait again."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from crm import broadcasts
from crm.broadcasts import Broadcast
from crm.db import Database
from crm.staff import Staff
from outreach.approval import needed
from outreach.running import advance
from tests.conftest import NOON
from tests.outreach.broadcasts import (
    LIMITS,
    TERMS,
    draft,
    stands,
)
from tests.outreach.people import customer


def test_one_that_grew_beyond_its_approvals_waits_again(database: Database) -> None:
    with database.write() as session:
        for number in range(1, 5):
            customer(session, number)
        made = draft(session)
        broadcasts.ask(session, made, version=1, size=3, now=NOON)
        assert broadcasts.send_alone(session, made, now=NOON)
    assert advance(database, TERMS, LIMITS, NOON) == []
    assert stands(database, made.id) == ("waiting", "grown")


def test_a_drafter_who_left_sends_nothing_alone(database: Database) -> None:
    with database.write() as session:
        customer(session, 1)
        made = draft(session)
        broadcasts.ask(session, made, version=1, size=3, now=NOON)
        broadcasts.send_alone(session, made, now=NOON)
        session.execute(update(Staff).values(active=False))
    assert advance(database, TERMS, LIMITS, NOON) == []
    assert stands(database, made.id) == ("waiting", "drafter")


@pytest.mark.parametrize(("size", "others"), [(0, 0), (3, 0), (4, 1), (5, 1), (6, 2)])
def test_how_many_must_approve(size: int, others: int) -> None:
    assert needed(size, LIMITS) == others


def test_approvals_count_people_not_taps(database: Database) -> None:
    with database.write() as session:
        made = draft(session)
        broadcasts.ask(session, made, version=1, size=9, now=NOON)
        assert broadcasts.approve(session, made, 1, 2, now=NOON)
        assert not broadcasts.approve(session, made, 1, 2, now=NOON)
        assert made.stands == "waiting"
        assert broadcasts.back_to_draft(session, made)
        broadcasts.ask(session, made, version=1, size=9, now=NOON)
        assert broadcasts.approve(session, made, 2, 2, now=NOON)
        assert made.stands == "waiting", "what was approved before the change is void"
        assert broadcasts.approve(session, made, 3, 2, now=NOON)
        assert made.stands == "approved"


def test_two_approve_at_once(database: Database) -> None:
    with database.write() as session:
        made = draft(session)
        broadcasts.ask(session, made, version=1, size=9, now=NOON)
    barrier = threading.Barrier(2)
    said: list[bool] = []

    def work(by: int) -> None:
        barrier.wait()
        with database.write() as session:
            mine = session.get_one(Broadcast, made.id)
            said.append(broadcasts.approve(session, mine, by, 2, now=NOON))

    threads = [threading.Thread(target=work, args=(by,)) for by in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [True, True]
    assert stands(database, made.id)[0] == "approved"
