"""What is slow is looked up beside the writer, and nothing that was promised rests on that call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from telegram import Bot, Update

from crm import audit, inbox
from crm.audit import Audit
from crm.customers import Customer
from crm.db import Database
from crm.inbox import Incoming as Stored
from crm.staff import Staff
from crm.writer import Writer
from handlers.ask import Ask, Incoming, Who
from handlers.looking import Looked
from handlers.route import ANYONE, MANAGERS, Reply, Route, Said
from handlers.routes import ROUTES
from handlers.speak import Speaker
from tests.conftest import NOON
from tests.handlers.chat import HOUSE

BOT = Bot("1:" + "A" * 35)
BOSS, DRIVER = 11, 12


class Ears:
    """Hears what would go to Telegram."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def say(self, spoken: list[dict[str, Any]]) -> None:
        self.heard += [part["template"] for part in spoken]


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    with database.write() as session:
        session.add(Staff(telegram_id=BOSS, name="Boss", role="headquarters", added_at=NOON))
        session.add(Customer(id=1, name="张伟", member="m1", known_at=NOON))
    writer = Writer(database)
    yield writer
    writer.close()


def said(database: Database, number: int, user: int) -> Incoming:
    """An update that is stored, as it is when a route is called."""
    message = {
        "message_id": number,
        "date": 1_780_000_000,
        "chat": {"id": user, "type": "private"},
        "from": {"id": user, "is_bot": False, "first_name": "A"},
        "text": "hello",
    }
    update = Update.de_json({"update_id": number, "message": message}, BOT)
    with database.write() as session:
        inbox.store(session, [update.to_dict()], {number: user}, now=NOON)
    return Incoming(update)


def speaker(writer: Writer) -> tuple[Speaker, Ears]:
    ears = Ears()
    return Speaker(HOUSE, writer, ears, lambda: NOON), ears


def rows(database: Database, table: Any) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_long_question_delays_nobody(database: Database, writer: Writer) -> None:
    speaks, ears = speaker(writer)
    begun, release, looked = threading.Event(), threading.Event(), []

    def slow() -> int:
        begun.set()
        assert release.wait(30)
        looked.append(1)
        return 41

    def question(ask: Ask) -> Reply:
        found = ask.look("answer", slow)
        audit.viewed(ask.session, ask.who.user_id, [1], now=ask.now, how="list")
        return Reply("replies/answer", {"found": found})

    asked = Route(Said(), question, MANAGERS, reads=MANAGERS)
    told = Route(Said(), lambda _ask: Reply("replies/filled"))
    waiting = asyncio.create_task(speaks.speak(asked, said(database, 1, BOSS)))
    await asyncio.to_thread(begun.wait, 30)
    await asyncio.wait_for(speaks.speak(told, said(database, 2, DRIVER)), 30)
    assert ears.heard == ["replies/filled"]
    assert rows(database, Audit) == 0
    release.set()
    await waiting
    await speaks.settle()
    assert ears.heard == ["replies/filled", "replies/answer"]
    assert looked == [1]
    assert rows(database, Audit) == 1


async def test_what_the_first_call_writes_is_written_once_by_the_writer(
    database: Database, writer: Writer
) -> None:
    speaks, ears = speaker(writer)
    calls = []

    def writes(ask: Ask) -> Reply:
        calls.append(1)
        ask.look("names", lambda: ask.session.scalars(select(Customer.name)).all())
        audit.note(ask.session, ask.who.user_id, "note", now=ask.now)
        ask.session.flush()
        calls.append(2)
        ask.session.execute(insert(Customer).values(id=2, name="B", member="m2", known_at=NOON))
        return Reply("replies/done")

    await speaks.speak(Route(Said(), writes, reads=ANYONE), said(database, 1, DRIVER))
    await speaks.settle()
    assert calls == [1, 1, 2]
    assert (rows(database, Audit), rows(database, Customer)) == (1, 2)
    assert ears.heard == ["replies/done"]


async def test_a_fault_at_the_end_leaves_no_trace_of_the_question(database: Database, writer: Writer) -> None:
    speaks, ears = speaker(writer)
    calls = []

    def breaks(ask: Ask) -> Reply:
        found = ask.look("answer", lambda: [1])
        audit.viewed(ask.session, ask.who.user_id, found, now=ask.now, how="list")
        calls.append(1)
        if len(calls) == 2:
            raise LookupError("in the writer")
        return Reply("replies/answer")

    with pytest.raises(LookupError):
        await speaks.speak(Route(Said(), breaks, MANAGERS, reads=MANAGERS), said(database, 1, BOSS))
    with database.read() as session:
        assert session.get_one(Stored, 1).state == "new"
    assert rows(database, Audit) == 0
    assert ears.heard == []


async def test_who_has_no_right_is_refused_without_a_look(database: Database, writer: Writer) -> None:
    speaks, ears = speaker(writer)

    def never(_ask: Ask) -> Reply:
        raise AssertionError

    await speaks.speak(Route(Said(), never, MANAGERS, reads=MANAGERS), said(database, 1, DRIVER))
    await speaks.settle()
    assert ears.heard == ["replies/not_for_you"]


def test_what_was_looked_up_for_other_stations_is_worth_nothing() -> None:
    who = Who(1, 1, "", "", "", "zh", frozenset({"manager"}), stations=frozenset({1}))
    assert Looked(frozenset({1}), {"answer": 1}).of(who) == {"answer": 1}
    for others in (None, frozenset({2}), frozenset({1, 2}), frozenset[int]()):
        assert Looked(others, {"answer": 1}).of(who) == {}


def test_questions_are_routes_that_read() -> None:
    reading = {route.callback.__name__ for route in ROUTES if route.reads}
    assert {"written", "turn_page", "go_on", "segments", "segment", "customer", "open_card"} <= reading
    assert all(route.reads <= MANAGERS for route in ROUTES)
