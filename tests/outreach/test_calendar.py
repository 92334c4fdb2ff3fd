"""Once per local day in any zone, through both clock changes, and late only inside the window."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from crm.db import Database
from outreach import benefits, campaigns
from outreach.calendar import CronFault, current, occurrences, trigger
from outreach.campaigns import CampaignFault, Campaigns, read
from outreach.due import Rules
from outreach.person import Past, Person
from outreach.plan import Planned, plan_person
from tests.conftest import NOON
from tests.outreach.people import DAY, SHANGHAI, customer, ledger, plan_round, segment, visit

pytestmark = pytest.mark.slow

ZONES = (
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
)  # by 0, 60, 60, 30 minutes
TOML = """
[campaigns.tips]
kind = "marketing"
priority = 4
expires_days = 1
quiet_hours = false

[campaigns.tips.situations.calendar]
template = "outreach/win_back_dormant"
cron = "30 2 * * *"
segments = ["regular"]
late_hours = 5
"""
BEGIN = datetime(2026, 1, 15, tzinfo=UTC)
DAYS = 400


def tips(cron: str = "30 2 * * *") -> Campaigns:
    found = read(campaigns.FILE.read_text(encoding="utf-8") + TOML.replace("30 2 * * *", cron))
    return replace(found, contact=replace(found.contact, caps=()))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("cron", ["30 2 * * *", "0 2 * * *", "0 0 * * *", "45 1 * * *", "30 3 * * *"])
def test_400_days_of_rounds(zone: str, cron: str) -> None:
    """A round every half hour; the bot is down three hours a day, at other hours each day."""
    chosen, place = tips(cron).only("tips"), ZoneInfo(zone)
    rules = Rules(chosen.contact, benefits.shipped(), place)
    said: list[Past] = []
    now, times = BEGIN, Counter[str]()
    while now < BEGIN + DAYS * DAY:
        now += timedelta(minutes=30)
        if now.hour in (now.day % 24, (now.day + 1) % 24, (now.day + 2) % 24):
            continue  # down
        person = Person(1, place, segment="regular", lifecycle="active", as_of=now.astimezone(place).date())
        decisions, _ = plan_person(chosen, person, said[-3:], rules, now)
        for each in decisions:
            if isinstance(each, Planned):
                assert each.not_before == now
                local = now.astimezone(place)
                assert each.due.occurrence == f"calendar:{local.date()}"
                times[each.due.occurrence] += 1
                said.append(sent(each, now))
    days = {f"calendar:{BEGIN.astimezone(place).date() + n * DAY}" for n in range(1, DAYS)}
    assert days <= set(times)
    assert set(times.values()) == {1}


def sent(planned: Planned, now: datetime) -> Past:
    due = planned.due
    return Past(1, "tips", due.occurrence, "sent", "marketing", 4, now, due.expires_at, claimed_at=now)


@pytest.mark.parametrize("zone", ZONES)
def test_each_day_has_one_instant_and_days_follow_one_another(zone: str) -> None:
    for hour in (0, 1, 2, 3, 23):
        found = list(occurrences(f"30 {hour} * * *", ZoneInfo(zone), BEGIN, BEGIN + DAYS * DAY))
        days, instants = [day for day, _ in found], [at for _, at in found]
        assert days == [days[0] + n * DAY for n in range(len(days))]
        assert len(days) in (DAYS, DAYS + 1)
        gaps = {later - earlier for earlier, later in pairwise(instants)}
        assert gaps <= {timedelta(hours=h) for h in (23, 23.5, 24, 24.5, 25)}
        assert {at.astimezone(ZoneInfo(zone)).date() for at in instants} == set(days)


@pytest.mark.parametrize(
    ("day", "at"),
    [
        (date(2026, 3, 29), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # 02:30 is left out: 03:30 summer time
        (date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # twice: the first
        (date(2026, 6, 1), datetime(2026, 6, 1, 0, 30, tzinfo=UTC)),
    ],
)
def test_the_nights_of_the_change(day: date, at: datetime) -> None:  # bad input 49
    berlin = ZoneInfo("Europe/Berlin")
    assert current("30 2 * * *", berlin, 5 * timedelta(hours=1), at) == (day, at)
    before = current("30 2 * * *", berlin, 5 * timedelta(hours=1), at - timedelta(microseconds=1))
    assert before is None
    assert current("30 2 * * *", berlin, 5 * timedelta(hours=1), at + timedelta(hours=5)) is None


@pytest.mark.parametrize(
    ("cron", "first"),
    [
        ("0 10 * * 0", date(2026, 6, 21)),
        ("0 10 * * 7", date(2026, 6, 21)),
        ("0 10 * * 1", date(2026, 6, 22)),
        ("0 10 * * fri", date(2026, 6, 19)),
        ("0 10 * * 5-6", date(2026, 6, 19)),
        ("0 10 1-7 * tue", date(2026, 7, 7)),
        ("0 10 29 2 *", date(2028, 2, 29)),
    ],
)
def test_days_as_crontab_counts_them(cron: str, first: date) -> None:
    found = occurrences(cron, ZoneInfo(SHANGHAI), NOON, NOON + 800 * DAY)
    assert next(found)[0] == first


@pytest.mark.parametrize(
    "cron", ["", "0 10 * *", "* 10 * * *", "0 */2 * * *", "60 1 * * *", "0 24 * * *", "0 1 * * x"]
)
def test_a_wrong_line_is_named(cron: str) -> None:
    with pytest.raises(CronFault):
        trigger(cron)
    with pytest.raises(CampaignFault, match=r"campaigns\.tips\.situations\.calendar"):
        tips(cron)


def test_a_calendar_needs_whom_and_when() -> None:
    text = campaigns.FILE.read_text(encoding="utf-8") + TOML
    for wrong in (text.replace('segments = ["regular"]', ""), text.replace('cron = "30 2 * * *"', "")):
        with pytest.raises(CampaignFault, match="needs 'cron' and 'segments'"):
            read(wrong)
    with pytest.raises(CampaignFault, match="segments"):
        read(text.replace('["regular"]', '["everybody"]'))


def test_rounds_write_it_once_to_those_meant(database: Database) -> None:
    chosen = tips("0 12 * * mon")  # noon in Shanghai on a Monday is NOON
    with database.write() as session:
        for number, name in ((1, "regular"), (2, "new"), (3, "regular")):
            who = customer(session, number)
            visit(session, who, NOON - 60 * DAY)
            visit(session, who, NOON - DAY * number)
            segment(session, who, "active", name)
    for minutes in (-1, 0, 1, 60, 299, 300, 2000):
        plan_round(database, NOON + timedelta(minutes=minutes), campaigns=chosen)
    mine = [row for row in ledger(database) if row[0] == "tips"]
    assert {row[:2] for row in mine} == {("tips", "calendar:2026-06-15")}
    assert len(mine) == 2
    assert {row[2] for row in mine} == {"expired"}  # nobody sent them: its time passed
