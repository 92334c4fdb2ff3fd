"""The usual hour: from visits, by the person's own clock, through both clock changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crm.db import Database
from crm.outbox import Outbound
from outreach import campaigns
from outreach.usual import hour_of, next_at
from tests.conftest import NOON
from tests.outreach.people import DAY, customer, plan_round, segment, visit
from tests.outreach.test_window import MOMENTS, ZONES

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def at(*hours: int) -> list[datetime]:
    """Visits of one day each, the first the longest ago, at these hours in Shanghai."""
    return [NOON - (len(hours) - place) * DAY + (hour - 12) * HOUR for place, hour in enumerate(hours)]


@pytest.mark.parametrize(
    ("visits", "hour"),
    [
        (at(), None),
        (at(18, 18), None),
        (at(18, 7, 18), 18),
        (at(7, 7, 18, 18), 18),  # as often: the one of late
        (at(18, 18, 7, 7), 7),
        (at(7, 8, 9), 9),
        ([*(each - 181 * DAY for each in at(7, 7, 7)), *at(18, 18)], None),  # too long ago
        ([*(each - 181 * DAY for each in at(7, 7, 7)), *at(18, 18, 20)], 18),
        ([each + 30 * DAY for each in at(7, 7, 7)], None),  # not yet
    ],
)
def test_the_hour_of_most_visits(visits: list[datetime], hour: int | None) -> None:
    assert hour_of(visits, SHANGHAI, NOON) == hour
    assert hour_of(reversed(visits), SHANGHAI, NOON) == hour


def test_the_hour_is_of_the_wall_clock_on_both_sides_of_a_clock_change() -> None:
    days = (datetime(2026, 3, day, 18, 30, tzinfo=BERLIN) for day in (27, 28, 29, 30))
    assert hour_of(days, BERLIN, NOON) == 18


@pytest.mark.parametrize(
    ("start", "hour", "found"),
    [
        ("2026-06-15T12:00", 18, "2026-06-15T18:00+02:00"),
        ("2026-06-15T18:40", 18, "2026-06-15T18:40+02:00"),
        ("2026-06-15T19:00", 18, "2026-06-16T18:00+02:00"),
        ("2026-03-28T19:00", 18, "2026-03-29T18:00+02:00"),  # the spring night has an hour less
        ("2026-03-28T19:00", 2, "2026-03-29T03:00+02:00"),  # and leaves this one out
        ("2026-03-29T03:10", 2, "2026-03-30T02:00+02:00"),
        ("2026-10-24T19:00", 18, "2026-10-25T18:00+01:00"),
        ("2026-10-24T19:00", 2, "2026-10-25T02:00+02:00"),  # the first of the two
    ],
)
def test_the_next_such_hour(start: str, hour: int, found: str) -> None:
    begins = datetime.fromisoformat(start).replace(tzinfo=BERLIN).astimezone(UTC)
    assert next_at(begins, hour, BERLIN) == datetime.fromisoformat(found)


@given(MOMENTS, st.integers(0, 23), st.sampled_from(ZONES))
def test_it_is_never_before_and_never_far(moment: datetime, hour: int, zone: str) -> None:
    found = next_at(moment, hour, ZoneInfo(zone))
    assert moment <= found <= moment + timedelta(hours=48)
    assert next_at(found, hour, ZoneInfo(zone)) >= found


@pytest.mark.parametrize("switch", [True, False])
def test_a_round_puts_the_message_at_the_hour(database: Database, switch: bool) -> None:
    shipped = campaigns.shipped()
    chosen = replace(
        shipped, situations=tuple(replace(each, at_usual_hour=switch) for each in shipped.situations)
    )
    with database.write() as session:
        for number, hours in ((1, (18, 7, 18)), (2, (18, 18))):
            who = customer(session, number)
            for moment in at(*hours):
                visit(session, who, moment - 59 * DAY)
            segment(session, who, "dormant")
        visit(session, who, NOON - 60 * DAY + 6 * HOUR, voided_at=NOON)
    plan_round(database, campaigns=chosen)
    with database.read() as session:
        found = session.scalars(select(Outbound.not_before).order_by(Outbound.customer_id)).all()
    assert found == [NOON + 6 * HOUR if switch else NOON, NOON]


def test_the_switch_is_a_line_of_the_campaign() -> None:
    text = campaigns.FILE.read_text(encoding="utf-8")
    assert not any(each.at_usual_hour for each in campaigns.read(text).situations)
    head = "[campaigns.win_back]\n"
    waiting = campaigns.read(text.replace(head, f'{head}send_time = "usual"\n')).situations
    assert {each.campaign for each in waiting if each.at_usual_hour} == {"win_back"}
    with pytest.raises(campaigns.CampaignFault, match=r"campaigns\.win_back\.send_time"):
        campaigns.read(text.replace(head, f'{head}send_time = "dawn"\n'))
