"""The board: broadcasts go on by themselves, and the message of whoever watches follows them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import jobs
from bot.app import Forecourt
from bot.board import Board
from bot.config import Settings
from crm import broadcasts, meta
from crm.audit import Audit
from crm.broadcasts import Broadcast, Screen
from crm.db import Database
from crm.outbox import Outbound
from crm.staff import Staff
from handlers.voice import Voice
from outreach import standstill
from outreach.standstill import Mark, Standing
from templates import render
from tests.conftest import NOON
from tests.outreach.broadcasts import approved, claim, draft, settle
from tests.outreach.people import DAY, customer

WATCHER = 4242


class Chat(Voice):
    """What is shown, instead of Telegram."""

    def __init__(self) -> None:
        self.shown: list[tuple[int | None, str]] = []

    async def show(self, part: dict[str, Any]) -> int | None:
        assert part["chat_id"] == WATCHER
        self.shown.append((part["edits"], render(part["template"], part["locale"], part["facts"])))
        return 77


@pytest.fixture
def house(tmp_path: Path, database: Database) -> Any:
    settings = Settings(data_dir=tmp_path, database_url=database.url)
    house = Forecourt(settings, database, clock=lambda: NOON)
    yield house
    house.writer.close()


async def test_it_begins_is_shown_once_and_ends(house: Forecourt, database: Database) -> None:
    with database.write() as session:
        for number in (1, 2):
            customer(session, number)
        made = approved(session)
        broadcasts.show_to(session, made.id, WATCHER, "en")
    chat = Chat()
    board = Board(house, chat)
    await board.look()
    await board.look()
    assert [edits for edits, _ in chat.shown] == [None]
    assert "being sent" in chat.shown[0][1]
    await asyncio.to_thread(send_all, database)
    await board.look()
    await board.look()
    assert [edits for edits, _ in chat.shown] == [None, 77]
    assert "Sent 2 of 2" in chat.shown[1][1]
    with database.read() as session:
        assert session.scalars(select(Broadcast.stands)).one() == "done"
        assert session.scalars(select(Screen.over)).one()


async def test_a_pause_is_shown_at_once_and_a_stop_when_all_have_their_reason(
    house: Forecourt, database: Database
) -> None:
    with database.write() as session:
        customer(session, 1)
        made = approved(session)
        broadcasts.show_to(session, made.id, WATCHER, "zh", 55)
    chat = Chat()
    board = Board(house, chat)
    await board.look()
    with database.write() as session:
        broadcasts.pause(session, made.id, why="errors")
    await board.look()
    with database.write() as session:
        broadcasts.stop(session, made.id, now=NOON)
    await board.look()
    assert [edits for edits, _ in chat.shown] == [55, None, 77], "what it did by itself rings"
    assert "连续出错" in chat.shown[1][1]
    assert "1 人未发送：已被停止" in chat.shown[2][1]


async def test_who_approved_hears_that_it_waits_again(house: Forecourt, database: Database) -> None:
    house.house = replace(house.house, broadcast_alone=0)
    with database.write() as session:
        customer(session, 1)
        made = draft(session)
        broadcasts.ask(session, made, version=1, size=0, now=NOON)
        broadcasts.send_alone(session, made, now=NOON)
        broadcasts.show_to(session, made.id, WATCHER, "en", 55)
    chat = Chat()
    board = Board(house, chat)
    await board.look()
    await board.look()
    ((edits, words),) = chat.shown
    assert edits is None
    assert "has not begun: it reaches more people than were approved (1 people now)" in words


def send_all(database: Database) -> None:
    rows = claim(database)
    with database.write() as session:
        for row in rows:
            settle(session, row.id, row.customer_id, "sent")


async def test_a_restored_database_is_told_once_and_goes_on_when_agreed(
    house: Forecourt, database: Database
) -> None:
    with database.write() as session:
        customer(session, 1)
        approved(session)
        boss = session.scalars(select(Staff)).one()
        boss.telegram_id, boss.role, boss.locale = WATCHER, "headquarters", "en"
        meta.put(session, standstill.INSTALLATION, "one")
        meta.put(session, standstill.MARK, (NOON - DAY).isoformat(timespec="microseconds"))
    Mark(house.settings.marks).write("one", NOON)
    await jobs.round_(house)
    with database.write() as session:
        assert not Standing(Mark(house.settings.marks)).may_send(session, NOON)
    chat = Chat()
    board = Board(house, chat)
    await board.look()
    await board.look()
    ((_, words),) = chat.shown
    assert "The database looks restored" in words
    assert "12:00" in words
    with database.write() as session:
        assert session.scalars(select(Outbound)).all() == []
        assert standstill.agree(session, WATCHER)
    await board.look()
    assert "Sending goes on" in chat.shown[1][1]
    with database.read() as session:
        assert session.scalars(select(Broadcast.stands)).one() == "stopped"
        assert session.scalars(select(Audit.action)).one() == "restored"
    await board.look()
    assert len(chat.shown) == 2
