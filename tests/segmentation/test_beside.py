"""Prices, coupons, accounts and vehicles from the database, and what a run keeps of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from crm import erasure, rollup
from crm.accounts import Account, AccountSegment
from crm.coupons import Coupon
from crm.customers import Customer, Vehicle
from crm.db import Database
from crm.prices import Price
from crm.segments import CustomerSegment
from crm.stations import Station
from segmentation.refresh import Run, refresh
from tests.segmentation.logs import NOW, TODAY, Line, ago, fill, regulars, why_of

pytestmark = pytest.mark.slow

FLEET = [Line(key, ago(days), 90_000) for key in (1, 2) for days in range(1, 360, 4)]
ALONE = [Line(key, ago(7 * n), station=2) for key in (3, 4) for n in range(52)]


def town(database: Database) -> dict[str, int]:
    """Two drivers of one account in a group, one with a truck, one who uses coupons; member -> id."""
    fill(database, [*regulars(40), *FLEET, *ALONE])
    with database.write() as session:
        ids = dict(session.execute(select(Customer.member, Customer.id)).all())
        group = Account(code="G", name="Group", currency="CNY", known_at=NOW)
        session.add(group)
        session.flush()
        branch = Account(code="B", currency="CNY", parent_id=group.id, known_at=NOW, credit_limit=1000)
        branch.balance, branch.days_overdue, branch.industry = 850, 0, "food"
        session.add(branch)
        session.flush()
        drivers = [ids["M00001"], ids["M00002"]]
        session.execute(update(Customer).where(Customer.id.in_(drivers)).values(account_id=branch.id))
        session.add(Vehicle(customer_id=ids["M00003"], plate="A1", kind="truck"))
        session.execute(update(Station).where(Station.code == "S2").values(city="Wuxi", region="Jiangsu"))
        for number in range(10):
            session.add(_coupon(number, ids["M00004"], session.scalar(select(Station.id)) or 0))
    return {str(member): number for member, number in ids.items()}


def _coupon(number: int, customer: int, station: int) -> Coupon:
    return Coupon(
        code=f"C{number}",
        customer_id=customer,
        campaign="back",
        occurrence=str(number),
        value=1000,
        currency="CNY",
        issued_at=ago(200),
        expires_at=ago(0),
        redeemed_at=ago(7 * number),
        redeemed_station_id=station,
    )


def run(database: Database, **options: Any) -> Run:
    return refresh(database, as_of=TODAY, now=NOW, **options)


def current(database: Database) -> dict[int, CustomerSegment]:
    with database.read() as session:
        found = {row.customer_id: row for row in session.scalars(select(CustomerSegment))}
        session.expunge_all()
    return found


def reasons(database: Database) -> dict[int, dict[str, Any]]:
    with database.read() as session:
        return {row.customer_id: why_of(session, row) for row in session.scalars(select(CustomerSegment))}


def test_every_dimension_is_kept_in_a_column_of_its_own(database: Database) -> None:
    ids = town(database)
    run(database)
    rows = current(database)
    driver, truck, saver = (rows[ids[name]] for name in ("M00001", "M00003", "M00004"))
    assert (driver.credit_risk, driver.persona, driver.persona_inferred) == ("medium", "fleet", False)
    assert (truck.persona, truck.persona_inferred, truck.city, truck.region) == (
        *("heavy", False),
        *("Wuxi", "Jiangsu"),
    )
    assert (saver.price_sensitivity, truck.price_sensitivity) == ("high", "low")
    assert (saver.product, saver.loyalty, saver.declining) == ("95", "high", False)
    assert saver.due_on == TODAY + timedelta(days=7)
    assert reasons(database)[ids["M00001"]]["credit"]["account"] == "B"


def test_who_is_forgotten_takes_their_coupons_out_of_what_is_usual(database: Database) -> None:
    ids = town(database)
    with database.write() as session:
        session.add(_coupon(10, ids["M00003"], session.scalar(select(Station.id)) or 0))
    run(database)
    with database.write() as session:
        erasure.erase(session, session.get_one(Customer, ids["M00003"]), by=0, now=NOW)
    run(database)
    assert ids["M00003"] not in current(database)
    why = reasons(database)[ids["M00004"]]["price"]
    assert (why["coupon_visits"], why["level"]) == (10, "high")


def test_an_account_has_the_classes_of_its_drivers_together(database: Database) -> None:
    town(database)
    run(database)
    with database.read() as session:
        found = dict(
            session.execute(
                select(Account.code, AccountSegment).join(Account, Account.id == AccountSegment.account_id)
            ).all()
        )
        session.expunge_all()
    branch, group = found["B"], found["G"]
    assert (branch.drivers, branch.frequency, branch.monetary) == (2, 180, 180 * 90_000)
    assert (branch.lifecycle, branch.credit_risk) == ("active", "medium")
    assert (group.drivers, group.lifecycle, group.credit_risk, group.tier) == (
        *(0, "prospect", "none"),
        "standard",
    )
    assert branch.tier == branch.group_tier == group.group_tier
    assert branch.why["account"]["industry"] == "food"
    assert branch.why["value"]["number"] == branch.monetary


def test_a_price_file_changes_who_is_sensitive(database: Database) -> None:
    ids = town(database)
    run(database)
    assert reasons(database)[ids["M00003"]]["price"]["judged"] == 0
    with database.write() as session:
        station = session.scalar(select(Station.id).where(Station.code == "S2"))
        for week in range(104):  # down on each day on which M00003 comes, up again before the next
            for days, price in ((7 * week, 7000), (7 * week + 3, 7500)):
                when = TODAY - timedelta(days=days)
                session.add(Price(station_id=station, product="95", day=when, price=price, known_at=NOW))
        rollup.changed_customers(session, ids.values())
    why = run(database).outcome.frame.loc[ids["M00003"]]
    assert (why["price_sensitivity"], why["hits"], why["drop_lines"]) == ("high", 52, 52)
    before = run(database, known_at=NOW - timedelta(days=1)).outcome.frame
    assert len(before) == 0


def test_a_second_run_writes_no_account_anew(database: Database) -> None:
    town(database)
    first, second = run(database), run(database)
    assert (first.changed, second.changed) == (44, 0)
    with database.write() as session:
        session.execute(update(Customer).values(account_id=None))
        for account in session.scalars(select(Account).order_by(Account.id.desc())):
            session.execute(delete(AccountSegment))
            session.delete(account)
            session.flush()
    run(database)
    with database.read() as session:
        assert session.scalars(select(AccountSegment)).all() == []
