"""A fill-up on its way to being recorded: what is known so far, and what must still be asked.

The draft lives in the talk. Its id stands in every button, so that a button of another draft, or of one
that was recorded, does nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from crm.stations import Station
from handlers import stations
from handlers.ask import Ask
from handlers.route import Step
from intake.said import Said, contradiction, parse

GOOD_FOR = timedelta(days=1)
TOLD = ("product", "millilitres", "amount", "unit_price", "payment", "odometer_km")  # of a Said, and recorded


@dataclass(slots=True)
class Draft:
    """JSON values only. ``want`` names what the taps still ask for: station, product, amount."""

    id: str
    started: str
    at: str
    currency: str
    want: list[str]
    station: int | None = None
    product: str | None = None
    millilitres: int | None = None
    amount: int | None = None
    unit_price: int | None = None
    payment: str | None = None
    odometer_km: int | None = None
    full: bool = False
    day: str | None = None
    place: str = ""
    bare: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def step(self, name: str) -> Step:
        return Step(f"fillup.{name}", asdict(self))

    @property
    def quantity(self) -> bool:
        return self.full or self.millilitres is not None or self.amount is not None

    def pending(self) -> str:
        """The next thing to ask; empty when it can be recorded."""
        places = get_currency_precision(self.currency)
        open_ = {
            "unit": bool(self.bare),
            "time": self.day is not None,
            "which": contradiction(self.millilitres, self.unit_price, self.amount, places),
            "confirm": bool(self.unknown),
            "station": self.station is None or "station" in self.want,
            "product": "product" in self.want and self.product is None,
            "amount": not self.quantity,
        }
        return next((name for name, asked in open_.items() if asked), "")

    def told(self) -> dict[str, Any]:
        """What is known of the sale, as ``crm.fillups.record`` and the templates take it."""
        return {name: getattr(self, name) for name in TOLD}

    def take(self, said: Said) -> None:
        """Add what was just said; it counts before what was known."""
        for name in TOLD:
            if (value := getattr(said, name)) is not None:
                setattr(self, name, value)
        if said.station is not None:
            self.station, self.want = said.station, [each for each in self.want if each != "station"]
        elif said.place:
            self.station = None
        if said.at is not None:
            self.at, self.day = said.at.isoformat(), None
        elif said.day is not None:
            self.day = said.day.isoformat()
        self.full = self.full or said.full
        self.place = said.place
        self.bare, self.unknown = list(said.bare), list(said.unknown)

    def move(self, station: Station) -> None:
        """Set the station; sums follow its currency, whose coins may be smaller or larger."""
        before, after = get_currency_precision(self.currency), get_currency_precision(station.currency)
        if self.amount is not None and before != after:
            self.amount = int(Decimal(self.amount).scaleb(after - before))
        self.station, self.currency = station.id, station.currency
        self.want = [each for each in self.want if each != "station"]
        self.place = ""

    def settled(self, kind: str) -> str:
        """The numbers without a unit, said again with one; of two, the other is then known as well."""
        other = {"litres": "amount", "amount": "litres"}.get(kind, "")
        said = zip(self.bare, (kind, other), strict=False)
        return " ".join(f"{number}L" if name == "litres" else f"{name} {number}" for number, name in said)


def begin(ask: Ask, *, want: list[str], station: Station | None) -> Draft:
    return Draft(
        id=secrets.token_hex(4),
        started=ask.now.isoformat(),
        at=_spoken_at(ask).isoformat(),
        currency=station.currency if station else ask.house.currency,
        want=want,
        station=station.id if station else None,
    )


def of(ask: Ask) -> Draft | None:
    """The draft in the talk; None when there is none, or when it is older than a day."""
    if not ask.step.startswith("fillup.") or "started" not in ask.data:
        return None
    draft = Draft(**ask.data)
    fresh = ask.now - datetime.fromisoformat(draft.started) <= GOOD_FOR
    return draft if fresh else None


def read(ask: Ask, text: str, station: Station | None) -> Said:
    """One line, read at a station; when it names another one, in that one's currency and zone."""
    names = stations.spellings(ask)
    said = _read(ask, text, station, names)
    if said.station is not None and (station is None or said.station != station.id):
        said = _read(ask, text, ask.session.get_one(Station, said.station), names)
    return said


def _read(ask: Ask, text: str, station: Station | None, names: dict[str, int]) -> Said:
    return parse(
        text,
        now=_spoken_at(ask),
        currency=station.currency if station else ask.house.currency,
        zone=ZoneInfo(station.timezone if station else ask.house.timezone),
        stations=names,
    )


def _spoken_at(ask: Ask) -> datetime:
    """When it was said: the bot may have been away since. Never later than now."""
    message: Any = ask.incoming.message
    said = message.date if message is not None else ask.now
    return min(said, ask.now) if abs(ask.now - said) <= GOOD_FOR else ask.now
