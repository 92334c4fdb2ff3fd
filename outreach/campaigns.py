"""Campaigns as data: read from ``campaigns.toml`` and checked, one sentence per fault."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from outreach.calendar import trigger

FILE = Path(__file__).with_name("campaigns.toml")

Kind = Literal["marketing", "service"]
Segment = Literal[
    "vip", "at_risk_vip", "regular", "new", "reactivated", "lapsing", "dormant", "churned", "prospect"
]
TRIGGERS = frozenset(
    {
        "first_fillup",
        "nudge",
        "lapsing",
        "dormant",
        "churned",
        "became",
        "monthly",
        "calendar",
        "birthday",
        "coupon",
        "due",
    }
)
AWAY = ("lapsing", "dormant", "churned")
WELCOMES = frozenset({"first_fillup", "nudge"})
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "left": ("price", "car", "moved", "other_station", "service", "other"),
}


class CampaignFault(Exception):
    """The campaigns cannot be used as they are written; ``faults`` has one sentence for each reason."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Offer:
    """A coupon: its value in currency units, how long it is good for, and when another may follow."""

    value: Decimal
    days: int
    again_after_days: int


@dataclass(frozen=True, slots=True)
class Situation:
    """One thing that can be so for a person, and the message for it."""

    campaign: str
    name: str  # the trigger: one of TRIGGERS
    kind: Kind
    priority: int
    template: str
    expires: timedelta
    offer: Offer | None = None
    asks: str | None = None
    after: timedelta = timedelta(0)
    before: timedelta = timedelta(0)  # of a coupon: how long before its end
    benefit: Literal["no", "may", "must"] = "no"  # whether a line of benefits.toml is told
    series: timedelta | None = None  # one series per person in this time
    again_after: timedelta | None = None  # the situation itself at most once in this time
    quiet: bool = True
    at_usual_hour: bool = False  # waits for the hour at which the person usually comes
    holdout: float = 0.0  # share of the people who are left without, to compare with
    window: timedelta = timedelta(days=30)  # in which it may show an effect
    cron: str | None = None  # of a calendar: when, in the chain's zone
    late: timedelta = timedelta(0)  # of a calendar: how long after its hour it may still go out
    segments: tuple[str, ...] = ()  # of a calendar: whom
    variants: tuple[str, ...] = ()  # templates that share the people evenly, to see which brings more
    ends: datetime | None = None  # of a broadcast: when its time is over


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``most`` messages in ``days``; ``counts`` says which messages count."""

    counts: Literal["marketing", "all"]
    most: int
    days: int

    @property
    def span(self) -> timedelta:
        return timedelta(days=self.days)

    def covers(self, kind: str) -> bool:
        return self.counts == "all" or kind == "marketing"


@dataclass(frozen=True, slots=True)
class Contact:
    """When and how often anyone may be written to unasked."""

    quiet_from: time
    quiet_until: time
    quiet_expiry: timedelta
    history: timedelta
    caps: tuple[Cap, ...]
    holdout_from: int = 2000  # people who hear offers; below that nobody is held out


@dataclass(frozen=True, slots=True)
class Campaigns:
    contact: Contact
    situations: tuple[Situation, ...]
    off: tuple[str, ...] = ()  # switched off: what they have in the queue is dropped
    resting: tuple[Situation, ...] = ()  # the situations of those that are off

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(situation.campaign for situation in self.situations))

    @property
    def known(self) -> tuple[str, ...]:
        """Every campaign, those that are off included."""
        return tuple(dict.fromkeys((*self.names, *self.off)))

    def only(self, campaign: str) -> Campaigns:
        """The same rules with one campaign alone, on or off as it is. Raises KeyError for an unknown name."""
        if campaign not in self.known:
            raise KeyError(campaign)
        return replace(
            self,
            situations=tuple(s for s in self.situations if s.campaign == campaign),
            resting=tuple(s for s in self.resting if s.campaign == campaign),
            off=tuple(name for name in self.off if name == campaign),
        )

    def switched(self, on: Mapping[str, bool]) -> Campaigns:
        """The same campaigns with these on or off; whoever is not named stays as they are."""
        known = (*self.situations, *self.resting)
        off = {s.campaign for s in known if not on.get(s.campaign, s.campaign not in self.off)}
        return replace(
            self,
            situations=tuple(s for s in known if s.campaign not in off),
            resting=tuple(s for s in known if s.campaign in off),
            off=tuple(dict.fromkeys(s.campaign for s in known if s.campaign in off)),
        )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Offer(_Strict):
    value: Annotated[str, Field(pattern=r"^\d{1,9}(\.\d{1,4})?$")]
    days: Annotated[int, Field(ge=1, le=3650)]
    again_after_days: Annotated[int, Field(ge=0, le=36_500)]

    def built(self) -> Offer:
        return Offer(Decimal(self.value), self.days, self.again_after_days)


_Template = Annotated[str, Field(pattern=r"^outreach/[a-z0-9_]+$", max_length=52)]


class _Situation(_Strict):
    template: _Template
    variants: Annotated[tuple[_Template, ...], Field(max_length=4)] = ()
    after_days: Annotated[int, Field(ge=0, le=3650)] = 0
    before_days: Annotated[int, Field(ge=0, le=365)] = 0
    benefit: Literal["no", "may", "must"] = "no"
    again_after_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    offer: Literal[False] | _Offer | None = None
    asks: Literal["left"] | None = None
    cron: str | None = None
    late_hours: Annotated[int, Field(ge=1, le=168)] = 12
    segments: Annotated[tuple[Segment, ...], Field(max_length=9)] = ()

    @field_validator("cron")
    @classmethod
    def _readable(cls, cron: str | None) -> str | None:
        if cron is not None:
            trigger(cron)
        return cron

    @model_validator(mode="after")
    def _several(self) -> _Situation:
        given = self.variants
        if given and (given[0] != self.template or len(given) < 2 or len(set(given)) < len(given)):
            raise ValueError("variants must be two to four different templates, the first of them 'template'")
        return self


class _Campaign(_Strict):
    kind: Kind
    priority: Annotated[int, Field(ge=1, le=1000)]
    expires_days: Annotated[int, Field(ge=1, le=365)]
    series_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    offer: _Offer | None = None
    quiet_hours: bool = True
    send_time: Literal["soon", "usual"] = "soon"
    on: bool = True
    holdout_percent: Annotated[int, Field(ge=0, le=50)] = 0
    window_days: Annotated[int, Field(ge=1, le=365)] = 30
    situations: Annotated[dict[str, _Situation], Field(min_length=1)]

    @model_validator(mode="after")
    def _known(self) -> _Campaign:
        if unknown := set(self.situations) - TRIGGERS:
            names = ", ".join(sorted(unknown))
            raise ValueError(f"nobody knows the situation {names}; known are {', '.join(sorted(TRIGGERS))}")
        for name, situation in self.situations.items():
            if (name == "calendar") != bool(situation.cron and situation.segments):
                raise ValueError("the situation calendar, and no other, needs 'cron' and 'segments'")
            if (name == "coupon") != bool(situation.before_days):
                raise ValueError("the situation coupon, and no other, needs 'before_days'")
        if self.holdout_percent and (self.kind == "service" or WELCOMES & set(self.situations)):
            raise ValueError("holdout_percent must be 0 here: a welcome or a service message is owed to all")
        return self


class _Cap(_Strict):
    counts: Literal["marketing", "all"]
    most: Annotated[int, Field(ge=1, le=1000)]
    days: Annotated[int, Field(ge=1, le=365)]


class _Contact(_Strict):
    quiet_from: time
    quiet_until: time
    quiet_expiry_hours: Annotated[int, Field(ge=1, le=168)]
    history_days: Annotated[int, Field(ge=1, le=365)]
    caps: list[_Cap]
    holdout_from: Annotated[int, Field(ge=0)] = 2000


class _File(_Strict):
    contact: _Contact
    campaigns: Annotated[dict[str, _Campaign], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_situation_once(self) -> _File:
        seen: dict[str, str] = {}
        for name, campaign in self.campaigns.items():
            if not campaign.on:  # such as a copy that is tried, or what it is tried instead of
                continue
            for situation in set(campaign.situations) - {"calendar"}:  # each has its own hours
                if situation in seen:
                    twice = f"the situation {situation} stands in both {seen[situation]} and {name}"
                    raise ValueError(f"{twice}; switch one of them off")
                seen[situation] = name
        return self


@lru_cache
def shipped() -> Campaigns:
    """The campaigns that come with Forecourt."""
    return read(FILE.read_text(encoding="utf-8"))


def read(text: str) -> Campaigns:
    """Campaigns from TOML. Raises CampaignFault with every fault found."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CampaignFault([f"campaigns.toml cannot be read: {error}"]) from None
    try:
        file = _File.model_validate(raw)
    except ValidationError as error:
        raise CampaignFault(_sentences(error)) from None
    off = tuple(name for name, campaign in file.campaigns.items() if not campaign.on)
    known = _situations(file.campaigns)
    return Campaigns(
        _contact(file.contact),
        situations=tuple(each for each in known if each.campaign not in off),
        off=off,
        resting=tuple(each for each in known if each.campaign in off),
    )


def _sentences(error: ValidationError) -> list[str]:
    found = []
    for fault in error.errors(include_input=False, include_url=False):
        place = ".".join(str(part) for part in fault["loc"]) or "campaigns.toml"
        found.append(f"{place}: {fault['msg'].removeprefix('Value error, ')}")
    return found


def _contact(raw: _Contact) -> Contact:
    return Contact(
        quiet_from=raw.quiet_from,
        quiet_until=raw.quiet_until,
        quiet_expiry=timedelta(hours=raw.quiet_expiry_hours),
        history=timedelta(days=raw.history_days),
        caps=tuple(Cap(cap.counts, cap.most, cap.days) for cap in raw.caps),
        holdout_from=raw.holdout_from,
    )


def _situations(campaigns: dict[str, _Campaign]) -> list[Situation]:
    return [
        _situation(name, campaign, when, situation)
        for name, campaign in campaigns.items()
        for when, situation in campaign.situations.items()
    ]


def _situation(name: str, campaign: _Campaign, when: str, raw: _Situation) -> Situation:
    offer = campaign.offer if raw.offer is None else raw.offer or None
    return Situation(
        campaign=name,
        name=when,
        kind=campaign.kind,
        priority=campaign.priority,
        template=raw.template,
        variants=raw.variants,
        expires=timedelta(days=campaign.expires_days),
        offer=offer.built() if offer else None,
        asks=raw.asks,
        after=timedelta(days=raw.after_days),
        before=timedelta(days=raw.before_days),
        benefit=raw.benefit,
        series=_days(campaign.series_days),
        again_after=_days(raw.again_after_days),
        quiet=campaign.quiet_hours,
        at_usual_hour=campaign.send_time == "usual",
        holdout=campaign.holdout_percent / 100,
        window=timedelta(days=campaign.window_days),
        cron=raw.cron,
        late=timedelta(hours=raw.late_hours),
        segments=raw.segments,
    )


def _days(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(days=number)
