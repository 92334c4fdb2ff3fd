"""The invented chain: the same from the same seed, believable, and with everyone in it."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import func, select

from bot.commands.segment import facts
from bot.demo import cast
from bot.demo.calendar import noon_zone
from bot.demo.chain import Chain, invent
from bot.demo.data import HISTORY_DAYS, PRODUCT, PRODUCTS
from bot.demo.fleets import drivers, fleets
from bot.demo.people import PERSONAS, STORIES, STORY
from bot.demo.stages import stages
from bot.demo.store import fillups, mark, store
from bot.demo.tills import NOBODY
from bot.demo.visits import visits
from bot.demo.written import write_down
from crm import phones
from crm.customers import Consent, Customer, Vehicle
from crm.db import Database, sqlite_url
from crm.fillups import Fillup
from crm.identity import chinese_plate
from crm.notes import Note
from crm.schema import migrate
from crm.scope import customers_of, since
from crm.segments import CustomerSegment, SegmentChange
from crm.staff import Staff, stations_of
from crm.tags import Tag
from crm.tasks import Task
from segmentation.columns import PREFERENCES
from segmentation.criteria import STAGES
from segmentation.refitting import refit
from segmentation.refresh import refresh

pytestmark = pytest.mark.slow

NOW = datetime(2026, 6, 15, 4, 20, tzinfo=UTC)


@cache
def chain(seed: int = 7, now: datetime = NOW, customers: int = 600) -> Chain:
    return invent(seed, now, customers)


def rows(found: Chain) -> list[dict[str, Any]]:
    return list(fillups(found, slice(None)))


def gaps(found: Chain, story: str) -> list[np.ndarray[Any, Any]]:
    """Days between the visits of each person with that story."""
    sales = found.sales
    places = np.flatnonzero(found.people.story == STORY[story])
    visits = [np.unique(sales.at[sales.person == place]) for place in places]
    return [np.diff(each) / 86_400 for each in visits]


def test_the_same_seed_and_moment_invent_the_same_chain() -> None:
    one, other = invent(3, NOW, 120), invent(3, NOW, 120)
    assert rows(one) == rows(other)
    assert one.register == other.register


def test_another_seed_invents_another_chain() -> None:
    assert rows(invent(3, NOW, 120)) != rows(invent(4, NOW, 120))


def test_too_few_customers_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 50"):
        invent(7, NOW, 49)


@pytest.mark.parametrize("hour", range(24))
def test_the_chain_lies_where_it_is_noon(hour: int) -> None:
    now = datetime(2026, 3, 1, hour, 59, tzinfo=UTC)
    assert now.astimezone(ZoneInfo(noon_zone(now))).hour == 12


def test_every_persona_and_story_is_there() -> None:
    people = chain().people
    assert set(people.persona.tolist()) == set(range(len(PERSONAS)))
    assert set(people.story.tolist()) == set(range(len(STORIES)))


def test_everything_the_chain_sells_is_sold_and_paid_in_every_way() -> None:
    sales = chain().sales
    assert {PRODUCTS[place] for place in sales.product.tolist()} == set(PRODUCTS)
    assert len(set(sales.payment.tolist())) == 8


def uncounted(told: dict[str, Any]) -> list[str]:
    """The values of dimensions that `forecourt segment --json` counts nobody for."""
    parts = {name: part for name, part in told.items() if isinstance(part, dict)}
    parts |= {f"account's {name}": part for name, part in parts.pop("accounts").items()}
    del parts["declining_by_lifecycle"]
    return [f"{name} {value}" for name, part in parts.items() for value, count in part.items() if not count]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 2026])
def test_every_value_of_every_dimension_occurs(tmp_path: Path, seed: int) -> None:
    """With and without a lifetime fit, which calls some churned earlier."""
    found = chain(seed=seed, customers=2000)
    database = filled(found, tmp_path)
    segmented(database, found, 0)
    for fitted in (False, True):
        if fitted:
            assert refit(database, as_of=found.calendar.today, now=NOW).weak is None
        told = facts(refresh(database, as_of=found.calendar.today, now=NOW), 0.0)
        assert uncounted(told) == []
        assert set(told["lifecycle"]) == set(told["accounts"]["lifecycle"]) == set(STAGES)
        assert sum(told["accounts"]["lifecycle"].values()) == len(fleets())
        assert set(told["product"]) == {*PREFERENCES, "mixed"}
        assert set(told["city"]) == {plan.city for plan in found.stations}
        assert set(told["home_station"]) == {plan.code for plan in found.stations}
        assert 0 < told["declining"] < 500
    database.close()


def test_accounts_change_nothing_of_the_log() -> None:
    """The drivers of an account that leaves or returns are found among those who do."""
    found = chain(customers=2000)
    came = visits(found.people, found.calendar)
    stage = stages(came, len(found.people))
    account = drivers(found.people, came, len(found.people) - len(cast.CUSTOMERS), 7)
    for place, fleet in enumerate(fleets(), start=1):
        if fleet.stage:
            assert set(stage[account == place]) == {fleet.stage}


def test_more_fill_up_before_the_weekend_than_in_the_middle_of_the_week() -> None:
    found = chain(customers=2000)
    sales, people = found.sales, found.people
    known = sales.person >= 0
    private = known & (people.persona[sales.person] == PERSONAS.index("private"))
    work = known & np.isin(people.persona[sales.person], [PERSONAS.index("heavy"), PERSONAS.index("fleet")])
    week = np.bincount(found.calendar.weekdays[sales.day[private]], minlength=7)
    assert min(week[4:6]) > 1.2 * max(week[1:3])
    week = np.bincount(found.calendar.weekdays[sales.day[work]], minlength=7)
    assert week[6] < 0.6 * week[0]


def test_the_season_shows() -> None:
    found = chain(customers=2000)
    sales = found.sales
    founders = (sales.person >= 0) & (found.people.start[sales.person] < 60)
    steady = founders & (found.people.story[sales.person] == STORY["steady"])
    private = steady & (found.people.persona[sales.person] == 0)
    months = np.bincount(found.calendar.months[sales.day[private]], minlength=13)
    days = np.bincount(found.calendar.months[:HISTORY_DAYS], minlength=13)
    a_day = months[1:] / days[1:]
    assert (
        a_day[[6, 7]].mean() > 1.08 * a_day[[8, 10, 11]].mean()
    )  # July, August; September, November, December


def test_people_keep_a_rhythm_of_their_own() -> None:
    spread = [np.log(np.maximum(each, 0.25)).std() for each in gaps(chain(), "steady") if len(each) > 20]
    middle = [float(np.median(each)) for each in gaps(chain(), "steady") if len(each) > 5]
    assert 0.2 < np.median(spread) < 0.9
    assert np.percentile(middle, 90) > 3 * np.percentile(middle, 10)


def test_people_drift_away_fade_and_come_back() -> None:
    found = chain(customers=2000)
    last = np.full(len(found.people), -1)
    known = found.sales.person >= 0
    np.maximum.at(last, found.sales.person[known], found.sales.day[known])
    away = HISTORY_DAYS - last[(found.people.story == STORY["drifted"]) & (last >= 0)]
    assert np.mean(away > 60) > 0.6
    assert np.mean(away < 60) > 0.02
    returned = [each for each in gaps(found, "returned") if len(each)]
    assert np.mean([each.max() > 60 for each in returned]) > 0.8
    fading = [each for each in gaps(found, "declining") if len(each) > 30]
    assert np.mean([each[-8:].mean() > 1.5 * each[:8].mean() for each in fading]) > 0.8


def test_prices_move_in_steps_and_hunters_follow_the_drops() -> None:
    found = chain(customers=2000)
    steps = np.flatnonzero(found.calendar.steps)
    assert min(np.diff(steps)) >= 14
    assert found.calendar.drops.any()
    assert (found.calendar.prices[PRODUCT["95"]] > found.calendar.prices[PRODUCT["92"]]).all()
    drop = found.calendar.drops[found.sales.day]
    known = found.sales.person >= 0
    hunts = known & found.people.hunts[found.sales.person]
    assert drop[hunts].mean() > 2 * drop[known & ~hunts].mean()


def test_the_numbers_of_a_row_agree() -> None:
    for row in rows(chain()):
        assert row["at"] < NOW
        assert row["at"] <= row["recorded_at"] <= NOW
        assert row["amount"] > 0
        if row["unit_price"] is not None:
            worth = row["millilitres"] * row["unit_price"] / 10_000
            assert abs(worth - row["amount"]) <= row["unit_price"] / 1000 + 1  # round sums: to 10 ml
            assert 1_000 <= row["millilitres"] <= 800_000


def test_the_till_numbers_its_receipts_and_the_odometer_runs_forward() -> None:
    found = rows(chain())
    assert len({row["key"] for row in found}) == len(found)
    at_once: dict[Any, set[Any]] = {}
    running: dict[int, int] = {}
    for row in found:
        at_once.setdefault((row["station_id"], row["receipt"]), set()).add((row["at"], row["customer_id"]))
        if row["odometer_km"] is not None:
            assert row["odometer_km"] >= running.get(row["customer_id"], 0)
            running[row["customer_id"]] = row["odometer_km"]
    assert all(len(visits) == 1 for visits in at_once.values())
    assert len(running) > 50


def test_some_sales_are_anonymous() -> None:
    share = float((chain().sales.person == NOBODY).mean())
    assert 0.04 < share < 0.12


def test_the_log_grows_with_the_number_of_customers() -> None:
    few, many = len(chain(customers=600).sales), len(chain(customers=2400).sales)
    assert 3.2 < many / few < 4.8


def test_most_are_known_from_the_till_alone_and_some_talk() -> None:
    book = chain(customers=600).register
    talking = [row for row in book.customers if row["chat_id"]]
    assert len(talking) == 40 + len(cast.CUSTOMERS)
    assert sum(row["marketing_consent"] for row in talking) < len(talking)
    assert {row["timezone"] for row in talking} == {chain().calendar.zone}
    assert all(row["chat_id"] or not row["service_consent"] for row in book.customers)
    assert sum(row["reference"] is not None for row in book.customers) > 60
    assert all(phones.normal(row["phone"], "CN") == row["phone"] for row in book.customers if row["phone"])
    assert all(chinese_plate(row["plate"]) for row in book.vehicles)
    assert [each.role for each in book.chatters[:6]] == [
        *("newcomer", "regular", "vip", "lapsed", "attendant", "manager")
    ]
    assert all(each.hint and set(each.hint) == {"en", "zh"} for each in book.chatters[:6])


def filled(found: Chain, folder: Path) -> Database:
    database = Database(sqlite_url(folder))
    migrate(database)
    store(database, found)
    return database


def segmented(database: Database, found: Chain, days_ago: int) -> Any:
    day = found.calendar.today - timedelta(days=days_ago)
    zone = ZoneInfo(found.calendar.zone)
    now = found.calendar.now - timedelta(hours=12 * days_ago)
    return refresh(database, as_of=day, now=now, trust_self_reported=True, zone=zone).outcome.frame


@pytest.mark.parametrize(
    ("seed", "now", "customers"),
    [
        (7, NOW, 300),
        (7, datetime(2026, 12, 1, 23, 30, tzinfo=UTC), 300),
        (8, datetime(2028, 2, 29, 0, 5, tzinfo=UTC), 150),
        (9, datetime(2027, 1, 1, 12, 0, tzinfo=UTC), 1000),
        (10, datetime(2026, 7, 31, 17, 45, tzinfo=UTC), 50),
        (7, datetime(2028, 12, 5, 11, 1, tzinfo=UTC), 300),  # when few spend more than the regular
    ],
)
def test_the_cast_stand_where_their_stories_say(
    seed: int, now: datetime, customers: int, tmp_path: Path
) -> None:
    found = invent(seed, now, customers)
    database = filled(found, tmp_path)
    segmented(database, found, 1)
    segmented(database, found, 0)
    newcomer, regular, vip, lapsed = range(customers - 3, customers + 1)
    with database.read() as session:
        now_in = select(CustomerSegment.customer_id, CustomerSegment.segment, CustomerSegment.lifecycle)
        stands = {row[0]: (row[1], row[2]) for row in session.execute(now_in)}
        changes = select(SegmentChange.before, SegmentChange.after).order_by(SegmentChange.id)
        rise = [tuple(row) for row in session.execute(changes.where(SegmentChange.customer_id == vip))]
        moved = session.scalar(select(func.count(SegmentChange.before)))
    assert stands[newcomer] == ("new", "new")
    assert stands[regular] == ("regular", "active")
    assert stands[lapsed][1] == "lapsing"
    assert rise == [(None, "regular"), ("regular", "vip")]
    assert moved is not None
    assert moved < 0.1 * customers + 5  # today's changes are a handful, not everyone
    database.close()


def test_the_chain_is_stored_as_it_was_invented(database: Database) -> None:
    found = chain(customers=150)
    mark(database, 7)
    store(database, found)
    with database.read() as session:
        kept = session.scalars(select(Fillup).order_by(Fillup.id)).all()
        told = rows(found)
        assert [{name: getattr(row, name) for name in told[0]} for row in kept] == told
        for table, expected in (
            (Customer, found.register.customers),
            (Vehicle, found.register.vehicles),
            (Consent, found.register.consents),
        ):
            assert session.scalar(select(func.count()).select_from(table)) == len(expected)
    with database.write() as session:  # the next customer gets a number of their own
        session.add(Customer(name="New", known_at=NOW))


def test_giving_up_in_the_middle_leaves_nothing_behind(database: Database) -> None:
    class GivenUp(Exception):
        pass

    def give_up(done: int, _all: int) -> None:
        if done:
            raise GivenUp

    with pytest.raises(GivenUp):
        store(database, chain(customers=150), give_up)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 0


def test_arrays_of_sales_have_one_length() -> None:
    sales = chain().sales
    assert {len(getattr(sales, field.name)) for field in fields(sales)} == {len(sales)}


def test_the_manager_of_the_demo_has_notes_tags_and_follow_ups(tmp_path: Path) -> None:
    today, database = chain().calendar.today, filled(chain(), tmp_path)
    segmented(database, chain(), 1)
    write_down(database, chain().calendar)
    with database.read() as session:
        manager = session.scalars(select(Staff).where(Staff.role == "manager")).one()
        theirs = select(Customer.id).where(customers_of(stations_of(session, manager), since(today)))
        for table in (Note, Tag, Task):
            written = select(func.count()).select_from(table).where(table.customer_id.in_(theirs))
            assert (session.scalar(written) or 0) >= 4, table
        due = session.scalars(select(Task.due).where(Task.closed_at.is_(None), Task.staff_id == manager.id))
        assert any(day < today for day in due)
    database.close()
