"""What there is to tell a good customer: benefits and news by product, as data."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from outreach.campaigns import CampaignFault
from templates import LOCALES, exists

FILE = Path(__file__).with_name("benefits.toml")


class Benefit(BaseModel):
    """One line to tell those who usually buy ``products``; between two days, both included, where given."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    kind: Literal["benefit", "news"]
    products: Annotated[tuple[str, ...], Field(min_length=1)]
    since: Annotated[date, Field(alias="from")] = date.min
    until: date = date.max
    everyone: bool = False  # also for those who are no VIPs
    demo: bool = False  # true of the invented chain only

    @model_validator(mode="after")
    def _in_order(self) -> Benefit:
        if self.until < self.since:
            raise ValueError(f"'until' of {self.id} is before its 'from'")
        return self

    @property
    def template(self) -> str:
        return f"outreach/benefits/{self.id}"

    def suits(self, usual: Collection[str], day: date) -> bool:
        """``usual`` is the person's usual product and its family, or nothing when nobody knows it."""
        named = "all" in self.products or any(product in self.products for product in usual)
        return named and self.since <= day <= self.until


@dataclass(frozen=True, slots=True)
class Benefits:
    entries: tuple[Benefit, ...]

    def of_chain(self, *, demo: bool) -> Benefits:
        """What may be promised: the invented chain's lines are no real chain's."""
        return self if demo else Benefits(tuple(each for each in self.entries if not each.demo))

    def for_person(
        self, usual: Collection[str], told: Collection[str], day: date, *, vip: bool = True
    ) -> Benefit | None:
        """The first line that suits and is new to the person; the more specific one goes first."""
        theirs = [each for each in self.entries if vip or each.everyone]
        fresh = [each for each in theirs if each.id not in told and each.suits(usual, day)]
        return min(fresh, key=lambda each: "all" in each.products, default=None)


@lru_cache
def shipped() -> Benefits:
    """The benefits that stand in benefits.toml. Raises CampaignFault."""
    return read(FILE.read_text(encoding="utf-8"))


def read(text: str) -> Benefits:
    """Benefits from TOML. Raises CampaignFault with every fault found, missing sentences included."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CampaignFault([f"benefits.toml cannot be read: {error}"]) from None
    entries, faults = [], []
    for number, row in enumerate(raw.get("benefits", []), start=1):
        try:
            entries.append(Benefit.model_validate(row))
        except ValidationError as error:
            for fault in error.errors(include_input=False, include_url=False):
                place = ".".join(str(part) for part in fault["loc"])
                faults.append(f"benefit {number}: {place} {fault['msg'].removeprefix('Value error, ')}")
    faults += _repeated(entries) + _wordless(entries)
    if faults:
        raise CampaignFault(faults)
    return Benefits(tuple(entries))


def _repeated(entries: Sequence[Benefit]) -> list[str]:
    ids = [each.id for each in entries]
    return [f"the benefit {name} stands there twice" for name in sorted({i for i in ids if ids.count(i) > 1})]


def _wordless(entries: Sequence[Benefit]) -> list[str]:
    return [
        f"the benefit {each.id} has no sentence in {locale}"
        for each in entries
        for locale in LOCALES
        if not exists(each.template, locale)
    ]
