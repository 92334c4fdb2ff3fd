"""Cohorts equal counting by hand, in any order of rows, and can be drawn."""

from __future__ import annotations

import random
from datetime import date

import pytest

from segmentation.cohorts import cohorts
from segmentation.cohorts_chart import picture
from segmentation.criteria import load
from segmentation.features import History
from segmentation.visits import visits
from tests.segmentation.logs import TODAY, Line, ago, frame, people

PNG = b"\x89PNG\r\n\x1a\n"


def history(lines: list[Line], others: tuple[int, ...] = ()) -> History:
    keys = people({line.customer for line in lines} | set(others)).index.to_numpy()
    return History(visits(frame(lines), keys, load()))


def months(day: date) -> int:
    return 12 * day.year + day.month


def by_hand(lines: list[Line], as_of: date) -> dict[int, list[int]]:
    seen: dict[int, set[int]] = {}
    for line in lines:
        if line.day <= as_of:
            seen.setdefault(line.customer, set()).add(months(line.day))
    table: dict[int, list[int]] = {}
    for came in seen.values():
        row = table.setdefault(min(came), [0] * (months(as_of) - min(came) + 1))
        for month in came:
            row[month - min(came)] += 1
    return table


@pytest.mark.parametrize("as_of", [TODAY, date(2026, 1, 31), date(2025, 6, 30)])
def test_counts_are_those_of_hand(as_of: date) -> None:
    dice = random.Random(4)
    lines = [Line(dice.randrange(60), ago(dice.randrange(500))) for _ in range(900)]
    found = cohorts(history(lines, others=(1000,)), as_of)
    told = {
        12 * int(row["month"][:4]) + int(row["month"][5:]): row["came"]
        for row in found["rows"]
        if row["customers"]
    }
    assert told == by_hand(lines, as_of)
    assert (
        found["customers"]
        == sum(row["customers"] for row in found["rows"])
        == len({line.customer for line in lines if line.day <= as_of})
    )
    assert all(row["came"][0] == row["customers"] for row in found["rows"])
    assert found["partial"] is (as_of == TODAY)


def test_months_without_anyone_new_keep_their_place() -> None:
    found = cohorts(history([Line(1, ago(100)), Line(2, ago(5))]), TODAY)
    assert [row["month"] for row in found["rows"]] == ["2026-03", "2026-04", "2026-05", "2026-06"]
    assert [row["customers"] for row in found["rows"]] == [1, 0, 0, 1]
    assert found["rows"][0]["came"] == [1, 0, 0, 0]


def test_nobody() -> None:
    found = cohorts(history([], others=(7,)), TODAY)
    assert (found["customers"], found["rows"]) == (0, [])
    for locale in ("zh", "en"):
        assert picture(found, locale).startswith(PNG)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_picture_of_many_years(locale: str) -> None:
    lines = [Line(number % 97, ago(number)) for number in range(0, 3000, 3)]
    assert picture(cohorts(history(lines), TODAY), locale).startswith(PNG)
