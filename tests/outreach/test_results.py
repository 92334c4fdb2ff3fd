"""Intervals against published values, verdicts, and the log read into two arms."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm import coupons, erasure
from crm.customers import Customer, consent
from crm.db import Database
from outreach.followed import Followed, follow
from outreach.results import FEWEST, Arm, about, bootstrap, compare, newcombe, people_needed, wilson
from templates import render
from tests.conftest import NOON
from tests.outreach.people import DAY, customer, queued, visit

pytestmark = pytest.mark.slow

WINDOW = timedelta(days=30)


@pytest.mark.parametrize(
    ("counts", "difference", "low", "high"),
    [
        ((56, 70, 48, 80), 0.200, 0.0524, 0.3339),  # Newcombe (1998), table II, example (a)
        ((360, 1800, 30, 200), 0.050, -0.0088, 0.0969),
        ((9, 10, 3, 10), 0.6, 0.1705, 0.8090),  # example (b)
        ((10, 10, 0, 20), 1.0, 0.6791, 1.0),  # example (g)
    ],
)
def test_newcombe(counts: tuple[int, int, int, int], difference: float, low: float, high: float) -> None:
    found = newcombe(*counts)
    assert (found.difference, found.low, found.high) == pytest.approx((difference, low, high), abs=5e-5)


@given(st.integers(1, 500), st.integers(1, 500), st.data())
def test_newcombe_is_a_sane_interval(n: int, m: int, data: st.DataObject) -> None:
    x, y = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    found, mirrored = newcombe(x, n, y, m), newcombe(y, m, x, n)
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert found.low == pytest.approx(-mirrored.high, abs=1e-12)


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_share(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(successes, trials)


def arm(people: int, visited: int) -> Arm:
    return Arm(people, visited, visited, [40_000] * visited, [30_000] * visited)


@pytest.mark.parametrize(
    ("treated", "held", "code"),
    [
        ((1800, 540), (200, 30), "works"),
        ((1800, 100), (200, 30), "harms"),
        ((1800, 360), (200, 30), "too_early"),
        ((9000, 1800), (1000, 200), "no_effect"),
        ((90, 90), (10, 0), "too_early"),
        ((100, 20), (0, 0), "no_holdout"),
        ((0, 0), (0, 0), "no_holdout"),
    ],
)
def test_verdicts(treated: tuple[int, int], held: tuple[int, int], code: str) -> None:
    found = compare(arm(*treated), arm(*held))
    assert found.verdict.code == code
    assert (found.verdict.more is not None) == (code == "too_early")
    for locale in ("en", "zh"):
        facts = {**found.facts(), "window_days": 30}
        assert render("replies/verdict", locale, facts)


def test_so_many_people_do_see_a_lift_worth_having() -> None:
    """The power behind "about N more people": four of five campaigns of that size are told to work."""
    chance, number = np.random.default_rng(5), people_needed(0.2, 0.1)
    held = number // 10
    came = chance.binomial(number - held, 0.25, 2000), chance.binomial(held, 0.2, 2000)
    seen = [newcombe(int(t), number - held, int(c), held).low > 0 for t, c in zip(*came, strict=True)]
    assert np.mean(seen) == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize(("number", "said"), [(1, 1), (99, 99), (101, 110), (2551, 2600), (593, 600)])
def test_about(number: int, said: int) -> None:
    assert about(number) == said


def test_the_bootstrap_of_money_covers_what_is_true() -> None:
    chance = np.random.default_rng(11)
    covered = 0
    for _ in range(100):
        sums = [chance.lognormal(10, 0.5, chance.binomial(n, 0.4)).astype(int).tolist() for n in (900, 300)]
        covered += bootstrap(sums[0], 900, sums[1], 300, chance).covers(0)
    assert covered / 100 == pytest.approx(0.95, abs=0.05)


def test_the_bootstrap_says_the_same_twice() -> None:
    entries = list(range(1, 900))
    found = [bootstrap(entries, 1000, entries, 2000, np.random.default_rng(3)) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0].difference == pytest.approx(sum(entries) / 2000)
    assert bootstrap([], 5, [], 5, np.random.default_rng(3)).covers(0)


def followed(database: Database, **options: Any) -> Followed:
    given: dict[str, Any] = {"window": WINDOW, "currency": "CNY", "trust_self_reported": False}
    with database.read() as session:
        return follow(session, "win_back", now=NOON, **{**given, **options})


def test_the_log_is_read_into_two_arms(database: Database) -> None:
    begin = NOON - 40 * DAY
    with database.write() as session:
        for n in range(1, 7):
            held = n > 3
            facts = {"arm": "holdout" if held else "treated", "planned_at": begin}
            ends = {"state": "skipped", "reason": "holdout"} if held else {"state": "sent"}
            queued(session, customer(session, n), n, **facts, **ends)
        first, second, third, fourth, fifth, _sixth = session.query(Customer).order_by(Customer.id)
        visit(session, first, begin + DAY, receipt="7")
        visit(session, first, begin + DAY, receipt="7", product="wash", millilitres=None, amount=1_000)
        visit(session, first, begin + DAY + timedelta(minutes=8), millilitres=None, amount=500)
        visit(session, first, begin + 5 * DAY, currency="USD", receipt="7")  # tills begin again at 1
        visit(session, first, begin - DAY)  # before
        visit(session, second, begin + 31 * DAY)  # too late
        visit(session, third, begin + 2 * DAY, voided_at=NOON)
        visit(session, fourth, begin + 30 * DAY, confirmed=False, source="driver")
        visit(session, fifth, begin + DAY, amount=-5_000)  # a refund
        consent(session, second, "marketing", False, wording="1", how="stop", now=begin + DAY)
        coupons.give(
            session,
            customer_id=first.id,
            campaign="win_back",
            occurrence="a",
            value=1_500,
            currency="CNY",
            expires_at=NOON + DAY,
            again_after_days=30,
            now=begin,
        ).redeemed_at = begin + DAY  # type: ignore[union-attr]
    found = followed(database)
    treated, without = found.result.treated, found.result.held
    assert treated == Arm(3, 1, 2, [80_000], [33_500], 1)
    assert without == Arm(3, 1, 1, [0], [0], 0)
    assert followed(database, trust_self_reported=True).result.held.spend == [32_000]
    assert (found.coupons, found.redeemed, found.redeemed_value, found.waiting) == (1, 1, 1_500, 0)
    for locale in ("en", "zh"):
        assert "33" in render("replies/results", locale, found.facts())


def test_a_person_counts_once_from_the_first_time(database: Database) -> None:
    with database.write() as session:
        who, other = customer(session, 1), customer(session, 2)
        queued(session, who, 1, arm="treated", planned_at=NOON - 60 * DAY)
        queued(session, who, 2, arm="treated", planned_at=NOON - 40 * DAY)
        queued(
            session, other, 3, arm="holdout", planned_at=NOON - 10 * DAY, state="skipped", reason="holdout"
        )
        queued(session, customer(session, 3), 4, planned_at=NOON - 40 * DAY)  # in no arm
        visit(session, who, NOON - 20 * DAY)
    found = followed(database)
    assert (found.result.treated.people, found.result.treated.visited) == (1, 0)
    assert (found.result.held.people, found.waiting) == (0, 1)
    assert found.result.verdict.code == "no_holdout"


def test_who_was_joined_into_another_is_followed_as_the_other(database: Database) -> None:
    with database.write() as session:
        keep, gone = customer(session, 1), customer(session, 2)
        queued(session, gone, 1, arm="treated", planned_at=NOON - 40 * DAY)
        gone.merged_into = keep.id
        visit(session, keep, NOON - 20 * DAY)
    assert followed(database).result.treated.visited == 1


def test_whoever_was_erased_is_in_neither_arm(database: Database) -> None:
    with database.write() as session:
        for number in range(1, 5):
            who = customer(session, number)
            arm = {"arm": "treated"} if number < 3 else {"arm": "holdout", "state": "skipped"}
            queued(session, who, number, planned_at=NOON - 40 * DAY, **arm)
            visit(session, who, NOON - 20 * DAY)
        for gone in (1, 3):
            erasure.erase(session, session.get_one(Customer, gone), by=0, now=NOON)
    found = followed(database).result
    assert [(each.people, each.visited) for each in (found.treated, found.held)] == [(1, 1), (1, 1)]


SAYS = {"works": "✅", "harms": "⚠️", "no_effect": "➖", "too_early": "⏳", "no_holdout": ""}


@given(st.integers(0, 20_000), st.integers(0, 3_000), st.floats(0, 1), st.floats(0, 1))
def test_each_result_has_one_sentence_that_its_numbers_bear_out(n: int, m: int, p: float, q: float) -> None:
    """Whatever the arms: the verdict, its interval and both sentences agree, and nothing is left open."""
    treated, held = Arm(n, round(n * p)), Arm(m, round(m * q))
    found = compare(treated, held)
    code, more, lift = found.verdict.code, found.verdict.more, found.lift
    assert (code == "no_holdout") == (not n or not m)
    assert (code == "works") <= (lift is not None and lift.low > 0)
    assert (code == "harms") <= (lift is not None and lift.high < 0)
    assert (code == "no_effect") <= (lift is not None and lift.covers(0))
    assert (code == "too_early") == (more is not None and more > 0)
    if 0 < min(n, m) < FEWEST:
        assert code == "too_early"  # a holdout too small to say anything says so
    for locale in ("zh", "en"):
        said = render("replies/verdict", locale, found.facts() | {"window_days": 30})
        assert SAYS[code] in said
        assert sum(sign in said for sign in filter(None, SAYS.values())) == (code != "no_holdout")
        assert not {"None", "nan", "-"} & {word.strip(",.:：，。") for word in said.split()}
        if more is not None:
            assert f"{more:,}" in said
