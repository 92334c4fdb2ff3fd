"""The walk forward: counts equal to counting by hand, and the words to those of the segmentation."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from segmentation import lifetime
from segmentation.alive import table
from segmentation.backtest import AWAY_DAYS, BACK_DAYS, LOYAL_VISITS, Walk, walk
from segmentation.backtest_chart import picture
from segmentation.backtest_curves import GRID, LINES, Rule, facts, rule
from segmentation.classes import day_number
from segmentation.criteria import Criteria, load
from segmentation.dimensions import Beside
from segmentation.features import History
from segmentation.segments import segment
from segmentation.visits import visits
from tests.segmentation.logs import TODAY, Line, ago, frame, people

pytestmark = pytest.mark.slow

PNG = b"\x89PNG\r\n\x1a\n"
ONE = np.array([1.0])


def random_log(count: int, seed: int = 5, days: int = 700) -> list[Line]:
    """Drivers of all kinds: regular, wild, seasonal, and those who leave."""
    dice = random.Random(seed)
    lines = []
    for customer in range(1, count + 1):
        gap, spread = dice.choice((3, 7, 14, 30, 50)), dice.uniform(0.1, 0.9)
        when = dice.uniform(0, days / 2)
        leaves = dice.uniform(when, days) if dice.random() < 0.4 else days
        while when < leaves:
            lines.append(Line(customer, ago(days - when)))
            when += gap * dice.lognormvariate(0, spread)
    return lines


def walked(lines: list[Line], criteria: Criteria | None = None) -> tuple[History, Walk]:
    keys = sorted({line.customer for line in lines})
    index = people(keys).index.to_numpy()
    history = History(visits(frame(lines), index, load()))
    return history, walk(history, np.full(len(keys), "unknown", dtype=object), criteria or load())


def by_hand(lines: list[Line], criteria: Criteria, months: list[date]) -> dict[str, int]:
    """False alarms and misses of the stages that the segmentation itself gives at each month end."""
    end = max(line.day for line in lines)
    days_of: dict[int, list[date]] = {}
    for line in lines:
        days_of.setdefault(line.customer, []).append(line.day)
    found = {"false_alarms": 0, "misses": 0, "away": 0, "back": 0, "early": 0}
    for day in months:
        frame = as_the_product_says([line for line in lines if line.day <= day], day, criteria)
        silent = (frame["lifecycle"] == "churned") & (frame["since_days"] <= frame["dormant_days"])
        found["early"] += int(silent.sum())
        for customer, stage in frame["lifecycle"].items():
            later = [later for later in days_of[int(str(customer))] if later > day]
            _count(found, stage, later, day, end)
    return found


def as_the_product_says(lines: list[Line], day: date, criteria: Criteria) -> pd.DataFrame:
    """Segmented as of that day with the fit of that day, of what was known by then."""
    known = people({line.customer for line in lines})
    rows = frame(lines)
    plain = segment(rows, known, day, criteria).frame
    fitted = lifetime.fit(table(plain, day_number(day)))
    return segment(rows, known, day, criteria, around=replace(Beside(), fit=fitted)).frame


def _count(found: dict[str, int], stage: str, later: list[date], day: date, end: date) -> None:
    away = (min(later) - day).days if later else 10_000
    if day + timedelta(days=BACK_DAYS) <= end and away <= BACK_DAYS:
        found["back"] += 1
        found["false_alarms"] += stage in ("dormant", "churned")
    if day + timedelta(days=AWAY_DAYS) <= end and away > AWAY_DAYS:
        found["away"] += 1
        found["misses"] += stage not in ("lapsing", "dormant", "churned")


@pytest.mark.parametrize(("count", "p_alive"), [(20, 0.1), (160, 0.1), (160, 0.9)])
def test_counts_are_those_of_the_segmentation_itself(count: int, p_alive: float) -> None:
    """Without classes, so that the plain cut-offs of the day change nothing; P(alive) where enough came."""
    given = load().model_dump()
    given["rfm"] |= {"minimum_population": 1000}
    given["lifecycle"] |= {"churned_p_alive": p_alive}
    criteria = Criteria.model_validate(given)
    lines = random_log(count)
    _, found = walked(lines, criteria)
    told = facts(found, "random")
    stands = told["lines"]["two"]["rules"]["ours"]["as_it_stands"]
    expected = by_hand(lines, criteria, found.months)
    assert (found.weak is None) == (count == 160)
    assert len(found.months) >= 7
    assert expected["misses"] > 0
    assert (expected["early"] > 0) == (count == 160)  # churned by P(alive) before they were even dormant
    assert {name: stands[name] for name in ("false_alarms", "misses")} == {
        name: expected[name] for name in ("false_alarms", "misses")
    }
    assert (told["back_soon"], told["away_long"]) == (expected["back"], expected["away"])


def test_without_p_alive_ours_is_the_rhythm() -> None:
    given = load().model_dump()
    given["lifecycle"] |= {"churned_p_alive": 0.0}
    _, found = walked(random_log(120), Criteria.model_validate(given))
    assert found.weak is None
    for lines in LINES:
        ours, rhythm = (facts(found, "x")["lines"][lines]["rules"][name] for name in ("ours", "rhythm"))
        assert ours == rhythm


def test_the_fixed_rule_is_60_and_120_days() -> None:
    """Away for 61 days at a month end, then back: lapsing by one line, not yet dormant by two."""
    month_end = date(2026, 3, 31)
    lines = [Line(1, _at(month_end, days)) for days in (-100, -61, 5)] + [Line(2, ago(0)), Line(2, ago(400))]
    _, found = walked(lines)
    one, two = (rule(found, "fixed", each) for each in ("lapsing", "dormant"))
    assert (int(one.false_alarms(ONE)[0]), int(two.false_alarms(ONE)[0])) == (1, 0)
    lines = [Line(1, _at(month_end, days)) for days in (-100, -60, 5)] + [Line(2, ago(0)), Line(2, ago(400))]
    assert int(rule(walked(lines)[1], "fixed", "lapsing").false_alarms(ONE)[0]) == 0


def _at(day: date, days: int) -> datetime:
    return ago((TODAY - day).days - days)


def test_as_people_use_them_ours_has_two_words_and_the_others_one_line() -> None:
    _, found = walked(random_log(120))
    told = facts(found, "x")["lines"]
    for name, as_in in (("ours", "two"), ("rhythm", "two"), ("fixed", "lapsing"), ("p_alive", "lapsing")):
        assert told["words"]["rules"][name] == told[as_in]["rules"][name]
    assert told["words"]["rules"]["fixed"] != told["two"]["rules"]["fixed"]


def test_what_is_not_over_is_not_judged() -> None:
    """Nobody is called gone for 180 days before 180 days have passed."""
    lines = [Line(1, ago(days)) for days in range(300, 100, -10)] + [
        Line(2, ago(days)) for days in range(300, -1, -10)
    ]
    history, found = walked(lines)
    assert found.end == TODAY
    assert len(found.gone) == len(found.back) == len(found.checked[0])
    assert not (found.gone & found.checked[1]).any()
    assert facts(found, "short")["away_long"] == 0
    assert history.count == 2


def test_more_patience_means_fewer_alarms_and_more_misses() -> None:
    _, found = walked(random_log(120))
    assert found.weak is None
    for each in found.stretch:
        curve = facts(found, "random")["lines"]["two"]["rules"][each]["curve"]
        alarms, misses = [row["false_alarms"] for row in curve], [row["misses"] for row in curve]
        if each == "p_alive":  # a higher threshold calls sooner
            alarms, misses = alarms[::-1], misses[::-1]
        assert alarms == sorted(alarms, reverse=True)
        assert misses == sorted(misses)
        assert [row["multiplier"] for row in curve] == sorted(row["multiplier"] for row in curve)
        assert len(curve) == len(GRID)


def test_episodes_are_counted_gap_by_gap() -> None:
    """A weekly driver who once stays away for 100 days is feared for once by each rule that speaks."""
    weekly = [Line(1, ago(days)) for days in range(700, -1, -7) if not 200 < days < 300]
    _, found = walked(weekly)
    assert (found.loyal, found.weak) == (1, "few_repeaters")
    for name in ("rhythm", "fixed"):
        assert int((found.fears[name] > 1).sum()) == 1
    assert found.loyal_years == pytest.approx((700 - 90) / 365.25, abs=0.1)
    episodes = rule(found, "fixed", "two").episodes(ONE)[0]
    assert episodes == pytest.approx(1 / found.loyal_years)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (
            [Line(1, ago(days)) for days in range(700, 150, -7)],
            "away for 150 days at the end is no year lost",
        ),
        ([Line(1, ago(days)) for days in range(700, 190, -7)] + [Line(2, ago(0))], "gone"),
        ([Line(1, ago(days)) for days in range(300, -1, -7)], "not known for a year"),
        ([Line(1, ago(60 * n)) for n in range(LOYAL_VISITS - 1)], "a passer-by"),
    ],
)
def test_who_is_loyal(lines: list[Line], why: str) -> None:
    assert walked(lines)[1].loyal == (1 if "no year" in why else 0), why


def test_equal_misses_lie_between_two_steps_of_a_curve() -> None:
    steps = Rule(
        "fixed", np.array([0.5, 1.5, 2.5, 3.5]), np.array([1.0, 1.0, 2.0, 3.0]), np.array([2.0]), 2.0
    )
    assert steps.misses(np.array([0.9, 1.0, 2.9])).tolist() == [0, 2, 3]
    assert steps.false_alarms(np.array([0.4, 0.5, 9.0])).tolist() == [4, 3, 0]
    assert steps.episodes(np.array([1.9, 2.0])).tolist() == [0.5, 0.0]
    assert steps.alarms_at(0) == 3.0
    assert steps.alarms_at(1) == 3.0  # both of the two misses come at once, with no alarm fewer
    assert steps.alarms_at(2) == 2.0
    assert steps.multiplier_at(-1) is None
    never = Rule("p_alive", np.array([1.0]), np.array([0.0, 0.0, 1.0]), np.array([]), 0.0)
    assert never.alarms_at(1) is None  # two are missed at any threshold
    assert never.episodes(ONE).tolist() == [0.0]


def test_ours_beside_itself_is_no_better_and_never_worse() -> None:
    _, found = walked(random_log(60, seed=9))
    for lines in LINES:
        part = facts(found, "x")["lines"][lines]
        for name, level in part["at_misses_of"].items():
            stands = part["rules"][name]["as_it_stands"]
            assert level["misses"] == stands["misses"]
            assert level[name]["false_alarms"] == stands["false_alarms"]
            assert level["ours"]["ours_fewer"] in (0.0, None)


@pytest.mark.parametrize(
    "lines", [[], [Line(1, ago(0))], [Line(1, ago(9)), Line(1, ago(9)), Line(2, ago(2))]]
)
def test_too_little_to_walk_through(lines: list[Line]) -> None:
    _, found = walked(lines)
    told = facts(found, "small")
    assert (told["month_ends"], told["looks"], told["p_alive_weak"]) == (0, 0, "no_month_end")
    assert told["lines"]["two"]["rules"]["ours"]["as_it_stands"]["misses"] == 0
    for locale in ("zh", "en"):
        assert picture([told], locale).startswith(PNG)


def test_no_order_of_rows_plays_a_part() -> None:
    lines = random_log(40, seed=3)
    mixed = lines[:]
    random.Random(1).shuffle(mixed)
    assert facts(walked(lines)[1], "x") == facts(walked(mixed)[1], "x")


def test_what_comes_later_changes_no_label() -> None:
    """The labels of a month end do not know the future: cut the log there and they are the same."""
    lines = random_log(30, seed=11)
    cut = max(line.day for line in lines) - timedelta(days=120)
    whole, early = walked(lines)[1], walked([line for line in lines if line.day <= cut])[1]
    some = len([day for day in whole.months if day_number(day) < day_number(early.end)])
    assert early.months == whole.months[:some]
    looks = len(early.stretch["fixed"].lapsing)
    for name in ("fixed", "rhythm"):
        assert np.array_equal(early.stretch[name].lapsing, whole.stretch[name].lapsing[:looks])


def test_picture_of_several_logs() -> None:
    told: list[dict[str, Any]] = [
        facts(walked(random_log(90, seed=seed))[1], f"log {seed}") for seed in (1, 2)
    ]
    assert all(log["away_long"] >= 30 for log in told)
    for locale in ("zh", "en"):
        assert picture(told, locale).startswith(PNG)
