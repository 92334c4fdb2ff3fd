"""The nightly run: a follow-up for each VIP at risk, one per absence, for whoever manages their station."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm import tasks
from crm.customers import Customer
from crm.db import Database
from crm.segments import CustomerSegment
from crm.staff import Staff, StaffStation
from crm.stations import Station
from crm.tasks import AT_RISK, Task
from tests.conftest import NOON

TODAY = date(2026, 6, 15)


def chain(session: Session, *stations: str) -> list[Station]:
    places = [Station(code=code, name=code, timezone="Asia/Shanghai", currency="CNY") for code in stations]
    session.add_all(places)
    session.flush()
    return places


def vip(session: Session, home: Station | None, spend: int = 100, *, away: int = 30) -> int:
    customer = Customer(name="Gold", known_at=NOON, home_station_id=home.id if home else None)
    session.add(customer)
    session.flush()
    session.add(
        CustomerSegment(
            customer_id=customer.id, as_of=TODAY, lifecycle="lapsing", segment=AT_RISK, monetary=spend,
            last_visit=TODAY - timedelta(days=away),
        )
    )  # fmt: skip
    session.flush()
    return customer.id


def manager(session: Session, telegram_id: int, *places: Station, role: str = "manager") -> int:
    staff = Staff(telegram_id=telegram_id, name=str(telegram_id), role=role, added_at=NOON)
    session.add(staff)
    session.flush()
    session.add_all(StaffStation(staff_id=staff.id, station_id=place.id) for place in places)
    session.flush()
    return staff.id


def run(session: Session, days: int = 0) -> int:
    return tasks.for_vips(session, today=TODAY + timedelta(days=days), now=NOON + timedelta(days=days))


def test_the_one_manager_of_the_home_station_is_to_call(database: Database) -> None:
    with database.write() as session:
        north, south = chain(session, "N", "S")
        ming = manager(session, 1, north)
        manager(session, 2, south)
        manager(session, 3, south)
        manager(session, 4, north, role="attendant")
        wanted = {vip(session, north): ming, vip(session, south): None, vip(session, None): None}
        assert run(session) == 3
        made = session.scalars(select(Task)).all()
        assert {task.customer_id: task.staff_id for task in made} == wanted
        assert {(task.reason, task.due, task.made_by) for task in made} == {
            (AT_RISK, TODAY + timedelta(days=2), None)
        }


def test_one_per_absence_however_often_it_runs_and_whatever_came_of_it(database: Database) -> None:
    with database.write() as session:
        (north,) = chain(session, "N")
        ming = manager(session, 1, north)
        gold = vip(session, north)
        assert [run(session), run(session), run(session, 1)] == [1, 0, 0]
        (task,) = session.scalars(select(Task)).all()
        tasks.close(session, task, "not_reached", staff_id=ming, now=NOON + timedelta(days=2))
        assert run(session, 3) == 0
        kept = session.get_one(CustomerSegment, gold)
        kept.last_visit = TODAY + timedelta(days=4)  # came, and stays away again
        session.flush()
        assert run(session, 60) == 1


def test_who_came_by_themselves_need_not_be_called(database: Database) -> None:
    with database.write() as session:
        (north,) = chain(session, "N")
        gold, late = vip(session, north), vip(session, north)
        run(session)
        kept = session.get_one(CustomerSegment, gold)
        kept.segment, kept.last_visit = "vip", TODAY + timedelta(days=1)
        session.get_one(CustomerSegment, late).segment = "dormant"  # not back: still to be called
        session.flush()
        assert run(session, 2) == 0
        outcomes = {task.customer_id: task.outcome for task in session.scalars(select(Task))}
        assert outcomes == {gold: tasks.CAME, late: None}


def test_a_station_is_given_no_more_than_it_can_call_the_biggest_first(database: Database) -> None:
    with database.write() as session:
        north, south = chain(session, "N", "S")
        many = [vip(session, north, spend) for spend in range(tasks.AT_ONCE + 5)]
        vip(session, south)
        assert run(session) == tasks.AT_ONCE + 1
        given = set(session.scalars(select(Task.customer_id).where(Task.station_id == north.id)))
        assert given == set(many[5:])
        assert run(session, 1) == 0
        first = session.scalars(select(Task).where(Task.station_id == north.id).limit(1)).one()
        tasks.close(session, first, "reached", staff_id=manager(session, 1, north), now=NOON)
        assert run(session, 1) == 1


def test_who_was_joined_into_another_is_not_called(database: Database) -> None:
    with database.write() as session:
        (north,) = chain(session, "N")
        keep, gone = vip(session, north), vip(session, north)
        session.get_one(Customer, gone).merged_into = keep
        session.flush()
        assert run(session) == 1
