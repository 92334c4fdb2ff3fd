"""Hours in words, and the hours of visits by the clock of each station."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from crm.db import Database
from crm.fillups import record
from crm.stations import Station
from questions.answer import answer
from questions.asker import Asker
from questions.clock import read
from questions.parse import parse
from questions.question import Question
from tests.questions.names import NAMES

TODAY = date(2026, 11, 15)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("after 8pm", "20-24"),
        ("before 9 am", "00-09"),
        ("from 9 am", "09-24"),
        ("between 6 and 9 am", "06-09"),
        ("from 11 to 2 pm", "11-14"),
        ("20:00 to 22:00", "20-22"),
        ("10pm to 6am", "22-06"),
        ("12 am", "00-01"),
        ("12 pm", "12-13"),
        ("晚上八点以后", "20-24"),
        ("早上九点到五点", "09-17"),
        ("22点到6点", "22-06"),
        ("晚上12点以后", "00-24"),
        ("凌晨两点", "02-03"),
        ("中午12点到2点", "12-14"),
        ("下午三点之前", "00-15"),
        ("25点", None),
        ("8 customers", None),
        ("6 to 9 visits", None),
    ],
)
def test_hours_in_words(text: str, hours: str | None) -> None:
    found = read(text, 0)
    assert found is None if hours is None else found is not None and found[0] == hours


def _sale(session: object, station: Station, at: datetime) -> None:
    record(session, station=station, at=at, now=at, source="pos", confirmed=True, product="95",  # type: ignore[arg-type]
           millilitres=10_000, amount=8000, receipt=f"{station.code}{at:%d%H%M}")  # fmt: skip


def test_the_clock_is_the_stations_own_and_turns_with_summer_time(database: Database) -> None:
    with database.write() as session:
        berlin = Station(code="S01", name="A", timezone="Europe/Berlin", currency="EUR")
        kolkata = Station(code="S02", name="B", timezone="Asia/Kolkata", currency="EUR")
        session.add_all([berlin, kolkata])
        session.flush()
        _sale(session, berlin, datetime(2026, 10, 24, 17, 30, tzinfo=UTC))  # 19:30, in summer
        _sale(session, berlin, datetime(2026, 10, 26, 17, 30, tzinfo=UTC))  # 18:30, in winter
        _sale(session, berlin, datetime(2026, 10, 25, 0, 30, tzinfo=UTC))  # 02:30, before the clock turns
        _sale(session, berlin, datetime(2026, 10, 25, 1, 30, tzinfo=UTC))  # 02:30 again
        _sale(session, kolkata, datetime(2026, 10, 24, 17, 30, tzinfo=UTC))  # 23:00
    asker = Asker(None, TODAY, "DE", UTC)
    with database.read() as session:
        question = parse("show:breakdown measure:visits by:hour", NAMES)
        assert isinstance(question, Question)
        told = {row["key"]: row["value"] for row in answer(session, question, asker).rows}
        assert told == {"02-03": 2, "18-19": 1, "19-20": 1, "23-24": 1}
        late = parse("show:count hour:22-03 measure:visits", NAMES)
        assert isinstance(late, Question)
        assert answer(session, late, asker).value == 3
