"""A person's own calendar: birthdays, coupons that end, the next fill-up; and the line of the season."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm import coupons
from crm.coupons import Coupon
from crm.customers import Customer
from crm.db import Database
from crm.outbox import Outbound
from outreach import campaigns
from outreach.benefits import Benefits, shipped
from outreach.due import Rules, due
from outreach.occasions import OpenCoupon, birthday_near, birthdays_near
from outreach.person import Person
from outreach.plan import Planned, Skipped, plan_person
from tests.conftest import NOON
from tests.outreach.people import DAY, customer, ledger, plan_round, segment, visit

ZONE = ZoneInfo("Asia/Shanghai")
SHIPPED = campaigns.shipped()
RULES = Rules(SHIPPED.contact, shipped(), ZONE)
ALL = SHIPPED.switched({"reminder": True})


def someone(**facts: Any) -> Person:
    last = NOON - 9 * DAY
    given = {
        "registered_at": NOON - 400 * DAY,
        "first_visit_at": NOON - 300 * DAY,
        "first_known_at": NOON - 300 * DAY,
        "first_trusted_at": NOON - 300 * DAY,
        "last_visit_at": last,
        "last_visit_day": last.date(),
        "as_of": NOON.date(),
        "segment": "regular",
        "lifecycle": "active",
        "segment_last_visit": last.date(),
    }
    return Person(**{"customer_id": 1, "zone": ZONE, **given, **facts})


def occurrences(who: Person, now: datetime = NOON) -> list[str]:
    found = (due(each, who, RULES, now) for each in ALL.situations)
    return [each.occurrence for each in found if each is not None]


@pytest.mark.parametrize(
    ("told", "today", "found"),
    [
        ("06-15", date(2026, 6, 15), date(2026, 6, 15)),
        ("1980-06-14", date(2026, 6, 15), date(2026, 6, 14)),
        ("06-13", date(2026, 6, 15), None),
        ("06-16", date(2026, 6, 15), None),
        ("12-31", date(2027, 1, 1), date(2026, 12, 31)),
        ("02-29", date(2026, 2, 28), date(2026, 2, 28)),
        ("02-29", date(2028, 2, 28), None),
        ("02-29", date(2028, 2, 29), date(2028, 2, 29)),
    ],
)
def test_a_birthday_and_the_day_after_it(told: str, today: date, found: date | None) -> None:
    assert birthday_near(told, today, 2) == found


@given(st.dates(date(2024, 1, 1), date(2032, 12, 31)), st.dates(date(2024, 1, 1), date(2024, 12, 31)))
def test_who_celebrates_is_among_those_looked_at(today: date, born: date) -> None:
    """Whatever day it is where they live: a day more or less than in UTC."""
    for there in (today - DAY, today, today + DAY):
        if birthday_near(f"{born:%m-%d}", there, 2):
            assert f"{born:%m-%d}" in birthdays_near(today, 2)


def test_a_birthday_is_one_occasion_a_year_in_the_persons_zone() -> None:
    assert occurrences(someone(birthday="06-15")) == ["birthday:2026"]
    assert occurrences(someone(birthday="06-17")) == []
    late = NOON.replace(day=14, hour=17)  # already the 15th in Shanghai, still the 14th in London
    assert occurrences(someone(birthday="06-15"), late) == ["birthday:2026"]
    assert occurrences(someone(birthday="06-15", zone=ZoneInfo("Europe/London")), late) == []


def held(days: float, issued: float = 20) -> OpenCoupon:
    ends = NOON + days * DAY
    return OpenCoupon("7K3MQ0ZP9A", 1500, "CNY", NOON - issued * DAY, ends, ends.date())


def test_a_coupon_is_spoken_of_once_in_its_last_days() -> None:
    assert occurrences(someone(coupon=held(2))) == ["coupon:2026-06-17"]
    assert occurrences(someone(coupon=held(4))) == []
    assert occurrences(someone(coupon=held(-1))) == []
    assert occurrences(someone(coupon=held(2, issued=1))) == []  # its own message is two days old


def test_about_the_day_of_the_next_fillup() -> None:
    assert occurrences(someone(due_on=NOON.date())) == [f"due:{NOON.date() - 9 * DAY}"]
    assert occurrences(someone(due_on=NOON.date() + DAY)) == []
    assert occurrences(someone(due_on=NOON.date() - 2 * DAY)) == []
    assert occurrences(someone(due_on=NOON.date(), lifecycle="new")) == []
    assert "due" not in {each.name for each in SHIPPED.situations}  # off as shipped


def test_regulars_hear_a_line_of_the_season_or_nothing() -> None:
    ten = datetime(2026, 7, 15, 3, tzinfo=NOON.tzinfo)
    who = someone(as_of=ten.date(), usual="95", usual_family="gasoline")
    (told,), _ = plan_person(SHIPPED, who, (), RULES, ten)
    assert isinstance(told, Planned)
    assert told.benefit is not None
    (silent,), _ = plan_person(SHIPPED, who, (), Rules(SHIPPED.contact, Benefits(()), ZONE), ten)
    assert isinstance(silent, Skipped)
    assert silent.reason == "nothing_to_say"


def _driver(session: Session, number: int, **facts: Any) -> Customer:
    who = customer(session, number, **facts)
    visit(session, who, NOON - 9 * DAY)
    segment(session, who, "active", "regular")
    return who


def _coupon(session: Session, who: Customer, days: float) -> Coupon:
    coupon = coupons.give(
        session, customer_id=who.id, campaign="win_back", occurrence="lapsing:2026-05-01", value=1500,
        currency="CNY", expires_at=NOON + days * DAY, again_after_days=30, now=NOON - 25 * DAY,
    )  # fmt: skip
    assert coupon is not None
    return coupon


def test_a_round_finds_birthdays_and_ending_coupons(database: Database) -> None:
    with database.write() as session:
        _driver(session, 1, birthday="1990-06-15")
        _driver(session, 2, birthday="06-20")
        _coupon(session, _driver(session, 3), 2)
        _coupon(session, _driver(session, 4), 20)
    plan_round(database)
    assert [row[:3] for row in ledger(database)] == [
        ("birthday", "birthday:2026", "queued"),
        ("coupon", "coupon:2026-06-17", "queued"),
    ]
    with database.read() as session:
        facts = session.scalars(select(Outbound.facts).order_by(Outbound.id)).all()
    assert [each["name"] for each in facts] == ["Driver 1", "Driver 3"]
    assert len(facts[1]["coupon"]["code"]) == coupons.LENGTH
    plan_round(database)
    assert len(ledger(database)) == 2


def test_a_coupon_used_in_the_meantime_is_not_spoken_of(database: Database) -> None:
    with database.write() as session:
        _coupon(session, _driver(session, 3), 2)
    plan_round(database)
    with database.write() as session:
        session.execute(update(Coupon).values(redeemed_at=NOON))
    plan_round(database, now=NOON + timedelta(minutes=1))
    assert ledger(database) == [("coupon", "coupon:2026-06-17", "skipped", "no_longer")]
