"""Why each customer is what they are: every dimension's value, their numbers and the thresholds.

Facts, not sentences: templates turn them into words. JSON values only; days are ISO texts, money is in
minor units.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from segmentation.classes import day_of
from segmentation.explain_dimensions import COLUMNS, Dimensions
from segmentation.segments import Outcome
from segmentation.visits import DAY_SECONDS

Facts = dict[str, Any]

_COLUMNS = (
    *("visits", "first_day", "last_day", "last_gap", "gaps"),
    *("recency_days", "frequency", "monetary", "currency", "r", "f", "m", "rfm_segment"),
    *("value", "frequency_class", "value_then", "frequency_then"),
    *("lifecycle", "since_days", "typical_days", "limit_days", "dormant_days", "churned_days", "prior"),
    *("p_alive", "vip", "vip_months", "rule", "segment"),
)


def explain(outcome: Outcome) -> Iterator[Facts]:
    """One fact sheet per row of ``outcome.frame``, in its order.

    | key | facts |
    | --- | --- |
    | rfm | recency_days, frequency, monetary, currency, beside, scores r f m, name, population, least |
    | value, frequency | class, then (class at the last month end), cut-offs high and medium, taken_on |
    | lifecycle | stage, days_since, limits in days, typical gap, gaps, first and last visit, prior, p_alive |
    | product | preference, share_percent, share_of (spend or litres), least_percent |
    | loyalty | level, points, parts (points, most of each), the numbers they came from, least |
    | credit | risk, and of the account driven for: its numbers, the least of high and medium |
    | persona | name, from (declared, vehicle, account, inferred), the rule that fitted, the numbers |
    | price | level, enough (visits to tell), visits, hits, expected by chance, what they were, least |
    | place | home station's code, city, region, visits there of all; declared: no visit in the window |
    | rhythm | typical_days, spread, due_on, overdue_days, weekday (0 Monday) and third of the month |
    | decline | declining, month, month_ml, peak_month, peak_ml, percent, least_percent, least_peak_ml |
    | vip | now, months_since (null: not within memory) |
    | segment | name, rule (the conditions of the line that fitted) |
    """
    names = tuple(dict.fromkeys((*_COLUMNS, *COLUMNS)))
    columns = {name: outcome.frame[name].tolist() for name in names}
    dimensions = Dimensions(outcome)
    thresholds = _Thresholds(outcome)
    days = _Days(outcome.frame)
    for place, values in enumerate(zip(*columns.values(), strict=True)):
        row = dict(zip(names, values, strict=True))
        yield {
            "as_of": thresholds.as_of,
            "rfm": thresholds.rfm(row, outcome.beside.get(place, {})),
            "value": thresholds.value(row),
            "frequency": thresholds.frequency(row),
            "lifecycle": thresholds.lifecycle(row, days),
            **dimensions.facts(row),
            "vip": {"now": row["vip"], "months_since": row["vip_months"] or None},
            "segment": {"name": row["segment"], "rule": thresholds.rules[row["rule"] - 1]},
        }


class _Days(dict[int, str | None]):
    """Day number -> ISO text, each made once."""

    def __init__(self, frame: pd.DataFrame) -> None:
        numbers = {*frame["first_day"].tolist(), *frame["last_day"].tolist()}
        super().__init__({n: day_of(n).isoformat() if n >= 0 else None for n in numbers})


class _Thresholds:
    """What the numbers of a customer are held against."""

    def __init__(self, outcome: Outcome) -> None:
        cuts, criteria = outcome.cuts, outcome.criteria
        self.criteria = criteria
        self.as_of = outcome.as_of.isoformat()
        self.population = outcome.population
        self.taken_on = day_of(cuts.taken).isoformat()
        self.money_cuts = cuts.value
        self.visit_cuts = cuts.frequency
        self.rules = [rule.model_dump(exclude={"name"}, exclude_none=True) for rule in criteria.segments]

    def rfm(self, row: Facts, beside: dict[str, int]) -> Facts:
        return {
            "recency_days": None if row["recency_days"] < 0 else row["recency_days"],
            "frequency": row["frequency"],
            "monetary": row["monetary"],
            "currency": row["currency"] or None,
            "beside": beside,
            "r": row["r"] or None,
            "f": row["f"] or None,
            "m": row["m"] or None,
            "name": row["rfm_segment"] or None,
            "population": self.population,
            "least": self.criteria.rfm.minimum_population,
            "window_days": self.criteria.rfm.window_days,
        }

    def value(self, row: Facts) -> Facts:
        cuts = self.money_cuts.get(row["currency"])
        return self._class(row["value"], row["value_then"], row["monetary"], cuts)

    def frequency(self, row: Facts) -> Facts:
        return self._class(row["frequency_class"], row["frequency_then"], row["frequency"], self.visit_cuts)

    def _class(self, now: str, then: str, number: int, cuts: tuple[int, int] | None) -> Facts:
        return {
            "class": now or None,
            "then": then or None,
            "number": number,
            "high": cuts and cuts[0],
            "medium": cuts and cuts[1],
            "taken_on": self.taken_on,
            "keep_percent": self.criteria.steady.keep_percent,
        }

    def _alive(self, row: Facts) -> Facts:
        """A chance that falls every day is told with its day: the row is not written again for it."""
        known, criteria = row["p_alive"] >= 0, self.criteria.lifecycle
        return {
            "p_alive": row["p_alive"] if known else None,
            "p_alive_on": self.as_of if known else None,
            "churned_p_alive": criteria.churned_p_alive,
            "churned_least_visits": criteria.churned_least_visits,
        }

    def lifecycle(self, row: Facts, days: _Days) -> Facts:
        return {
            "stage": row["lifecycle"],
            "days_since": None if row["since_days"] < 0 else row["since_days"],
            "limit_days": row["limit_days"],
            "dormant_days": row["dormant_days"],
            "churned_days": row["churned_days"],
            **self._alive(row),
            "typical_days": row["typical_days"],
            "visits": row["visits"],
            "gaps": row["gaps"],
            "prior": row["prior"],
            "first_visit": days[row["first_day"]],
            "last_visit": days[row["last_day"]],
            "last_gap_days": None if row["last_gap"] < 0 else round(row["last_gap"] / DAY_SECONDS, 2),
            "new_days": self.criteria.lifecycle.new_days,
            "reactivated_days": self.criteria.lifecycle.reactivated_days,
        }
