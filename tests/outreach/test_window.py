"""Quiet hours: every zone, every clock change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import campaigns, window

CONTACT = campaigns.shipped().contact
ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Pacific/Apia",
)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("local", "opens"),
    [
        ("2026-06-15T12:00", "2026-06-15T12:00"),
        ("2026-06-15T20:59", "2026-06-15T20:59"),
        ("2026-06-15T21:00", "2026-06-16T09:00"),
        ("2026-06-15T03:00", "2026-06-15T09:00"),
        ("2026-06-15T09:00", "2026-06-15T09:00"),
        ("2026-03-28T22:00", "2026-03-29T09:00"),  # the night of the spring change in Berlin
        ("2026-10-24T22:00", "2026-10-25T09:00"),  # and of the autumn one
    ],
)
def test_the_night_ends_at_nine_by_the_wall_clock(local: str, opens: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    moment = datetime.fromisoformat(local).replace(tzinfo=berlin)
    found = window.opens(moment, berlin, CONTACT).astimezone(berlin)
    assert found.strftime("%Y-%m-%dT%H:%M") == opens


def test_a_night_with_a_clock_change_is_an_hour_shorter_or_longer() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    nights = {}
    for day in ("2026-03-28", "2026-06-15", "2026-10-24"):
        start = datetime.fromisoformat(f"{day}T21:00").replace(tzinfo=berlin)
        nights[day] = window.opens(start, berlin, CONTACT) - start.astimezone(UTC)
    assert [night // timedelta(hours=1) for night in nights.values()] == [11, 12, 13]


@given(moment=MOMENTS, zone=st.sampled_from(ZONES))
def test_nothing_goes_out_at_night_or_waits_longer_than_one(moment: datetime, zone: str) -> None:
    local = ZoneInfo(zone)
    opens = window.opens(moment, local, CONTACT)
    assert moment <= opens <= moment + timedelta(hours=13)
    assert not window.is_quiet(opens.astimezone(local).time(), CONTACT)
    closes = window.closes(opens, local, CONTACT)
    assert closes is not None
    assert opens < closes <= opens + timedelta(hours=13)
    for minutes in range(0, int((closes - opens).total_seconds() // 60), 30):
        assert not window.is_quiet((opens + timedelta(minutes=minutes)).astimezone(local).time(), CONTACT)
