"""Groups of drivers: found, named, and the same from run to run."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pandas as pd
import pytest

from segmentation.classes import day_number
from segmentation.clusters import LEAST, Clusters, centres, clusters, measure, named_by
from templates import LOCALES, label
from tests.segmentation.logs import TODAY, Line, ago, outcome

FEATURES = ("visits", "spend", "absent", "uneven", "known", "home", "months", "bargains")


def kinds(count: int, seed: int = 2) -> list[Line]:
    """Three kinds of drivers: daily and small, rare and large, and those who stayed away lately."""
    dice = random.Random(seed)
    lines = []
    for customer in range(1, count + 1):
        kind = customer % 3
        gap, amount, until = ((2, 9_000, 0), (12, 60_000, 0), (7, 20_000, 150))[kind]
        days = 400.0
        while days > until:
            lines.append(Line(customer, ago(days), amount + dice.randrange(2000)))
            days -= gap * dice.uniform(0.9, 1.1)
    return lines


def table(lines: list[Line]) -> pd.DataFrame:
    return measure(outcome(lines).frame, day_number(TODAY))


def clouds(seed: int = 0) -> pd.DataFrame:
    """Three clouds of 50, 40 and 30 people, far apart; another seed moves each person a little."""
    noise = np.random.default_rng(seed).normal(0, 0.1, (120, 3))
    middles = np.repeat([[3.0, 0.0, 1.0], [1.0, 2.0, 1.0], [1.0, 0.0, 5.0]], [50, 40, 30], axis=0)
    return pd.DataFrame(middles + noise, columns=["visits", "spend", "absent"])


def found(measured: pd.DataFrame, before: pd.DataFrame | None = None) -> Clusters:
    grouped = clusters(measured, before)
    assert grouped is not None
    return grouped


def test_clouds_are_told_apart_and_named() -> None:
    grouped = found(clouds())
    assert grouped.group.tolist() == [1] * 50 + [2] * 40 + [3] * 30
    groups = grouped.facts()["groups"]
    assert [each["customers"] for each in groups] == [50, 40, 30]
    assert [each["named_by"][0] for each in groups] == ["visits_high", "spend_high", "absent_high"]
    assert groups[0]["centre"]["visits"] == pytest.approx(3.0, abs=0.1)


def test_no_group_mixes_kinds_of_drivers() -> None:
    group = found(table(kinds(90))).group
    kinds_in = group.groupby(group).agg(lambda each: len({customer % 3 for customer in each.index}))
    assert set(kinds_in) == {1}


def test_the_order_of_rows_and_a_second_run_change_nothing() -> None:
    lines = kinds(90)
    mixed = lines[:]
    random.Random(8).shuffle(mixed)
    first, again = found(table(lines)), found(table(mixed))
    assert first.facts() == again.facts()
    assert first.group.equals(again.group)


def test_numbers_are_kept_from_an_earlier_run() -> None:
    """The earlier numbers are turned round; the same clouds, a little moved, keep them."""
    turned = found(clouds()).facts()
    for each in turned["groups"]:
        each["group"] = {1: 3, 2: 9, 3: 1}[each["group"]]
    later = found(clouds(seed=77), centres(turned))
    assert later.group.tolist() == [3] * 50 + [9] * 40 + [1] * 30
    assert later.centres.index.tolist() == [1, 3, 9]


def test_a_group_that_is_new_takes_a_free_number() -> None:
    told = found(clouds()).facts()
    told["groups"] = told["groups"][1:]
    later = found(clouds(), centres(told))
    assert later.group.tolist() == [1] * 50 + [2] * 40 + [3] * 30


def test_what_was_not_measured_before_does_not_decide() -> None:
    told = found(clouds().drop(columns="absent")).facts()
    assert found(clouds(), centres(told)).group.nunique() == 3


def test_too_few_or_all_alike() -> None:
    assert clusters(table(kinds(LEAST - 1))) is None
    alike = [Line(customer, ago(days)) for customer in range(LEAST) for days in (20, 10)]
    assert clusters(table(alike)) is None
    assert clusters(table([])) is None


def test_measures_are_finite_and_of_who_came_in_the_window() -> None:
    lines = [*kinds(60), Line(900, ago(800)), Line(901, ago(3), amount=-5000), Line(902, ago(3), amount=0)]
    measured = table(lines)
    assert 900 not in measured.index
    assert {901, 902} <= set(measured.index)
    assert np.isfinite(measured.to_numpy()).all()


def test_spend_is_compared_within_a_currency() -> None:
    yuan = [Line(n, ago(d), 20_000) for n in range(1, 31) for d in (30, 20, 10)]
    yen = [Line(100 + n, ago(d), 900_000, currency="JPY") for n in range(1, 31) for d in (30, 20, 10)]
    assert "spend" not in table([*yuan, *yen])  # each is like all others of its currency


def test_named_by_the_two_furthest() -> None:
    assert named_by(pd.Series({"visits": 0.1, "spend": -2.0, "home": 1.0})) == ["spend_low", "home_high"]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_name_has_words(locale: str) -> None:
    words = [label(f"cluster.{name}_{side}", locale) for name, side in product(FEATURES, ("high", "low"))]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("facts", [{}, {"groups": []}, {"groups": [{"group": 1, "centre": 3}]}])
def test_facts_of_something_else_are_refused(facts: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        centres(facts)
