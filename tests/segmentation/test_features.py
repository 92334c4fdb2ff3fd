"""Features of any day, against a slow count by hand; preferences and currencies."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.classes import EPOCH, day_number
from segmentation.criteria import load
from segmentation.features import History, features, other_money
from segmentation.products import preference
from segmentation.sums import sums
from segmentation.visits import visits
from tests.segmentation.logs import TODAY, Line, ago, frame, people

DAY = day_number(TODAY)
MONEY = ("monetary", "currency")


def history(lines: list[Line], others: tuple[int, ...] = ()) -> History:
    keys = people([*(line.customer for line in lines), *others]).index.to_numpy()
    return History(visits(frame(lines), keys, load()))


def by_hand(lines: list[Line], day: int, window: int) -> dict[str, object]:
    """One customer whose every line is a visit of its own."""
    seen = sorted((line for line in lines if (line.day - EPOCH).days <= day), key=lambda line: line.at)
    sure = [line for line in seen if line.confirmed]
    inside = [line for line in sure if (line.day - EPOCH).days > day - window]
    gaps = [(b.at - a.at).total_seconds() for a, b in pairwise(seen)]
    logs = [round(1000 * math.log(max(gap / 86400, 0.25))) for gap in gaps]
    return {
        "visits": len(seen),
        "visit_days": len({line.day for line in seen}),
        "first_day": (seen[0].day - EPOCH).days if seen else -1,
        "last_day": (seen[-1].day - EPOCH).days if seen else -1,
        "last_gap": gaps[-1] if gaps else -1,
        "gaps": len(gaps),
        "gap_sum": sum(logs),
        "gap_squares": sum(x * x for x in logs),
        "recency_days": day - (sure[-1].day - EPOCH).days if sure else -1,
        "frequency": len(inside),
        "monetary": sum(line.amount or 0 for line in inside),
        "currency": "CNY" if sure else "",
    }


some_lines = st.lists(
    st.builds(
        lambda customer, hours, amount, confirmed: Line(
            customer, ago(hours / 4), amount, confirmed=confirmed
        ),
        st.integers(1, 3),
        st.integers(0, 400),
        st.integers(-5000, 50_000),
        st.booleans(),
    ),
    max_size=40,
    unique_by=lambda line: (line.customer, line.at),
)


@settings(max_examples=60)
@given(some_lines, st.integers(0, 120), st.integers(1, 60))
def test_any_day_is_what_counting_by_hand_gives(lines: list[Line], back: int, window: int) -> None:
    frame = features(history(lines, (1, 2, 3)), DAY - back, window)
    for customer in (1, 2, 3):
        mine = [line for line in lines if line.customer == customer]
        assert frame.loc[customer].to_dict() == by_hand(mine, DAY - back, window)


def test_the_window_ends_with_the_day_and_includes_it() -> None:
    lines = [Line(1, ago(0), 1), Line(1, ago(364), 10), Line(1, ago(365), 100)]
    row = features(history(lines), DAY, 365).loc[1]
    assert (row["frequency"], row["monetary"], row["recency_days"]) == (2, 11, 0)


def test_a_visit_of_zero_counts_and_refunds_take_away() -> None:
    lines = [Line(1, ago(1), 0), Line(1, ago(2), None), Line(1, ago(3), -500), Line(1, ago(4), 200)]
    row = features(history(lines), DAY, 365).loc[1]
    assert (row["frequency"], row["monetary"]) == (4, -300)


def test_the_main_currency_is_that_of_most_visits_in_the_window() -> None:
    lines = [
        *(Line(1, ago(n), 100, currency="EUR") for n in (1, 2, 3)),
        *(Line(1, ago(n), 900, currency="CHF") for n in (4, 5, 400, 401)),
        *(Line(2, ago(n), 70, currency=name) for n, name in ((1, "EUR"), (2, "CHF"))),
        *(Line(3, ago(400 + n), 70, currency="EUR") for n in (1, 2)),
    ]
    found = features(log := history(lines), DAY, 365)
    assert found[[*MONEY]].to_numpy().tolist() == [[300, "EUR"], [70, "CHF"], [0, "EUR"]]
    assert other_money(log, found, DAY, 365) == {0: {"CHF": 1800}, 1: {"EUR": 70}}


def preferred(lines: list[Line]) -> list[object]:
    lines = [*lines, Line(1, ago(400), product="diesel", amount=10**6)]
    main = np.array(["CNY"], dtype=object)
    found = preference(sums(frame(lines), history(lines).visits, main, DAY, 365), load().product)
    return found.iloc[0].tolist()[:2]


def test_preference_is_a_share_of_spend_else_of_litres() -> None:
    day = ago(1)
    assert preferred([Line(1, day, 60, product="95"), Line(1, day, 40, product="shop")]) == ["95", 60]
    assert preferred([Line(1, day, 59, product="95"), Line(1, day, 41, product="shop")]) == ["mixed", 59]
    assert preferred([Line(1, day, 30, product=p) for p in ("shop", "wash", "95")]) == ["shop", 66]
    unknown = [Line(1, day, None, product="95"), Line(1, day, None, product="diesel", millilitres=1)]
    assert preferred(unknown) == ["95", 99]
    assert preferred([Line(1, day, 10, product=None)]) == ["", 0]
    assert preferred([Line(1, day, 10, product="hydrogen")]) == ["other", 100]
    assert preferred([Line(1, day, 10, confirmed=False)]) == ["", 0]
    assert preferred([Line(1, day - timedelta(days=1), -10, millilitres=0)]) == ["", 0]
