"""A question as a value: every way of asking ends here, and every answer begins here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["count", "list", "breakdown", "compare", "trend", "person", "change"]
Operator = Literal["=", "!=", ">", ">=", "<", "<="]
KINDS: tuple[Kind, ...] = ("count", "list", "breakdown", "compare", "trend", "person", "change")
EACH = "_each"  # a sum by the customers who came: the mean of them
RATES = {"_day": 1.0, "_week": 7.0, "_month": 365.25 / 12}  # a sum by its days: so much in so many
RATED = tuple(f"{name}{step}" for name in ("visits", "litres", "spend") for step in RATES)
APART = ("km", "gap", "churn")  # made of each customer, and not of rows added up
FORECAST = ("worth", "expected")  # spend and visits of the next 90 days
MEANS = (
    *("spend_each", "litres_each", "visits_each", "worth_each", "expected_each", "litres_visit"),
    *(*RATED, "gap", "churn"),
)
MEASURES = ("customers", "visits", "litres", "spend", "basket", "km", *FORECAST, *MEANS)
SUMMED = frozenset({"visits", "spend", "litres", "basket", "km", *FORECAST})
PACES = tuple(f"{name}{step}" for name in ("visits", "litres", "spend") for step in ("_week", "_month"))
STEPS = ("day", "week", "month", "quarter")  # of a trend
BEGUN = ("first", "joined")  # days on which a customer began: people are told apart and followed by them
DEFAULT_MEASURE = "customers"
_BARE = re.compile(r"[^\s\",:<>=]+")


@dataclass(frozen=True, slots=True, order=True)
class Filter:
    """``field`` and what its value must be: with ``=`` one of ``values``, with ``!=`` none of them.

    Values are texts: codes, numbers in the units people write (money in the major unit, litres, km,
    whole days), periods as in questions.period, station codes, names.
    """

    field: str
    op: Operator
    values: tuple[str, ...]

    def canonical(self) -> str:
        words = ",".join(quoted(value) for value in self.values)
        if self.op == "=":
            return f"{self.field}:{words}"
        if self.op == "!=":
            return f"-{self.field}:{words}"
        return f"{self.field}{self.op}{words}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of whom, of when. Equal questions are equal values: filters stand sorted.

    ``by`` is the dimension of a breakdown or comparison, or the step of a trend. ``period`` is the time of
    a measure (empty: the 365 days up to today). ``sort`` is a measure, with ``-`` for the largest first.
    """

    kind: Kind = "list"
    filters: tuple[Filter, ...] = ()
    by: str = ""
    measure: str = DEFAULT_MEASURE
    period: str = ""
    sort: str = ""
    limit: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "filters", tuple(sorted(set(self.filters))))

    def canonical(self) -> str:
        """The question as a typed filter: ``parse(q.canonical())`` is ``q`` again."""
        parts = [f"show:{self.kind}"] if self.kind != "list" else []
        parts += [one.canonical() for one in self.filters]
        if self.measure != DEFAULT_MEASURE:
            parts.append(f"measure:{self.measure}")
        for name in ("by", "period", "sort"):
            if text := getattr(self, name):
                parts.append(f"{name}:{text}")
        if self.limit is not None:
            parts.append(f"limit:{self.limit}")
        return " ".join(parts) or "show:list"

    @property
    def summed(self) -> str:
        """What the measure is a sum or a mean of: ``litres`` of ``litres_visit``."""
        return self.measure.partition("_")[0]

    def of(self, field: str) -> tuple[Filter, ...]:
        return tuple(one for one in self.filters if one.field == field)


def quoted(value: str) -> str:
    """A value as it is typed: in quotes where it holds a sign of the grammar."""
    if _BARE.fullmatch(value) and not value.startswith("-"):
        return value
    return '"' + value.replace('"', "'") + '"'
