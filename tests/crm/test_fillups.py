"""Rules of fill-ups: what is recorded, voided and corrected, and that one tank counts once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm import fillups
from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup, Totals
from crm.limits import OutOfRange
from crm.stations import Station
from tests.conftest import NOON

HOUR = timedelta(hours=1)


@pytest.fixture
def place(database: Database) -> tuple[Station, Customer]:
    """A station in Berlin and a customer."""
    with database.write() as session:
        station = Station(code="S1", name="One", timezone="Europe/Berlin", currency="EUR")
        customer = Customer(member="M1", known_at=NOON)
        session.add_all([station, customer])
    return station, customer


def tell(session: Session, place: tuple[Station, Customer], **told: Any) -> Fillup:
    """A driver's record of 40 litres for 72.00 at noon, unless told otherwise."""
    usual: dict[str, Any] = {
        "station": place[0],
        "customer_id": place[1].id,
        "at": NOON,
        "now": NOON,
        "source": "driver",
        "confirmed": False,
        "millilitres": 40_000,
        "amount": 7200,
    }
    if told.get("source") in ("pos", "attendant"):
        usual["confirmed"] = True
    return fillups.record(session, **(usual | told))


def counted(session: Session) -> list[str]:
    rows = session.scalars(select(Fillup).where(fillups.counting()).order_by(Fillup.at, Fillup.id))
    return [row.source for row in rows]


def test_what_is_not_told_stays_empty(database: Database, place: tuple[Station, Customer]) -> None:
    with database.write() as session:
        row = tell(session, place, at=datetime(2026, 5, 31, 22, 30, tzinfo=NOON.tzinfo), millilitres=None)
        assert (row.day, row.currency) == (date(2026, 6, 1), "EUR")
        assert (row.millilitres, row.unit_price, row.amount, row.product) == (None, None, 7200, None)
        full = tell(session, place, at=NOON - 9 * HOUR, millilitres=None, amount=None)
        assert (full.millilitres, full.amount) == (None, None)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"millilitres": 0}, "millilitres"),
        ({"millilitres": -1}, "millilitres"),
        ({"millilitres": 1_000_001}, "millilitres"),
        ({"amount": -1}, "amount"),
        ({"amount": 10_000_001}, "amount"),
        ({"unit_price": -1}, "unit_price"),
        ({"odometer_km": 10_000_000}, "odometer_km"),
        ({"at": NOON + timedelta(minutes=11)}, "at"),
        ({"at": datetime(1989, 12, 31, tzinfo=NOON.tzinfo)}, "at"),
        ({"source": "pos", "millilitres": -1}, "millilitres"),
        ({"source": "pos", "millilitres": 100_000_001}, "millilitres"),
    ],
)
def test_what_cannot_be_is_refused(
    database: Database, place: tuple[Station, Customer], wrong: dict[str, Any], field: str
) -> None:
    with database.write() as session:
        with pytest.raises(OutOfRange) as caught:
            tell(session, place, **wrong)
        assert caught.value.field == field
        assert session.scalar(select(Fillup.id)) is None


def test_a_till_may_refund_and_sell_for_nothing(database: Database, place: tuple[Station, Customer]) -> None:
    with database.write() as session:
        tell(session, place, source="pos", millilitres=-40_000, amount=-7200)
        tell(session, place, source="pos", millilitres=0, amount=0, at=NOON + timedelta(minutes=9))
        assert counted(session) == ["pos", "pos"]


@pytest.mark.parametrize(
    ("other", "one_tank"),
    [
        ({}, True),
        ({"at": NOON - 2 * HOUR}, True),
        ({"at": NOON - 2 * HOUR - timedelta(seconds=1)}, False),
        ({"millilitres": 40_800, "amount": None}, True),
        ({"millilitres": 40_801, "amount": None}, False),
        ({"millilitres": None, "amount": 7344}, True),
        ({"millilitres": None, "amount": 7345}, False),
        ({"millilitres": 20_000, "amount": 7200}, True),
        ({"millilitres": None, "amount": None}, False),
        ({"customer_id": None}, False),
        ({"source": "pos"}, False),
    ],
)
def test_near_in_time_and_alike_is_one_tank(
    database: Database, place: tuple[Station, Customer], other: dict[str, Any], one_tank: bool
) -> None:
    with database.write() as session:
        till = tell(session, place, source="pos")
        told = tell(session, place, **other)
        assert (told.same_as == till.id) is one_tank
        assert told.merged_at == (NOON if one_tank else None)
        assert till.same_as is None


def test_the_till_counts_before_the_attendant_and_he_before_the_driver(
    database: Database, place: tuple[Station, Customer]
) -> None:
    with database.write() as session:
        driver = tell(session, place)
        attendant = tell(session, place, source="attendant", at=NOON - HOUR)
        assert (driver.same_as, attendant.same_as) == (attendant.id, None)
        till = tell(session, place, source="pos", at=NOON - HOUR, now=NOON + HOUR)
        assert (driver.same_as, attendant.same_as) == (till.id, till.id)
        assert (driver.merged_at, attendant.merged_at) == (NOON, NOON + HOUR)
        assert counted(session) == ["pos"]


def test_another_station_is_another_tank(database: Database, place: tuple[Station, Customer]) -> None:
    with database.write() as session:
        other = Station(code="S2", name="Two", timezone="Europe/Berlin", currency="EUR")
        session.add(other)
        session.flush()
        tell(session, place, source="pos")
        assert tell(session, place, station=other).same_as is None


def test_a_void_row_frees_the_record_it_stood_for(
    database: Database, place: tuple[Station, Customer]
) -> None:
    with database.write() as session:
        till, told = tell(session, place, source="pos"), tell(session, place)
        fillups.void(session, till, "undo", NOON + HOUR)
        fillups.void(session, till, "not_me", NOON + 2 * HOUR)
        assert (told.same_as, told.merged_at) == (None, None)
        assert (till.voided_at, till.void_reason) == (NOON + HOUR, "undo")
        assert counted(session) == ["driver"]


def test_a_correction_voids_and_records_anew(database: Database, place: tuple[Station, Customer]) -> None:
    with database.write() as session:
        wrong = tell(session, place, product="95", payment="cash", recorded_by=7)
        right = fillups.correct(session, wrong, NOON + HOUR, changes={"millilitres": 35_000, "amount": None})
        assert (wrong.voided_at, wrong.void_reason, wrong.millilitres) == (NOON + HOUR, "correction", 40_000)
        assert (right.millilitres, right.amount, right.product, right.payment) == (35_000, None, "95", "cash")
        assert (right.at, right.recorded_at, right.recorded_by, right.source) == (
            NOON,
            NOON + HOUR,
            7,
            "driver",
        )


def test_an_own_unconfirmed_record_may_be_changed_for_seven_days(
    database: Database, place: tuple[Station, Customer]
) -> None:
    me = place[1].id
    with database.write() as session:
        mine, till = tell(session, place), tell(session, place, source="pos", at=NOON - 9 * HOUR)
        assert fillups.can_change(mine, me, NOON + timedelta(days=7))
        assert not fillups.can_change(mine, me, NOON + timedelta(days=7, seconds=1))
        assert not fillups.can_change(mine, me + 1, NOON)
        assert not fillups.can_change(till, me, NOON)
        fillups.void(session, mine, "undo", NOON)
        assert not fillups.can_change(mine, me, NOON)


def test_a_correction_gives_no_more_days_to_correct(
    database: Database, place: tuple[Station, Customer]
) -> None:
    days = timedelta(days=1)
    with database.write() as session:
        told = tell(session, place)
        once = fillups.correct(session, told, NOON + 6 * days, changes={"millilitres": 35_000})
        twice = fillups.correct(session, once, NOON + 7 * days, changes={"millilitres": 36_000})
        assert twice.recorded_at == NOON + 7 * days
        assert fillups.can_change(twice, place[1].id, NOON + 7 * days)
        assert not fillups.can_change(twice, place[1].id, NOON + 7 * days + timedelta(seconds=1))


def test_last_and_month_say_what_counts(database: Database, place: tuple[Station, Customer]) -> None:
    with database.write() as session:
        first = tell(session, place, at=datetime(2026, 5, 31, 22, tzinfo=NOON.tzinfo), amount=None)
        tell(session, place, source="pos")
        tell(session, place)
        fillups.void(session, tell(session, place, at=NOON - 9 * HOUR), "undo", NOON)
        last = fillups.last_of(session, place[1].id, 5)
        assert [row.source for row in last] == ["pos", "driver"]
        assert last[1].id == first.id
        june = fillups.month_totals(session, place[1].id, date(2026, 6, 1), date(2026, 6, 30))
        assert june == Totals(fillups=2, millilitres=80_000, amounts={"EUR": 7200})
        assert fillups.month_totals(session, place[1].id, date(2026, 5, 1), date(2026, 5, 31)) == Totals()


TOLD = st.tuples(
    st.sampled_from(["pos", "attendant", "driver"]),
    st.integers(0, 30),  # quarters of an hour
    st.sampled_from([39_000, 40_000, 40_500, 41_000]),
)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(TOLD, min_size=2, max_size=7, unique=True), st.randoms(use_true_random=False), st.data())
def test_the_order_of_arrival_decides_nothing(
    database: Database, place: tuple[Station, Customer], told: list[Any], chance: Any, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(told))
    outcomes = []
    for _ in range(2):
        with database.write() as session:
            session.execute(delete(Fillup))
            rows = {
                (source, quarter, millilitres): tell(
                    session,
                    place,
                    source=source,
                    at=NOON - quarter * HOUR / 4,
                    millilitres=millilitres,
                    amount=None,
                )
                for source, quarter, millilitres in told
            }
            fillups.void(session, rows[gone], "undo", NOON)
            names = {row.id: name for name, row in rows.items()}
            live = select(Fillup.id, Fillup.same_as).where(Fillup.voided_at.is_(None))
            outcomes.append({(names[one], names.get(other or 0)) for one, other in session.execute(live)})
            again = [*session.execute(live.order_by(Fillup.id))]
            fillups.relink_customers(session, [place[1].id], NOON)
            assert [*session.execute(live.order_by(Fillup.id))] == again
        chance.shuffle(told)
    assert outcomes[0] == outcomes[1]
    assert all(other is None or one[0] != other[0] for one, other in outcomes[0])
