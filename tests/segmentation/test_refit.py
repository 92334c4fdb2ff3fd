"""The monthly refit: what is summed in the database, which fit is in force, and what it says of people."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from crm import lifetime_fits
from crm.customers import Customer
from crm.db import Database
from crm.fillups import Fillup, void
from crm.identity import join
from segmentation import lifetime
from segmentation.alive import p_alive, table
from segmentation.calibration_chart import picture
from segmentation.classes import day_number
from segmentation.criteria import load
from segmentation.features import History, features
from segmentation.lifetime_sums import statistics
from segmentation.lifetime_table import summary
from segmentation.looking import look
from segmentation.refit import last_month_end, report
from segmentation.refitting import in_force, refit
from segmentation.visits import visits
from tests.segmentation.logs import NOW, TODAY, Line, ago, fill, frame, people

MAY, APRIL = date(2026, 5, 31), date(2026, 4, 30)
COLUMNS = ["repeat_visits", "recency_weeks", "age_weeks"]


def shoppers(count: int, seed: int = 3) -> list[Line]:
    """People as BG/NBD has them: each at random at a rate of their own, some leaving after a visit."""
    dice = random.Random(seed)
    lines = []
    for customer in range(1, count + 1):
        rate, leave = dice.gammavariate(1.5, 0.06), dice.betavariate(0.8, 5.0)
        day = float(dice.randrange(200, 500))
        while day >= 0:
            lines.append(Line(customer, ago(day)))
            if dice.random() < leave:
                break
            day -= dice.expovariate(rate)
    return lines


def history(lines: list[Line]) -> History:
    return History(visits(frame(lines), people({line.customer for line in lines}).index.to_numpy(), load()))


def known(lines: list[Line], day: date) -> pd.DataFrame:
    past = history(lines)
    found = features(past, day_number(day), 365)
    return found


@pytest.mark.parametrize(
    ("day", "month"),
    [
        (date(2026, 5, 31), date(2026, 5, 31)),
        (date(2026, 6, 1), date(2026, 5, 31)),
        (date(2026, 6, 29), date(2026, 5, 31)),
        (date(2024, 2, 28), date(2024, 1, 31)),
        (date(2024, 2, 29), date(2024, 2, 29)),
    ],
)
def test_the_month_end_that_holds(day: date, month: date) -> None:
    assert last_month_end(day) == month


@pytest.mark.parametrize("day", [TODAY, MAY, date(2025, 8, 31)])
def test_the_frame_gives_what_the_log_gives(day: date) -> None:
    """Two visits on a day are one; who came on one day only has no recency."""
    lines = shoppers(150)
    lines += [Line(line.customer, line.at + timedelta(hours=2)) for line in lines[::5]]
    found = table(known(lines, day), day_number(day))
    log = pd.DataFrame({"customer": [n.customer for n in lines], "day": [day_number(n.day) for n in lines]})
    expected = summary(log, day_number(day))
    pd.testing.assert_frame_equal(found[COLUMNS], expected[COLUMNS])


def test_what_the_fit_says_of_the_frame() -> None:
    lines, day = shoppers(400), day_number(TODAY)
    whole = known([*lines, Line(900, ago(1))], TODAY)
    whole.loc[901] = whole.loc[900].where(~whole.columns.isin(["first_day", "last_day"]), -1)
    fitted = lifetime.fit(table(known(lines, TODAY), day))
    assert fitted.weak is None
    said = p_alive(whole, day, fitted)
    assert said.index.equals(whole.index)
    assert np.isnan(said[900])  # one visit
    assert np.isnan(said[901])  # none
    rows = table(whole, day)
    expected = lifetime.apply(rows, fitted)["p_alive"]
    pd.testing.assert_series_equal(said[rows.index], expected, check_names=False)
    assert said.dropna().between(0, 1).all()


@pytest.mark.parametrize("fitted", [None, lifetime.fit(table(known(shoppers(5), TODAY), day_number(TODAY)))])
def test_a_weak_or_missing_fit_says_nothing(fitted: lifetime.Fit | None) -> None:
    assert p_alive(known(shoppers(20), TODAY), day_number(TODAY), fitted).isna().all()


def test_longer_away_is_less_alive() -> None:
    lines = shoppers(400)
    fitted = lifetime.fit(table(known(lines, MAY), day_number(MAY)))
    said = [
        p_alive(known(lines, MAY), day_number(MAY) + days, fitted).dropna().mean() for days in (0, 30, 200)
    ]
    assert all(one > other for one, other in pairwise(said))


def test_sums_of_the_database_are_those_of_the_log(database: Database) -> None:
    lines = shoppers(60)
    lines += [Line(line.customer, line.at + timedelta(minutes=1)) for line in lines[::7]]
    fill(database, lines)
    _disturb(database)
    with database.read() as session:
        found = statistics(session, MAY)
    log = look(database, MAY, trust=False)
    past, _ = log.history(load())
    expected = features(past, day_number(MAY), 365)
    expected = expected.loc[expected["visits"] > 0, list(found.columns)]
    pd.testing.assert_frame_equal(found, expected, check_names=False)


def _disturb(database: Database) -> None:
    """A void row, and two customers merged into a third one, one after the other."""
    with database.write() as session:
        row = session.get_one(Fillup, 1)
        void(session, row, "by mistake", NOW)
        one, two, three = (session.get_one(Customer, number) for number in (10, 11, 12))
        join(session, two, one, NOW)
        join(session, three, two, NOW)


def test_a_fit_is_made_once_a_month(database: Database) -> None:
    lines = shoppers(300)
    fill(database, lines)
    first = refit(database, as_of=TODAY, now=NOW)
    with database.write() as session:
        session.delete(session.get_one(Fillup, 1))
    assert refit(database, as_of=TODAY + timedelta(days=5), now=NOW) == first
    with database.read() as session:
        kept = lifetime_fits.of(session, MAY)
        assert kept is not None
        assert (kept.weak, kept.made_at) == (first.weak, NOW)
    again = refit(database, as_of=TODAY, now=NOW + timedelta(days=1), again=True)
    assert again != first
    with database.read() as session:
        assert in_force(session, TODAY) == again


def test_the_latest_fit_by_that_day_is_in_force(database: Database) -> None:
    fill(database, shoppers(300))
    april, may = (refit(database, as_of=day, now=NOW) for day in (APRIL, MAY))
    assert april != may
    with database.read() as session:
        assert in_force(session, APRIL - timedelta(days=1)) is None
        assert in_force(session, APRIL) == in_force(session, MAY - timedelta(days=1)) == april
        assert in_force(session, MAY) == in_force(session, TODAY) == may


@pytest.mark.parametrize("count", [0, 3])
def test_too_few_is_kept_as_weak(database: Database, count: int) -> None:
    fill(database, [*shoppers(count), Line(99, datetime(2026, 6, 10, tzinfo=UTC))])
    found = refit(database, as_of=TODAY, now=NOW)
    assert found.weak == "few_repeaters"
    with database.read() as session:
        assert in_force(session, TODAY) == found


def test_report() -> None:
    lines = shoppers(600)
    past = history(lines)
    told = report(past, MAY, lifetime.fit(table(known(lines, MAY), day_number(MAY)))).facts()
    assert (told["month"], told["weak"], told["currency"]) == ("2026-05-31", None, "CNY")
    assert told["value"]["customers"] > 100
    assert len(told["calibration"]["rows"]) == 10
    for locale in ("zh", "en"):
        assert picture(told["calibration"], locale).startswith(b"\x89PNG")


def test_report_on_next_to_nothing() -> None:
    lines = [Line(1, ago(20)), Line(2, ago(30))]
    told = report(history(lines), MAY, lifetime.fit(table(known(lines, MAY), day_number(MAY)))).facts()
    assert (told["calibration"], told["weak"]) == (None, "few_repeaters")
    free = report(history([Line(1, ago(20), 0)]), MAY, lifetime.fit(table(known([], MAY), day_number(MAY))))
    assert free.facts()["visits"]["customers"] == 0
