"""Why each customer is what they are: every dimension's value, their numbers and the thresholds.

Facts, not sentences: templates turn them into words. JSON values only; days are ISO texts, money is in
minor units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import pandas as pd

from segmentation.classes import Cutoffs, day_of
from segmentation.criteria import Criteria
from segmentation.explain_accounts import credit_facts
from segmentation.explain_dimensions import COLUMNS, Dimensions
from segmentation.segments import Outcome
from segmentation.visits import DAY_SECONDS

Facts = dict[str, Any]

_COLUMNS = (
    *("visits", "first_day", "last_day", "last_gap", "gaps", "gap_sum", "gap_squares"),
    *("recency_days", "frequency", "monetary", "currency", "r", "f", "m", "rfm_segment"),
    *("value", "frequency_class", "value_then", "frequency_then"),
    *("lifecycle", "since_days", "typical_days", "limit_days", "dormant_days", "churned_days", "prior"),
    *("p_alive", "vip", "vip_months", "rule", "segment"),
)


# What a fact sheet is made of: these columns of Outcome.frame, and money in other currencies (``beside``).
NAMES = tuple(dict.fromkeys((*_COLUMNS, *COLUMNS)))


@dataclass(frozen=True)
class Thresholds:
    """What the numbers of customers are held against. ``credits``: account id -> credit_facts."""

    as_of: date
    criteria: Criteria
    cuts: Cutoffs
    population: int
    credits: Mapping[int, Facts]
    stations: Mapping[int, str]  # their codes

    @classmethod
    def of(cls, outcome: Outcome) -> Thresholds:
        fleet = outcome.accounts
        lines = zip(fleet.index.tolist(), fleet.to_dict("records"), strict=True)
        return cls(
            outcome.as_of,
            outcome.criteria,
            outcome.cuts,
            outcome.population,
            {key: credit_facts(line, outcome) for key, line in lines},
            dict(zip(outcome.stations.index.tolist(), outcome.stations["code"].tolist(), strict=True)),
        )


def explain(outcome: Outcome) -> Iterator[Facts]:
    """One fact sheet (see Sheets.sheet) per row of ``outcome.frame``, in its order."""
    sheets = Sheets(Thresholds.of(outcome))
    return map(sheets.sheet, numbers(Columns(outcome.frame), outcome.beside))


class Columns(dict[str, list[Any]]):
    """The columns of a frame as JSON values; each is made when it is asked for."""

    def __init__(self, frame: pd.DataFrame) -> None:
        super().__init__()
        self.frame = frame

    def __missing__(self, name: str) -> list[Any]:
        self[name] = values = self.frame[name].tolist()
        return values


class _Row(dict[str, Any]):
    """What stands in one place of columns, looked up when it is asked for: of most rows little is."""

    def __init__(self, columns: Columns, place: int) -> None:
        super().__init__()
        self.columns, self.place = columns, place

    def __missing__(self, name: str) -> Any:
        return self.columns[name][self.place]


def numbers(columns: Columns, beside: Mapping[int, dict[str, int]]) -> Iterator[Facts]:
    """NAMES of each row, and its place in ``beside``."""
    count = len(columns.frame)
    columns["beside"] = [beside.get(place, {}) for place in range(count)]
    return (_Row(columns, place) for place in range(count))


class Sheets:
    """Numbers -> facts. ``row``: NAMES and ``beside``, and ``p_alive_on`` where that is another day."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.criteria = criteria = thresholds.criteria
        self.as_of = thresholds.as_of.isoformat()
        self.population = thresholds.population
        self.taken_on = day_of(thresholds.cuts.taken).isoformat()
        self.money_cuts = thresholds.cuts.value
        self.visit_cuts = thresholds.cuts.frequency
        self.rules = [rule.model_dump(exclude={"name"}, exclude_none=True) for rule in criteria.segments]
        others = Dimensions(criteria, thresholds.as_of, thresholds.credits, thresholds.stations)
        self.parts = {
            "rfm": self.rfm,
            "value": self.value,
            "frequency": self.frequency,
            "lifecycle": self.lifecycle,
            **others.parts,
            "vip": self.vip,
            "segment": self.segment,
        }

    def sheet(self, row: Facts) -> Facts:
        """Everything about one customer:

        | key | facts |
        | --- | --- |
        | rfm | recency_days, frequency, monetary, currency, beside, scores r f m, name, population, least |
        | value, frequency | class, then (class at the last month end), high and medium, taken_on |
        | lifecycle | stage, days_since, limits, typical gap, gaps, first and last visit, prior, p_alive |
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
        return {"as_of": self.as_of, **{name: part(row) for name, part in self.parts.items()}}

    def part_json(self, row: Facts, name: str) -> str:
        return orjson.dumps(self.parts[name](row)).decode()

    def vip(self, row: Facts) -> Facts:
        return {"now": row["vip"], "months_since": row["vip_months"] or None}

    def segment(self, row: Facts) -> Facts:
        return {"name": row["segment"], "rule": self.rules[row["rule"] - 1]}

    def rfm(self, row: Facts) -> Facts:
        return {
            "recency_days": None if row["recency_days"] < 0 else row["recency_days"],
            "frequency": row["frequency"],
            "monetary": row["monetary"],
            "currency": row["currency"] or None,
            "beside": row["beside"],
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
            "p_alive_on": row.get("p_alive_on", self.as_of) if known else None,
            "churned_p_alive": criteria.churned_p_alive,
            "churned_least_visits": criteria.churned_least_visits,
        }

    def lifecycle(self, row: Facts) -> Facts:
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
            "first_visit": _iso(row["first_day"]),
            "last_visit": _iso(row["last_day"]),
            "last_gap_days": None if row["last_gap"] < 0 else round(row["last_gap"] / DAY_SECONDS, 2),
            "new_days": self.criteria.lifecycle.new_days,
            "reactivated_days": self.criteria.lifecycle.reactivated_days,
        }


def _iso(day: int) -> str | None:
    return day_of(day).isoformat() if day >= 0 else None
