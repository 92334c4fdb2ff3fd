"""Every threshold of the segmentation, as versioned data that is checked when it is read."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from segmentation.thresholds import (
    Accounts,
    Credit,
    Days,
    Decline,
    Level,
    Line,
    Loyalty,
    Part,
    Pattern,
    Percent,
    PersonaRules,
    Positive,
    Price,
    Stage,
    refuse_holes,
)

DEFAULT = Path(__file__).with_name("criteria.toml")

SegmentName = Literal[
    "prospect", "new", "at_risk_vip", "vip", "churned", "dormant", "lapsing", "reactivated", "regular"
]
STAGES: tuple[Stage, ...] = ("prospect", "new", "active", "lapsing", "dormant", "churned", "reactivated")
SEGMENTS: tuple[SegmentName, ...] = (
    "prospect",
    "new",
    "at_risk_vip",
    "vip",
    "churned",
    "dormant",
    "lapsing",
    "reactivated",
    "regular",
)

Score = Annotated[int, Field(ge=1, le=5)]


@dataclass(frozen=True, slots=True)
class Fault:
    """A setting that cannot be so: ``code`` gt, ge, lt or le with its ``limit``, else type, rule, missing."""

    name: str
    code: str
    limit: Any = None


CODES = {"value_error": "rule", "missing": "missing", "extra_forbidden": "missing"}


class CriteriaFault(Exception):
    """The criteria cannot be used. ``sentences`` names each fault."""

    def __init__(self, sentences: list[str], faults: list[Fault] | None = None) -> None:
        super().__init__("; ".join(sentences))
        self.sentences = sentences
        self.faults = faults or []

    def facts(self) -> list[dict[str, Any]]:
        """Each fault as a template takes it: ``name`` of the setting, ``code``, ``limit``."""
        return [asdict(one) for one in self.faults]


class Visit(Part):
    gap_minutes: Annotated[int, Field(ge=0, le=1440)]


class Name(Part):
    """A rectangle of cells: scores from the first to the last number, both included."""

    name: Annotated[str, Field(min_length=1, max_length=32)]
    r: tuple[Score, Score]
    f: tuple[Score, Score]

    def cells(self) -> list[tuple[int, int]]:
        rows, columns = range(self.r[0], self.r[1] + 1), range(self.f[0], self.f[1] + 1)
        return [(r, f) for r in rows for f in columns]


class Rfm(Part):
    window_days: Days
    minimum_population: Annotated[int, Field(ge=1)]
    names: list[Name]

    @model_validator(mode="after")
    def _each_cell_once(self) -> Self:
        covered: dict[tuple[int, int], list[str]] = {(r, f): [] for r in range(1, 6) for f in range(1, 6)}
        for name in self.names:
            for cell in name.cells():
                covered[cell].append(name.name)
        faults = []
        for (r, f), names in covered.items():
            if not names:
                faults.append(f"no name covers R {r}, F {f}")
            elif len(names) > 1:
                faults.append(f"{' and '.join(names)} both cover R {r}, F {f}")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Value(Part):
    high_percent: Percent
    medium_percent: Percent
    high_spend: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.high_percent + self.medium_percent > 100:
            raise ValueError("high_percent and medium_percent together are more than 100")
        return self


class Frequency(Part):
    method: Literal["terciles", "fixed"]
    high_visits: Annotated[int, Field(ge=1)]
    medium_visits: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.medium_visits > self.high_visits:
            raise ValueError("medium_visits is above high_visits")
        return self


class Steady(Part):
    keep_percent: Percent


class Rhythm(Part):
    prior_weight: Positive
    spread_factor: Positive
    typical_multiple: Positive
    shortest_limit_days: Positive
    shortest_gap_days: Positive
    similar_customers: Annotated[int, Field(ge=1)]
    default_gap_days: Positive
    default_spread: Positive


class Lifecycle(Part):
    dormant_multiple: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    dormant_least_days: Positive
    churned_after_days: Positive
    churned_p_alive: Annotated[float, Field(ge=0, le=1)]
    churned_least_visits: Annotated[int, Field(ge=1)]
    reactivated_days: Days
    new_days: Days


class Product(Part):
    share_percent: Annotated[int, Field(gt=50, le=100)]  # at most one group can hold more than half


class Vip(Part):
    value: list[Level]
    frequency: list[Level]
    lifecycle: list[Stage]


class Rule(Line):
    """One line of the primary segment. A condition that is absent always holds."""

    name: SegmentName
    lifecycle: list[Stage] | None = None
    vip: Literal[True] | None = None
    vip_within: Annotated[int, Field(ge=1, le=36)] | None = None


class Criteria(Part):
    version: Annotated[str, Field(min_length=1, max_length=32)]
    visit: Visit
    rfm: Rfm
    value: Value
    frequency: Frequency
    steady: Steady
    rhythm: Rhythm
    lifecycle: Lifecycle
    product: Product
    loyalty: Loyalty
    credit: Credit
    price: Price
    persona: PersonaRules
    decline: Decline
    pattern: Pattern
    accounts: Accounts
    vip: Vip
    segments: list[Rule]

    @model_validator(mode="after")
    def _rules_reach_everyone(self) -> Self:
        try:
            refuse_holes(self.segments)
        except ValueError as error:
            raise ValueError(f"segments: {error}") from None
        return self

    @property
    def memory_months(self) -> int:
        """How many month ends back the rules look; the value classes need at least the last one."""
        return max([1, *(rule.vip_within or 0 for rule in self.segments)])


def parse(text: str) -> Criteria:
    """Criteria from TOML text. Raises CriteriaFault with one sentence per fault."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CriteriaFault([f"the criteria are not TOML: {error}"]) from None
    try:
        return Criteria.model_validate(data)
    except ValidationError as error:
        raise CriteriaFault(_sentences(error)) from None


@cache
def load(path: Path = DEFAULT) -> Criteria:
    """Criteria from a file. Raises CriteriaFault, OSError."""
    return parse(path.read_text(encoding="utf-8"))


def changed(criteria: Criteria, settings: dict[str, Any], version: str) -> Criteria:
    """The criteria with some settings (dotted name -> value; None takes it away) under another version.

    Raises CriteriaFault, whose ``faults`` name the settings.
    """
    data = criteria.model_dump(mode="json", exclude_none=True)
    for name, value in settings.items():
        *path, last = name.split(".")
        part: Any = data
        for each in path:
            part = part.get(each) if isinstance(part, dict) else None
        if not isinstance(part, dict):
            raise CriteriaFault([f"{name}: there is no such setting"], [Fault(name, "missing")])
        part.pop(last, None)
        if value is not None:
            part[last] = value
    data["version"] = version
    try:
        return Criteria.model_validate(data)
    except ValidationError as error:
        raise CriteriaFault(_sentences(error), _faults(error)) from None


def _faults(error: ValidationError) -> list[Fault]:
    found = []
    for fault in error.errors(include_url=False):
        told = fault.get("ctx", {})
        limits = {key: told[key] for key in ("gt", "ge", "lt", "le") if key in told}
        code, limit = next(iter(limits.items()), (CODES.get(fault["type"], "type"), None))
        name = ".".join(part for part in fault["loc"] if isinstance(part, str) and part.islower())
        found.append(Fault(name, code, limit))
    return found


def _sentences(error: ValidationError) -> list[str]:
    sentences: list[str] = []
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"])
        what = fault["msg"].removeprefix("Value error, ")
        sentences.extend(f"{place}: {part}" if place else part for part in what.split("; "))
    return sentences
