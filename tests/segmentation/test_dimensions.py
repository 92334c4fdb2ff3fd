"""Each dimension's value changes where its number crosses the threshold, and the sentence with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from questions.why import DIMENSIONS, sentences
from segmentation.classes import day_number
from segmentation.criteria import load
from segmentation.dimensions import Beside
from segmentation.explain import explain
from segmentation.segments import segment
from tests.segmentation.logs import TODAY, Line, ago, frame, people, regulars

pytestmark = pytest.mark.slow

WHO = 1
TOWN = regulars(40)
MIXED = [line for every in (8, 13, 25) for line in regulars(14, every=every, first=1000 * every)]
STATIONS = pd.DataFrame(
    {"code": ["S1", "S2", "S3"], "city": ["Wuxi", "Suzhou", ""], "region": ["Jiangsu", "Jiangsu", ""]},
    index=pd.Index([1, 2, 3], name="station"),
    dtype=object,
)


@dataclass(frozen=True)
class Case:
    """One customer in a town of forty, and what stands beside their log."""

    lines: tuple[Line, ...]
    person: dict[str, Any] = field(default_factory=dict)
    beside: dict[str, pd.DataFrame] = field(default_factory=dict)
    as_of: date = TODAY
    town: list[Line] = field(default_factory=lambda: TOWN)

    def why(self) -> dict[str, Any]:
        lines = [*self.town, *(line for line in self.lines if line.day <= self.as_of)]
        known = people([line.customer for line in [*lines, Line(WHO, ago(0))]])
        known = known.assign(vehicles="", registered_on=-1, account=0, home=0)
        known["vehicles"] = known["vehicles"].astype(object)
        for name, value in self.person.items():
            known.loc[WHO, name] = value
        beside: dict[str, Any] = {"stations": STATIONS} | self.beside
        around = Beside(**beside)
        found = segment(frame(lines), known, self.as_of, load(), around=around)
        sheets: dict[int, Any] = dict(zip(found.frame.index.tolist(), explain(found), strict=True))
        sheet: dict[str, Any] = sheets[WHO]
        return sheet


def weekly(count: int = 52, every: float = 7, **line: Any) -> tuple[Line, ...]:
    return tuple(Line(WHO, ago(every * n), **line) for n in range(count))


def halved(count: int) -> tuple[Line, ...]:
    """Weekly, at two stations in turn."""
    return tuple(replace(line, station=1 + place % 2) for place, line in enumerate(weekly(count)))


def account(limit: int | None = 100_000, balance: int = 0, overdue: int = 0, failed: int = 0) -> Case:
    row = {
        "code": "A1",
        "name": "Wheat",
        "industry": "food",
        "size": "small",
        "region": "East",
        "parent": 0,
        "currency": "CNY",
        "credit_limit": limit,
        "balance": balance,
        "days_overdue": overdue,
        "failed_payments": failed,
    }
    table = pd.DataFrame([row], index=pd.Index([7], name="account"))
    return Case(weekly(), {"account": 7}, {"accounts": table})


def fuel(litres: int, months_ago: int) -> Line:
    """One fill-up in the middle of a month before June 2026."""
    return Line(WHO, ago(30 * months_ago), millilitres=1000 * litres)


def drops(step: int = 14, price: int = 8000) -> pd.DataFrame:
    """Prices that fall and rise in turn every ``step`` days, for two years, known at station 1 for 95."""
    days = range(day_number(TODAY) - 728, day_number(TODAY) + 1, step)
    rows = [(1, "95", day, price - 100 * (place % 2)) for place, day in enumerate(days)]
    return pd.DataFrame(rows, columns=["station", "product", "day", "price"])


def hunter(hits: int, visits: int = 40) -> Case:
    """So many visits on the first day of a drop, the others a week after one."""
    fallen = [days for days in range(0, 364, 14) if (728 - days) // 14 % 2 == 1]
    on = [Line(WHO, ago(days)) for days in fallen[:hits]]
    beside = [Line(WHO, ago(days + 9, hour=h)) for h in (6, 12, 18) for days in fallen][: visits - hits]
    return Case(tuple(on + beside), beside={"prices": drops()})


def paid(company: int) -> Case:
    """A hundred lines, two to a visit on Mondays, so many of them paid by a company."""
    lines = [
        Line(WHO, ago(7 * n + half / 500), payment="fuelcard" if 2 * n + half < company else "cash")
        for n in range(50)
        for half in (0, 1)
    ]
    return Case(tuple(lines))


def litres(each: int) -> Case:
    return Case(weekly(30, product="diesel", millilitres=1000 * each, amount=None))


def shares(percent: int) -> Case:
    return Case((Line(WHO, ago(1), 100 * percent), Line(WHO, ago(2), 100 * (100 - percent), product="shop")))


BOT = {"registered_on": day_number(TODAY) - 300}
FLIPS: dict[str, tuple[str, str, Case, Any, Case, Any]] = {
    "the largest share of spend": ("product", "preference", shares(59), "mixed", shares(60), "95"),
    "days overdue, high": ("credit", "risk", account(overdue=29), "medium", account(overdue=30), "high"),
    "days overdue, medium": ("credit", "risk", account(overdue=7), "low", account(overdue=8), "medium"),
    "the limit used": ("credit", "risk", account(balance=79_999), "low", account(balance=80_000), "medium"),
    "the limit used up": (
        *("credit", "risk", account(balance=99_999), "medium", account(balance=100_000), "high"),
    ),
    "failed payments": ("credit", "risk", account(failed=0), "low", account(failed=1), "medium"),
    "many failed payments": ("credit", "risk", account(failed=2), "medium", account(failed=3), "high"),
    "a limit at all": ("credit", "risk", account(limit=0), "none", account(limit=1), "low"),
    "the size of a fill": ("persona", "name", litres(149), "business", litres(150), "heavy"),
    "how often they come": (
        *("persona", "name", Case(weekly(100, 2.7)), "private", Case(weekly(100, 2.1)), "taxi"),
    ),
    "who pays": ("persona", "name", paid(79), "business", paid(80), "fleet"),
    "hits against chance": ("price", "level", hunter(5), "low", hunter(13), "high"),
    "enough visits": (*("price", "enough", Case(weekly(5)), False, Case(weekly(6)), True),),
    "the last month against the best": (
        *("decline", "declining", Case((fuel(100, 6), fuel(20, 1))), False),
        *(Case((fuel(100, 6), fuel(19, 1))), True),
    ),
    "a best month to speak of": (
        *("decline", "declining", Case((fuel(99, 6), fuel(19, 1))), False),
        *(Case((fuel(100, 6), fuel(19, 1))), True),
    ),
    "a gap beyond the limit": (
        *("lifecycle", "stage", Case(tuple(Line(WHO, ago(10 + 7 * n)) for n in range(50))), "active"),
        *(Case(tuple(Line(WHO, ago(11 + 7 * n)) for n in range(50))), "lapsing"),
    ),
    "one visit more there": (
        *("place", "station", Case((Line(WHO, ago(1), station=2), Line(WHO, ago(2), station=1))), "S1"),
        *(Case(tuple(Line(WHO, ago(n), station=s) for n, s in ((1, 2), (2, 1), (3, 2)))), "S2"),
    ),
    "the bot": (
        *("loyalty", "level", Case(halved(36)), "medium"),
        *(Case(halved(36), BOT), "high"),
    ),
}


@pytest.mark.parametrize("flip", FLIPS)
def test_value_and_sentence_change_together_at_the_threshold(flip: str) -> None:
    dimension, key, below, low, above, high = FLIPS[flip]
    before, after = below.why(), above.why()
    assert (before[dimension][key], after[dimension][key]) == (low, high)
    for locale in ("en", "zh"):
        assert sentences(before, locale)[dimension] != sentences(after, locale)[dimension]
    assert set(sentences(after, "zh")) == set(DIMENSIONS)


@pytest.mark.parametrize("level", ["high", "medium"])
def test_money_and_visits_cross_the_cut_offs_of_the_last_month_end(level: str) -> None:
    below = {"high": "medium", "medium": "low"}[level]
    cuts = Case((Line(WHO, ago(1)),), town=MIXED).why()
    money, visits = cuts["value"][level], cuts["frequency"][level]
    for spent, value in ((money - 1, below), (money, level)):
        why = Case((Line(WHO, ago(1), spent),), town=MIXED).why()
        assert (why["value"]["class"], why["value"]["number"]) == (value, spent)
        assert f"<b>{value}</b>" in sentences(why, "en")["value"]
    for count, value in ((visits - 1, below), (visits, level)):
        why = Case(tuple(Line(WHO, ago(0.05 * n + 0.6)) for n in range(count)), town=MIXED).why()
        assert (why["frequency"]["class"], why["frequency"]["number"]) == (value, count)
        assert f"<b>{value}</b>" in sentences(why, "en")["frequency"]


def test_a_medium_price_hunter_lies_between() -> None:
    levels = [hunter(hits).why()["price"]["level"] for hits in range(14)]
    assert sorted(set(levels), key=levels.index) == ["low", "medium", "high"]
    assert levels == sorted(levels, key=["low", "medium", "high"].index)


def test_coupons_against_the_coupons_of_others() -> None:
    def redeemed(everyone: bool) -> str:
        """Ten of a customer's visits with a coupon; of everyone's, if so."""
        who = [WHO, *sorted({line.customer for line in TOWN})] if everyone else [WHO]
        rows = [(customer, day_number(TODAY) - 7 * n) for customer in who for n in range(10)]
        table = pd.DataFrame(rows, columns=["customer", "day"])
        level: str = Case(weekly(), beside={"coupons": table}).why()["price"]["level"]
        return level

    assert (redeemed(False), redeemed(True)) == ("high", "low")


def test_the_rhythm_says_when_they_are_due() -> None:
    why = Case(tuple(Line(WHO, ago(9 + 7 * n)) for n in range(60))).why()["rhythm"]
    assert (why["due_on"], why["overdue_days"]) == ("2026-06-13", 2)
    assert (why["weekday"]["is"], why["weekday"]["percent"]) == (5, 100)
    assert why["third"]["is"] is None
    pay_days = [
        Line(WHO, datetime(2025 + (6 + n) // 12, (6 + n) % 12 + 1, 15, 12, tzinfo=UTC)) for n in range(11)
    ]
    why = Case(tuple(pay_days)).why()["rhythm"]
    assert (why["third"]["is"], why["third"]["percent"]) == (1, 100)
    assert Case(()).why()["rhythm"]["due_on"] is None


@pytest.mark.parametrize(
    ("person", "persona", "source"),
    [
        ({"persona": "eco", "vehicles": "truck", "account": 7}, "eco", "declared"),
        ({"vehicles": "car,truck", "account": 7}, "heavy", "vehicle"),
        ({"vehicles": "car", "account": 7}, "fleet", "account"),
        ({"vehicles": "car"}, "private", "vehicle"),
        ({"vehicles": "网约车"}, "taxi", "vehicle"),
        ({"vehicles": "submarine", "persona": "pirate"}, "private", "inferred"),
    ],
)
def test_what_they_say_goes_before_what_is_inferred(
    person: dict[str, Any], persona: str, source: str
) -> None:
    case = replace(account(), person=person, lines=halved(4))
    found = case.why()["persona"]
    assert (found["name"], found["from"], found["inferred"]) == (persona, source, source == "inferred")


def test_home_is_where_most_visits_are_whatever_the_order() -> None:
    tie = [Line(WHO, ago(1), station=3), Line(WHO, ago(2), station=2)]
    assert Case(tuple(tie)).why()["place"]["station"] == "S2"
    assert Case(tuple(reversed(tie)), {"home": 3}).why()["place"]["station"] == "S3"
    declared = Case((Line(WHO, ago(500), station=1),), {"home": 2}).why()["place"]
    assert (declared["station"], declared["city"], declared["declared"]) == ("S2", "Suzhou", True)


def test_prices_of_the_future_and_short_histories_judge_nothing() -> None:
    late = drops()
    late = late[late["day"] > day_number(TODAY) - 60]
    assert Case(weekly(), beside={"prices": late}).why()["price"]["judged"] == 0
    known, whole = drops(), Case(weekly(), beside={"prices": drops()})
    cut = replace(whole, beside={"prices": known[known["day"] <= day_number(TODAY) - 100]})
    day = TODAY - timedelta(days=100)
    assert replace(whole, as_of=day).why()["price"] == replace(cut, as_of=day).why()["price"]


def test_everyone_has_a_value_in_each_dimension() -> None:
    why = Case(()).why()
    assert (why["loyalty"]["level"], why["price"]["level"], why["credit"]["risk"]) == ("low", "low", "none")
    assert (why["persona"]["name"], why["persona"]["inferred"]) == ("private", True)
    assert why["lifecycle"]["stage"] == "prospect"
    assert why["product"]["preference"] is None
    for locale in ("en", "zh"):
        assert all(sentences(why, locale).values())
