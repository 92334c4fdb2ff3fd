"""The parts of the criteria that the dimensions beyond RFM and lifecycle are held against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from segmentation.columns import PREFERENCES

Stage = Literal["prospect", "new", "active", "lapsing", "dormant", "churned", "reactivated"]
Level = Literal["high", "medium", "low"]
Persona = Literal["private", "taxi", "business", "heavy", "eco", "fleet"]
Risk = Literal["none", "low", "medium", "high"]
PERSONAS: tuple[Persona, ...] = ("private", "taxi", "business", "heavy", "eco", "fleet")
PREFERRED = frozenset((*PREFERENCES, "mixed"))  # what products.py can say

Percent = Annotated[int, Field(ge=0, le=100)]
Days = Annotated[int, Field(ge=1, le=36_500)]
Whole = Annotated[int, Field(ge=0, le=10**9)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(Part):
    """One of several rules; the first that fits is taken. A condition that is absent always holds."""

    name: str


class Points(Part):
    """What each part of loyalty can give."""

    tenure: Percent
    months: Percent
    regularity: Percent
    home: Percent
    bot: Percent


class Loyalty(Part):
    tenure_days: Days
    months: Annotated[int, Field(ge=1, le=60)]
    regular_spread: Positive
    irregular_spread: Positive
    points: Points
    high: Percent
    medium: Percent

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = sum(self.points.model_dump().values())
        if total != 100:
            raise ValueError(f"the points add up to {total}, not to 100")
        if self.medium > self.high:
            raise ValueError("medium is above high, so that medium is never reached")
        if self.regular_spread >= self.irregular_spread:
            raise ValueError("regular_spread is not below irregular_spread")
        return self


class Risks(Part):
    """At least one of these numbers reached."""

    days_overdue: Whole
    used_percent: Whole
    failed_payments: Whole


class Credit(Part):
    high: Risks
    medium: Risks

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        medium, high = self.medium.model_dump(), self.high.model_dump()
        faults = [f"medium.{name} is above high.{name}" for name in medium if medium[name] > high[name]]
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Above(Part):
    """How far above chance: so many times as often, and by so many standard deviations."""

    times: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    deviations: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Price(Part):
    drop_days: Annotated[int, Field(ge=1, le=30)]
    look_back_days: Annotated[int, Field(ge=7, le=365)]
    least_visits: Annotated[int, Field(ge=1)]
    least_hits: Annotated[int, Field(ge=1)]
    high: Above
    medium: Above

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.medium.times > self.high.times or self.medium.deviations > self.high.deviations:
            raise ValueError("medium is above high, so that medium is never reached")
        if self.drop_days >= self.look_back_days:
            raise ValueError("drop_days is not below look_back_days, so that every day would be a drop day")
        return self


class PersonaRule(Line):
    """One line of the inferred persona. A condition that is absent always holds."""

    name: Persona
    product: list[str] | None = None
    least_visits: Annotated[int, Field(ge=1)] | None = None
    most_gap_days: Positive | None = None
    least_fill_litres: Annotated[int, Field(ge=1)] | None = None
    most_fill_litres: Annotated[int, Field(ge=1)] | None = None
    company_percent: Percent | None = None
    workday_percent: Percent | None = None


class PersonaRules(Part):
    vehicles: dict[str, Persona]
    rules: list[PersonaRule]

    @model_validator(mode="after")
    def _reaches_everyone(self) -> Self:
        refuse_holes(self.rules)
        for rule in self.rules:
            if unknown := sorted({*(rule.product or ())} - PREFERRED):
                raise ValueError(f"'{rule.name}' asks for {unknown[0]!r}, which is no preference")
        return self


class Decline(Part):
    percent: Percent
    months: Annotated[int, Field(ge=2, le=60)]
    least_peak_litres: Whole


class Pattern(Part):
    least_visits: Annotated[int, Field(ge=1)]
    weekday_percent: Percent
    third_percent: Annotated[int, Field(gt=50, le=100)]


class Times(Part):
    """Multiples of what makes one person ``high``."""

    high: Positive
    medium: Positive

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.medium > self.high:
            raise ValueError("medium is above high, so that medium is never reached")
        return self


class Tier(Line):
    """One line of an account's tier. A condition that is absent always holds."""

    name: Annotated[str, Field(min_length=1, max_length=16)]
    value: list[Level] | None = None
    frequency: list[Level] | None = None
    lifecycle: list[Stage] | None = None
    credit_risk: list[Risk] | None = None


class Accounts(Part):
    value_times: Times
    frequency_times: Times
    alive_percent: Annotated[int, Field(ge=1, le=100)]
    alive_order: list[Stage]
    tiers: list[Tier]

    @model_validator(mode="after")
    def _reaches_everyone(self) -> Self:
        came = {"active", "reactivated", "new", "lapsing", "dormant", "churned"}
        missing = sorted(came - set(self.alive_order))
        if missing:
            raise ValueError(f"alive_order has no place for {', '.join(missing)}")
        if len(self.alive_order) != len(set(self.alive_order)):
            raise ValueError("alive_order names a stage twice")
        refuse_holes(self.tiers)
        return self


def refuse_holes(lines: Sequence[Line]) -> None:
    """Rules of which the first that fits is taken: each must be able to fit, and one must fit everyone.

    Raises ValueError, which names the rule.
    """
    asked = [(line.name, line.model_dump(exclude={"name"}, exclude_none=True)) for line in lines]
    for place, (name, conditions) in enumerate(asked):
        if [] in conditions.values():
            raise ValueError(f"'{name}' has an empty list, so it never fits")
        for earlier, wider in asked[:place]:
            if not wider:
                raise ValueError(f"'{earlier}' has no condition, so the rules after it never fit")
            if all(key in conditions and _no_less(key, conditions[key], wider[key]) for key in wider):
                raise ValueError(f"'{name}' asks no less than '{earlier}' before it, so it never fits")
    if not asked or asked[-1][1]:
        raise ValueError("the last rule must have no condition, or some have none that fits")


def _no_less(key: str, mine: Any, theirs: Any) -> bool:
    """Whether whoever meets ``mine`` meets ``theirs``."""
    if isinstance(theirs, list):
        return set(mine) <= set(theirs)
    most = key.startswith("most_") or key == "vip_within"
    return bool(mine <= theirs if most else mine >= theirs)
