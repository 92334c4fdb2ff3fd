"""/digest: chosen with taps, due once per local day through every change of clocks, in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from crm import digests
from crm.segments import CustomerSegment, SegmentChange
from crm.staff import Staff
from handlers import digest as letters
from handlers.pictures import PICTURES
from templates import render
from tests.handlers.chain import TODAY, Chain, build
from tests.handlers.chat import Chat, Town

pytestmark = pytest.mark.slow


@pytest.fixture
def chain(chain: Chain) -> Chain:
    for n in range(12):
        number = chain.customer(f"North {n}", chain.north, member=f"1{n:05}")
        chain.visits(number, chain.north, *range(n % 5, 200, 5 + n % 3), amount=10_000 + n * 500)
    chain.visits(chain.customer("Southcanary", chain.south), chain.south, *range(1, 100, 3))
    chain.segment(TODAY - timedelta(days=8))
    chain.segment()
    return chain


def due(chain: Chain) -> list[letters.Due]:
    return chain.town.look(lambda s: letters.due(s, chain.town.house, chain.town.now))


def deliver(chain: Chain, turn: letters.Due) -> bool:
    """As the job of the schedule does; False: it was written before."""
    town = chain.town
    with town.database.write() as session:
        letter = letters.compose(session, town.house, turn)
        assert letter is not None
        return digests.write(session, letter.number, letter.chat_id, [], due=letter.due, now=town.now)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_is_chosen_with_taps(chain: Chain, language: str) -> None:
    manager = chain.hire("manager", chain.north, language=language)
    manager.says("/digest")
    assert ("every <b>Monday</b> at <b>08:00</b>" if language == "en" else "每周一 08:00") in manager.heard
    manager.forges("digest.day:4")
    assert ("Friday" if language == "en" else "每周五") in manager.heard
    assert manager.said[0]["edits"]
    manager.forges("digest.hour:7")
    manager.forges("digest.every:daily")
    assert "07:00" in manager.heard
    assert ("every day" if language == "en" else "每天") in manager.heard
    manager.forges("digest.every:off")
    assert ("no digest" if language == "en" else "没有简报") in manager.heard
    for data in ("digest.every:hourly", "digest.day:7", "digest.hour:24", "digest.hour:x", "digest.day"):
        manager.forges(data)
        assert ("no digest" if language == "en" else "没有简报") in manager.heard


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("every", ["weekly", "daily"])
def test_the_letter_says_the_numbers_of_the_stations(chain: Chain, language: str, every: str) -> None:
    manager = chain.hire("manager", chain.north, language=language)
    manager.says("bring back 4 dormant this month")
    manager.forges(f"digest.every:{every}")
    manager.forges("digest.now")
    part = manager.said[0]
    assert part["template"] == "replies/digest"
    assert len(manager.heard) <= 1024, "it is the caption of a picture"
    assert sum(len(row) for row in part["buttons"]) == 3
    assert PICTURES["digest"](part["picture"]["facts"], language).startswith(b"\x89PNG")
    assert part["facts"]["sums"][0]["value"] > 0
    assert "canary" not in str(manager.said)
    assert "{" not in manager.heard
    for data in [button["data"] for row in part["buttons"] for button in row]:
        manager.forges(data)
        assert manager.said[0]["template"] != "replies/no_button"
        assert "canary" not in str(manager.said)


def test_a_manager_gets_it_on_mondays_at_eight_and_nobody_else_unasked(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)  # on Monday at noon: too late for today's
    boss = chain.hire("headquarters", name="Boss")
    chain.hire("attendant", chain.north, name="Pump")
    chain.hire("manager", name="Nowhere")
    assert due(chain) == []
    chain.town.passes(days=6, hours=19, minutes=59)
    assert due(chain) == []
    chain.town.passes(minutes=1)
    turns = due(chain)
    assert [turn.day for turn in turns] == [date(2026, 6, 22)] * 2
    composed = chain.town.look(lambda s: [letters.compose(s, chain.town.house, turn) for turn in turns])
    sent = [letter for letter in composed if letter]
    assert [letter.chat_id for letter in sent] == [manager.user_id], (
        "without a station there is nothing to say"
    )
    assert deliver(chain, turns[0])
    assert not deliver(chain, turns[0])
    assert [turn.staff_id for turn in due(chain)] != [turns[0].staff_id]
    boss.says("/digest")
    boss.forges("digest.every:daily")
    boss.forges("digest.hour:9")
    chain.town.passes(hours=1)
    assert len(due(chain)) == 2
    chain.town.passes(hours=10, minutes=59)
    assert len(due(chain)) == 2
    chain.town.passes(minutes=1)  # twelve hours after eight; nine is not yet that long ago
    assert [turn.at for turn in due(chain)] == [datetime(2026, 6, 22, 1, 0, tzinfo=UTC)]


def test_who_left_hears_nothing(chain: Chain) -> None:
    manager = chain.hire("manager", chain.north)
    chain.town.passes(days=6, hours=20)
    (turn,) = due(chain)
    with chain.town.database.write() as session:
        session.get_one(Staff, turn.staff_id).active = False
    assert chain.town.look(lambda s: letters.compose(s, chain.town.house, turn)) is None
    assert due(chain) == []
    assert manager.user_id


ZONES = ("Europe/Berlin", "America/New_York", "Australia/Sydney", "America/Santiago")
CHANGES = ((date(2026, 3, 6), 33), (date(2026, 9, 4), 61))  # days around every change of these zones


def test_once_per_local_day_through_every_change_of_clocks(town: Town) -> None:
    """Daily at two o'clock, an hour that a spring night leaves out and an autumn night has twice."""
    chain = build(town)
    people: dict[int, str] = {}
    for place, zone in enumerate(ZONES):
        station = town.station(f"Z{place}", zone, timezone=zone)
        chat = chain.hire("manager", station, name=zone)
        town.now = datetime(2026, 1, 1, tzinfo=UTC)
        for data in ("digest.every:daily", f"digest.hour:{0 if 'Santiago' in zone else 2}"):
            chat.forges(data)
        people[chat.user_id] = zone
    for begin, days in CHANGES:
        town.now = datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
        heard: dict[int, list[date]] = {}
        while town.now < datetime(begin.year, begin.month, begin.day, tzinfo=UTC) + timedelta(days=days):
            for turn in due(chain):
                assert deliver(chain, turn)
                heard.setdefault(turn.staff_id, []).append(turn.day)
            town.passes(minutes=50)
        assert len(heard) == len(ZONES)
        for told in heard.values():
            assert told == [told[0] + timedelta(days=each) for each in range(len(told))]
            assert len(told) >= days - 1


def test_a_letter_without_anything_to_say_is_still_whole(town: Town) -> None:
    chain = build(town)
    manager: Chat = chain.hire("manager", chain.north)
    manager.forges("digest.now")
    assert "Visits: <b>0</b>" in manager.heard
    facts = manager.said[0]["facts"]
    for locale in ("zh", "en"):
        assert render("replies/digest", locale, facts | {"currency": "CNY"})
        assert PICTURES["digest"](facts, locale).startswith(b"\x89PNG")


def test_names_in_a_letter_are_rows_of_the_audit(chain: Chain) -> None:
    with chain.town.database.write() as session:
        for row in session.query(CustomerSegment).order_by(CustomerSegment.customer_id).limit(2):
            session.add(
                SegmentChange(
                    run_id=1,
                    customer_id=row.customer_id,
                    as_of=TODAY,
                    at=chain.town.now,
                    before=row.segment,
                    after="at_risk_vip",
                    criteria="1",
                    why={},
                )
            )
            row.segment = "at_risk_vip"
    manager = chain.hire("manager", chain.north)
    manager.forges("digest.now")
    assert "VIPs newly at risk" in manager.heard
    assert [row.detail for row in chain.audit("look_up")] == ["digest", "digest"]
