"""Every number of every dimension, moved across its threshold step by step: value and words go together.

Beside the flips of test_dimensions (product, credit, place, decline, money and visits) and test_alive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from questions.why import account_sentences, sentences
from segmentation.criteria import load
from segmentation.dimensions import Beside
from segmentation.explain_accounts import explain_accounts
from segmentation.memory import month_ends
from segmentation.segments import segment
from tests.segmentation.logs import TODAY, Line, ago, frame, people, regulars
from tests.segmentation.test_dimensions import (
    BOT,
    MIXED,
    TOWN,
    WHO,
    Case,
    account,
    fuel,
    halved,
    hunter,
    weekly,
)

pytestmark = pytest.mark.slow

Why = dict[str, Any]


@dataclass(frozen=True)
class Flip:
    """``make(n)`` is ``low`` up to one n of ``steps`` and ``high`` from the next on.

    ``past`` says from the numbers and thresholds that the sheet itself states on which side it stands.
    """

    dimension: str
    key: str
    low: Any
    high: Any
    make: Callable[[int], Case]
    steps: range
    past: Callable[[Why], bool]

    def value(self, why: Why) -> Any:
        found: Any = why[self.dimension]
        for name in self.key.split("."):
            found = found[name]
        return found


def since(days: int, every: float = 7, count: int = 50) -> Case:
    return Case(tuple(Line(WHO, ago(days + every * n)) for n in range(count)))


def begun(days: int) -> Case:
    return Case(tuple(Line(WHO, ago(n)) for n in range(days, -1, -5)))


def back(days: int, away: int) -> Case:
    """Monthly until ``away`` days before the visit ``days`` ago."""
    return Case((Line(WHO, ago(days)), *(Line(WHO, ago(days + away + 30 * n)) for n in range(14))))


def kept(spent: int) -> Case:
    """High at the last month end by a visit that has left the window since."""
    return Case((Line(WHO, ago(1), spent), Line(WHO, ago(370), 10_000_000)), town=MIXED)


def kept_visits(count: int) -> Case:
    old = [Line(WHO, ago(366 + 0.05 * n)) for n in range(100)]
    return Case((*old, *(Line(WHO, ago(0.05 * n + 0.6)) for n in range(count))), town=MIXED)


def months(count: int) -> Case:
    """Known for two years; came to two stations in each of the last so many whole months."""
    lines = [Line(WHO, ago(720))]
    for n in range(1, count + 1):
        year, month = divmod(17 - n, 12)
        lines += [Line(WHO, datetime(2025 + year, month + 1, day, tzinfo=UTC), station=day) for day in (1, 2)]
    return Case(tuple(lines))


def at_home(share: int) -> Case:
    lines = [
        replace(line, station=1 if n % 100 < share else 2 + n % 2) for n, line in enumerate(weekly(100, 3.6))
    ]
    return Case(tuple(lines))


def jitter(tenths: int) -> Case:
    """The less, the more regular: every second visit so much late."""
    return Case(
        tuple(Line(WHO, ago(7 * n + (60 - tenths) / 10 * (n % 2)), station=1 + n % 3 // 2) for n in range(90))
    )


def own(lines: int) -> Case:
    told = [replace(line, confirmed=n >= lines) for n, line in enumerate(halved(20))]
    return Case(tuple(told), BOT)


def workdays(count: int, payment: str = "cash") -> Case:
    """Fifty weeks: a visit on Monday in so many, on Sunday in the others."""
    return Case(tuple(Line(WHO, ago(7 * n + (n >= count)), payment=payment) for n in range(50)))


def mondays(count: int, payment: str = "cash") -> Case:
    return Case(weekly(count, payment=payment))


def of_a_week(share: int) -> Case:
    """A hundred visits, so many on Mondays, the others on all other days alike."""
    lines = [Line(WHO, ago(7 * (n % 50), 6 + 12 * (n // 50))) for n in range(share)]
    lines += [Line(WHO, ago(1 + n % 6 + 7 * (n // 6))) for n in range(100 - share)]
    return Case(tuple(lines))


def of_a_month(share: int) -> Case:
    """A hundred visits, so many on the 15th, the others on the 5th and the 25th."""
    lines = []
    for n in range(100):
        day = 15 if n < share else (5, 25)[n % 2]
        month = n % 11
        lines.append(
            Line(WHO, datetime(2025 + (month + 6) // 12, (month + 6) % 12 + 1, day, 6 + n // 11, tzinfo=UTC))
        )
    return Case(tuple(lines))


def scored(people_in_all: int) -> Case:
    return Case((Line(WHO, ago(3)),), town=regulars(people_in_all - 1))


def seen(days: int) -> Case:
    return Case(tuple(Line(WHO, ago(days + 10 * n)) for n in range(10)), town=MIXED)


def peak(months_ago: int) -> Case:
    """A best month so long ago that it is the more forgotten, the less n."""
    return Case((fuel(100, 30 - months_ago), fuel(10, 3), fuel(19, 1)))


def once_rich(months_ago: int, away: int = 0) -> Case:
    """Weekly for little, and once for much: it counted for the last time at the month end so long ago."""
    last = month_ends(TODAY, months_ago)[-1]
    small = [Line(WHO, ago(away + 7 * n), 1_000) for n in range(110)]
    return Case((*small, Line(WHO, noon(last - timedelta(days=364)), 10_000_000)), town=MIXED)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def level(name: str) -> Callable[[Why], bool]:
    return lambda why: why["loyalty"]["points"] >= why["loyalty"]["least"][name]


def tempted(name: str) -> Callable[[Why], bool]:
    def past(why: Why) -> bool:
        told, least = why["price"], why["price"]["least"]
        by = told["hits"] - told["expected"]
        enough = (
            told["hits"] >= least["least_hits"] and told["hits"] >= least[name]["times"] * told["expected"]
        )
        return bool(enough and by >= least[name]["deviations"] * told["expected"] ** 0.5)

    return past


def days_known(why: Why) -> int:
    return (TODAY - date.fromisoformat(why["lifecycle"]["first_visit"])).days


def shown(part: str, number: str, least: str) -> Callable[[Why], bool]:
    return lambda why: why[part][number] >= why[part][least]


FLIPS = {
    "days since, against the own limit": Flip(
        *("lifecycle", "stage", "active", "lapsing", since, range(5, 30)),
        lambda why: why["lifecycle"]["days_since"] > why["lifecycle"]["limit_days"],
    ),
    "days since, against the dormant limit": Flip(
        *("lifecycle", "stage", "lapsing", "dormant", since, range(20, 80)),
        lambda why: why["lifecycle"]["days_since"] > why["lifecycle"]["dormant_days"],
    ),
    "days since, against the churned limit": Flip(
        *("lifecycle", "stage", "dormant", "churned", since, range(80, 320)),
        lambda why: why["lifecycle"]["days_since"] > why["lifecycle"]["churned_days"],
    ),
    "days known": Flip(
        *("lifecycle", "stage", "new", "active", begun, range(10, 50)),
        lambda why: days_known(why) > why["lifecycle"]["new_days"],
    ),
    "days since they came back": Flip(
        *("lifecycle", "stage", "reactivated", "active", lambda n: back(n, 300), range(2, 40)),
        lambda why: why["lifecycle"]["days_since"] > why["lifecycle"]["reactivated_days"],
    ),
    "the gap before they came back": Flip(
        *("lifecycle", "stage", "active", "reactivated", lambda n: back(2, n), range(40, 400)),
        lambda why: why["lifecycle"]["last_gap_days"] > why["lifecycle"]["dormant_days"],
    ),
    "money a little below the cut-off of last month's class": Flip(
        *("value", "class", "medium", "high", kept, range(600_000, 1_500_000)),
        lambda why: (
            100 * why["value"]["number"] >= (100 - why["value"]["keep_percent"]) * why["value"]["high"]
        ),
    ),
    "visits a little below the cut-off of last month's class": Flip(
        *("frequency", "class", "medium", "high", kept_visits, range(30, 80)),
        lambda why: (
            100 * why["frequency"]["number"]
            >= (100 - why["frequency"]["keep_percent"]) * why["frequency"]["high"]
        ),
    ),
    "months since a VIP who comes": Flip(
        *("segment", "name", "vip", "regular", once_rich, range(1, 9)),
        lambda why: why["vip"]["months_since"] > 3,
    ),
    "months since a VIP who does not": Flip(
        *("segment", "name", "at_risk_vip", "lapsing", lambda n: once_rich(n, 20), range(1, 16)),
        lambda why: why["vip"]["months_since"] is None,
    ),
    "how many are scored": Flip(
        *("rfm", "name", "insufficient_data", "about_to_sleep", scored, range(24, 26)),
        shown("rfm", "population", "least"),
    ),
    "points of months": Flip(*("loyalty", "level", "low", "medium", months, range(1, 13)), level("medium")),
    "points at home": Flip(*("loyalty", "level", "medium", "high", at_home, range(34, 101)), level("high")),
    "points of tenure": Flip(
        *("loyalty", "level", "medium", "high", lambda n: Case(halved(n), BOT), range(20, 90)), level("high")
    ),
    "points of regularity": Flip(*("loyalty", "level", "medium", "high", jitter, range(61)), level("high")),
    "points of records in the bot": Flip(
        *("loyalty", "level", "medium", "high", own, range(3)), level("high")
    ),
    "large diesel fills": Flip(
        *("persona", "name", "private", "heavy"),
        lambda n: Case(weekly(n, product="diesel", millilitres=200_000)),
        range(1, 6),
        lambda why: why["persona"]["visits"] >= 3,
    ),
    "charges": Flip(
        *("persona", "name", "private", "eco", lambda n: Case(weekly(n, product="ev")), range(1, 6)),
        lambda why: why["persona"]["visits"] >= 3,
    ),
    "visits of a taxi": Flip(
        *("persona", "name", "private", "taxi", lambda n: Case(weekly(n, 1.5)), range(13, 40)),
        lambda why: why["persona"]["visits"] >= 26,
    ),
    "visits of a fleet": Flip(
        *("persona", "name", "private", "fleet", lambda n: mondays(n, "fuelcard"), range(8, 20)),
        lambda why: why["persona"]["visits"] >= 12,
    ),
    "visits of a business": Flip(
        *("persona", "name", "private", "business", mondays, range(8, 20)),
        lambda why: why["persona"]["visits"] >= 12,
    ),
    "working days of a fleet": Flip(
        *("persona", "name", "private", "fleet", lambda n: workdays(n, "fuelcard"), range(30, 45)),
        lambda why: why["persona"]["workday_percent"] >= 75,
    ),
    "working days of a business": Flip(
        *("persona", "name", "private", "business", workdays, range(38, 51)),
        lambda why: why["persona"]["workday_percent"] >= 90,
    ),
    "hits, medium": Flip(*("price", "level", "low", "medium", hunter, range(1, 9)), tempted("medium")),
    "hits, high": Flip(*("price", "level", "medium", "high", hunter, range(7, 14)), tempted("high")),
    "hits at least": Flip(
        *("price", "level", "low", "high", lambda n: hunter(n, 6), range(6)), tempted("high")
    ),
    "a day of the week": Flip(
        *("rhythm", "weekday.is", None, 0, of_a_week, range(20, 60)),
        lambda why: why["rhythm"]["weekday"]["percent"] >= why["rhythm"]["weekday"]["least_percent"],
    ),
    "a third of the month": Flip(
        *("rhythm", "third.is", None, 1, of_a_month, range(40, 80)),
        lambda why: why["rhythm"]["third"]["percent"] >= why["rhythm"]["third"]["least_percent"],
    ),
    "visits for a rhythm of the week": Flip(
        *("rhythm", "weekday.is", None, 0, mondays, range(5, 12)), shown("rhythm", "visits", "least_visits")
    ),
    "the best month, within two years": Flip(
        *("decline", "declining", False, True, peak, range(20)),
        lambda why: why["decline"]["percent"] < why["decline"]["least_percent"],
    ),
}


@pytest.mark.parametrize("name", FLIPS)
def test_value_and_words_change_where_the_sheet_says(name: str) -> None:
    flip = FLIPS[name]
    low, high = flip.steps[0], flip.steps[-1]
    assert (flip.value(flip.make(low).why()), flip.value(flip.make(high).why())) == (flip.low, flip.high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if flip.value(flip.make(middle).why()) == flip.high else (middle, high)
    before, after = flip.make(low).why(), flip.make(high).why()
    assert (flip.value(before), flip.value(after)) == (flip.low, flip.high)
    assert (flip.past(before), flip.past(after)) == (False, True)
    for locale in ("en", "zh"):
        assert sentences(before, locale)[flip.dimension] != sentences(after, locale)[flip.dimension]


def test_recency_moves_a_score_and_its_words() -> None:
    sheets = [seen(days).why() for days in range(0, 60, 3)]
    scores = [why["rfm"]["r"] for why in sheets]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) >= 3
    words = [sentences(why, "en")["rfm"] for why in sheets]
    assert all(str(why["rfm"]["recency_days"]) in text for why, text in zip(sheets, words, strict=True))


def driven(drivers: int, silent: int = 0) -> dict[str, Any]:
    """An account with so many of the town's drivers, the first of them away for 200 days; its sheet."""
    town = [line for line in TOWN if line.customer >= 1000 + silent or line.at < ago(200)]
    known = people([line.customer for line in town]).assign(vehicles="", registered_on=-1, account=0, home=0)
    known["vehicles"] = known["vehicles"].astype(object)
    known.loc[known.index[:drivers], "account"] = 7
    around = Beside(accounts=account(limit=100_000).beside["accounts"])
    return explain_accounts(segment(frame(town), known, TODAY, load(), around=around))[7]


@pytest.mark.parametrize("part", ["value", "frequency"])
def test_an_accounts_class_changes_with_its_drivers(part: str) -> None:
    sheets = [driven(count) for count in range(1, 16)]
    classes = [sheet[part]["class"] for sheet in sheets]
    assert list(dict.fromkeys(classes)) == ["low", "medium", "high"]
    for before, after in pairwise(sheets):
        here, there = before[part], after[part]
        least = {"low": 0, "medium": here["medium"], "high": here["high"]}
        assert here["number"] < there["number"]
        assert [name for name in least if here["number"] >= least[name]][-1] == here["class"]
        if here["class"] != there["class"]:
            assert account_sentences(before, "en")[part] != account_sentences(after, "en")[part]


def test_an_accounts_stage_and_tier_change_with_the_driver_in_the_middle() -> None:
    alive, gone = driven(14, 7), driven(14, 8)
    assert alive["lifecycle"]["stage"] == "active"
    assert gone["lifecycle"]["stage"] in ("dormant", "churned")
    assert (alive["tier"]["name"], gone["tier"]["name"]) == ("key", "major")
    for locale in ("en", "zh"):
        before, after = account_sentences(alive, locale), account_sentences(gone, locale)
        assert all(before[name] != after[name] for name in ("lifecycle", "tier"))
