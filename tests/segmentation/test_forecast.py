"""What the monthly refit leaves of each customer: visits and money of 90 days, as plain pandas has them."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from sqlalchemy import delete, select

from crm import forecasts
from crm.customers import Customer
from crm.db import Database
from crm.erasure import erase
from crm.fillups import Fillup
from crm.forecasts import Forecast
from crm.identity import join
from segmentation import gamma_gamma, lifetime
from segmentation.classes import day_number
from segmentation.lifetime_table import summary
from segmentation.refitting import refit
from tests.segmentation.logs import NOW, TODAY, Line, ago, fill
from tests.segmentation.test_refit import APRIL, MAY, shoppers

SHOWN = ["visits", "value"]


def drivers(count: int) -> list[Line]:
    """Shoppers who each spend about what they are used to."""
    dice, lines = random.Random(5), []
    usual: dict[int, float] = {}
    for line in shoppers(count):
        mean = usual.setdefault(line.customer, dice.gammavariate(4, 8_000))
        lines.append(replace(line, amount=round(mean * dice.uniform(0.5, 1.5)) + 1))
    return lines


def kept(database: Database) -> pd.DataFrame:
    with database.read() as session:
        rows = [
            (row.customer_id, row.month, row.visits, row.value, row.currency)
            for row in session.scalars(select(Forecast).order_by(Forecast.customer_id))
        ]
    names = ["customer", "month", *SHOWN, "currency"]
    return pd.DataFrame(rows, columns=names).set_index("customer").astype({"value": float})


def expected(database: Database, month: date, *, trust: bool = False) -> pd.DataFrame:
    """The same by way of lifetime_table.summary, from every row of the log."""
    with database.read() as session:
        into = {one.id: one.merged_into or one.id for one in session.scalars(select(Customer))}
        told = [
            (into[into[row.customer_id or 0]], day_number(row.day), row.amount, row.currency, row.confirmed)
            for row in session.scalars(select(Fillup).where(Fillup.customer_id.is_not(None)))
            if row.voided_at is None and row.same_as is None
        ]
    log = pd.DataFrame(told, columns=["customer", "day", "value", "currency", "confirmed"])
    paid = log[log["value"].notna() & (log["confirmed"] | trust) & (log["day"] <= day_number(month))]
    rows = summary(log[["customer", "day"]], day_number(month))
    money = summary(paid[paid["currency"] == "CNY"].astype({"value": int}), day_number(month))
    visits = lifetime.apply(rows, lifetime.fit(rows))["expected_visits_90d"]
    own, fitted = money.reindex(rows.index), gamma_gamma.fit(money)
    assert fitted.parameters is not None
    each = gamma_gamma.expected_mean(own["repeat_visits"].fillna(0), own["mean_value"], fitted.parameters)
    value = (visits * each).where(rows.index.isin(money.index) | ~rows.index.isin(paid["customer"]))
    return pd.DataFrame({"visits": visits, "value": value})


def test_everyone_is_expected_as_the_log_says(database: Database) -> None:
    """Two rows of a day, a driver's own word, other money, nothing paid, one visit, people merged."""
    lines = drivers(300)
    lines += [replace(line, at=line.at + timedelta(hours=1), amount=700) for line in lines[::6]]
    lines += [replace(line, at=line.at + timedelta(days=1), confirmed=False) for line in lines[::9]]
    lines += [Line(900, ago(day), 5_000, currency="EUR") for day in (200, 100, 40)]
    lines += [Line(901, ago(day), None) for day in (90, 60)] + [Line(902, ago(50)), Line(903, ago(2))]
    fill(database, lines)
    with database.write() as session:
        one, two, three = (session.get_one(Customer, number) for number in (20, 21, 22))
        join(session, two, one, NOW)
        join(session, three, two, NOW)
        session.get_one(Fillup, 3).customer_id = 20  # a row that came late for the one who is gone
    for trust in (False, True):
        assert refit(database, as_of=TODAY, now=NOW, trust=trust, again=True).weak is None
        found, right = kept(database), expected(database, MAY, trust=trust)
        assert list(found.index) == list(right.index)
        pd.testing.assert_frame_equal(found[SHOWN], right, atol=0.51, rtol=1e-5, check_names=False)
        pd.testing.assert_series_equal(found["visits"], right["visits"], atol=6e-5, rtol=0)
        assert set(found["month"]) == {MAY}
        assert set(found["currency"]) == {"CNY"}
    empty = found[found["value"].isna()]
    assert len(empty) == 1  # who pays in euros


def test_the_latest_month_alone_is_kept(database: Database) -> None:
    fill(database, drivers(300))
    refit(database, as_of=APRIL, now=NOW)
    before = kept(database)
    refit(database, as_of=TODAY, now=NOW)
    after = kept(database)
    assert set(before["month"]) == {APRIL}
    assert set(after["month"]) == {MAY}
    assert not before[SHOWN].equals(after[SHOWN])
    refit(database, as_of=APRIL, now=NOW, again=True)  # somebody looks back: nothing of today changes
    assert kept(database).equals(after)


def test_a_weak_fit_leaves_nothing(database: Database) -> None:
    fill(database, drivers(300))
    refit(database, as_of=APRIL, now=NOW)
    assert len(kept(database)) > 0
    with database.write() as session:
        session.execute(delete(Fillup).where(Fillup.customer_id > 50))
    assert refit(database, as_of=TODAY, now=NOW).weak == "few_repeaters"
    assert kept(database).empty


def test_without_money_there_are_visits_alone(database: Database) -> None:
    fill(database, [replace(line, amount=None) for line in shoppers(300)])
    assert refit(database, as_of=TODAY, now=NOW).weak is None
    found = kept(database)
    assert (found["visits"] >= 0).all()
    assert found["value"].isna().all()
    with database.read() as session:
        assert forecasts.in_force(session, TODAY) == forecasts.Standing(MAY, "")


@pytest.mark.parametrize(
    ("day", "good"),
    [(MAY, True), (TODAY, True), (date(2026, 7, 15), True), (date(2026, 7, 16), False), (APRIL, False)],
)
def test_they_hold_until_the_next_fit_is_late(database: Database, day: date, good: bool) -> None:
    fill(database, drivers(300))
    refit(database, as_of=MAY, now=NOW)
    with database.read() as session:
        standing, mine = forecasts.in_force(session, day), forecasts.of(session, 1, day)
    assert (standing == forecasts.Standing(MAY, "CNY")) is good
    assert (mine is not None) is good


def test_two_who_become_one_are_expected_together(database: Database) -> None:
    fill(database, [*drivers(300), Line(900, ago(3))])
    refit(database, as_of=MAY, now=NOW)
    before = kept(database)
    with database.write() as session:
        one, two, new = (session.get_one(Customer, number) for number in (1, 2, 301))
        join(session, two, one, NOW)
        join(session, new, session.get_one(Customer, 3), NOW)
    after = kept(database)
    both, moved = before.loc[[1, 2], SHOWN].sum(), before.loc[3, SHOWN]
    assert list(after.loc[2, SHOWN]) == list(both)
    assert list(after.loc[301, SHOWN]) == list(moved)
    assert not {1, 3} & set(after.index)


def test_of_the_erased_nothing_is_expected(database: Database) -> None:
    fill(database, drivers(300))
    refit(database, as_of=MAY, now=NOW)
    with database.write() as session:
        erase(session, session.get_one(Customer, 5), by=0, now=NOW)
    assert 5 not in kept(database).index
    refit(database, as_of=MAY, now=NOW, again=True)
    assert 5 not in kept(database).index
